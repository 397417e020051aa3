# Writes INPUT as a C++ string constant NAMESPACE::NAME into OUTPUT: cmake -D… -P EmbedText.cmake
file(READ ${INPUT} text)
# Adjacent literals keep each below the compiler's bound.
string(REGEX REPLACE "(\n)" "\\1)martlet\"\nR\"martlet(" text "${text}")
file(WRITE ${OUTPUT} "namespace ${NAMESPACE} {\nextern const char* const ${NAME};\nconst char* const ${NAME} = R\"martlet(${text})martlet\";\n}\n")
