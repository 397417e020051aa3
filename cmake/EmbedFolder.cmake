# Writes the text files NAMES (separated by commas) of FOLDER into OUTPUT, as an array of
# {name, text} called NAMESPACE::kFiles with kFileCount elements: cmake -D… -P EmbedFolder.cmake
string(REPLACE "," ";" names "${NAMES}")
set(entries "")
set(count 0)
foreach(name ${names})
  file(READ ${FOLDER}/${name} text)
  # Adjacent literals keep each below the compiler's bound.
  string(REGEX REPLACE "(\n)" "\\1)martlet\"\nR\"martlet(" text "${text}")
  string(APPEND entries "{\"${name}\", R\"martlet(${text})martlet\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include <cstddef>\n#include <string_view>\n#include <utility>\n
namespace ${NAMESPACE} {
extern const std::pair<std::string_view, std::string_view> kFiles[];
extern const std::size_t kFileCount;
const std::pair<std::string_view, std::string_view> kFiles[] = {\n${entries}};
const std::size_t kFileCount = ${count};
}\n")
