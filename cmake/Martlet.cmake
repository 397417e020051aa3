# How a room of the house becomes targets. Each folder under src/ is one static library
# `martlet_<folder>` that links only the rooms it may include (tools/layers.txt says the same to
# the lint), plus one test executable a `*_test.cc` file.

# Designated initialisers leave out what has a default, on purpose.
set(MARTLET_WARNINGS -Wall -Wextra -Wno-missing-field-initializers -Wshadow=local -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wimplicit-fallthrough -Wswitch-enum -Werror)

if(MARTLET_SANITIZE)
  add_compile_options(-fsanitize=${MARTLET_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MARTLET_SANITIZE})
endif()

# Instrumented for libFuzzer (preset fuzz, clang): only the fuzz targets are meant to be built so.
option(MARTLET_FUZZ "Instrument for libFuzzer under ASan and UBSan" OFF)
if(MARTLET_FUZZ)
  # Its warnings are not g++'s.
  set(MARTLET_WARNINGS -Wall -Wextra -Wno-missing-field-initializers)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

find_program(MARTLET_MOLD mold)
if(MARTLET_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# ccache shares results between checkouts: paths are made relative to the source tree.
find_program(MARTLET_CCACHE ccache)
if(MARTLET_CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_MAXSIZE=6G ${MARTLET_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# martlet_library(<room> SOURCES … LINKS … [SYSTEM_LINKS …])
function(martlet_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(martlet_${room} STATIC ${ARG_SOURCES})
  target_include_directories(martlet_${room} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(martlet_${room} PRIVATE ${MARTLET_WARNINGS})
  target_compile_definitions(martlet_${room} PUBLIC
    MARTLET_SIMULATION=$<BOOL:${MARTLET_SIMULATION}>)
  target_link_libraries(martlet_${room} PUBLIC ${ARG_LINKS})
endfunction()

# martlet_header_check(LINKS …): the target `header_check` compiles every header under src alone, as the
# first line of a source of its own and twice, so that each includes what it needs. It is no part of
# an ordinary build; ccache keeps what did not change.
function(martlet_header_check)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE headers RELATIVE ${CMAKE_SOURCE_DIR}/src CONFIGURE_DEPENDS
       ${CMAKE_SOURCE_DIR}/src/*.h)
  set(sources)
  foreach(header ${headers})
    set(source ${CMAKE_BINARY_DIR}/header_check/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(header_check OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(header_check PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(header_check PRIVATE ${MARTLET_WARNINGS} -O0 -g0)
  target_link_libraries(header_check PRIVATE ${ARG_LINKS})
endfunction()

# martlet_test(<name> [SOURCES …] LINKS … [LABELS …]): name.cc is implied; ctest runs it whole.
function(martlet_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${name}.cc ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(${name} PRIVATE ${MARTLET_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "unit;${ARG_LABELS}")
endfunction()
