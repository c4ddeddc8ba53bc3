# How every room of Busbar is compiled: one library and one program per folder, warnings are errors.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(BUSBAR_FUZZ "Build the libFuzzer targets too (needs clang)" OFF)
set(BUSBAR_SANITIZE "" CACHE STRING "Sanitizers for the whole tree, as -fsanitize= takes them")

find_program(CCACHE ccache)
if(CCACHE)
  # With precompiled headers ccache keeps nothing unless it may believe that they define what they did.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
# By hand: what pkg-config says of libzmq's includes comes out otherwise at the second configuration, and everything is built anew.
foreach(library zmq lmdb systemd simdjson)
  find_library(${library}_library ${library} REQUIRED)
  add_library(${library}::${library} UNKNOWN IMPORTED)
  set_target_properties(${library}::${library} PROPERTIES IMPORTED_LOCATION ${${library}_library})
endforeach()

# Common to every target. Asio's and Beast's heavy parts are compiled once, in bus/asio.cpp and bus/beast.cpp.
# A message with a few of its fields named is complete: the others have their defaults.
add_library(busbar_options INTERFACE)
target_compile_options(busbar_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wnull-dereference -Wformat=2 -Wno-missing-field-initializers -Werror)
target_compile_definitions(busbar_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_JSON_DYN_LINK BOOST_JSON_NO_LIB BOOST_CONTAINER_DYN_LINK BOOST_CONTAINER_NO_LIB
  BUSBAR_VERSION="${PROJECT_VERSION}")
target_include_directories(busbar_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives inside coroutine frames and optimized standard containers.
  target_compile_options(busbar_options INTERFACE -fpch-preprocess -Wno-mismatched-new-delete -Wno-null-dereference -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Our structs are completed by defaults, and ccache wants precompiled headers without the time of their making.
  target_compile_options(busbar_options INTERFACE -Wno-missing-braces "SHELL:-Xclang -fno-pch-timestamp")
endif()
if(CMAKE_UNITY_BUILD)
  # A neighbour's names are no mistake, and what is anonymous is so in a file that another includes. The dev preset shows the rest.
  target_compile_options(busbar_options INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(BUSBAR_SANITIZE)
  # At a fixed address: the tests start these programs thousands of times, and a tenth of a start would be 260,000 relocations.
  add_compile_options(-fsanitize=${BUSBAR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>>:-fno-pie>)
  add_link_options(-fsanitize=${BUSBAR_SANITIZE} $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  if(BUSBAR_SANITIZE MATCHES "undefined")
    # A quarter of the time to compile goes into these: null ends in ASan anyway, the others find little without optimisation.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      add_compile_options(-fno-sanitize=function)  # clang 14 cannot mark coroutines for it ("difference across sections")
    endif()
  endif()
  if(BUSBAR_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
endif()

# A mistake of our own stops the process, in release too: assert is never compiled out.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

# What nearly every file reads, parsed once per kind: rooms, tests, and fuzzed, which tells the fuzzer where it has been.
function(busbar_precompile name kind)
  if(NOT TARGET busbar_precompiled_${kind})
    set(stub ${CMAKE_BINARY_DIR}/generated/precompiled_${kind}.cpp)
    file(CONFIGURE OUTPUT ${stub} CONTENT "")
    add_library(busbar_precompiled_${kind} STATIC ${stub})
    target_link_libraries(busbar_precompiled_${kind} PRIVATE busbar_options busbar_schemas Boost::headers spdlog::spdlog
      Threads::Threads)
    set(headers <boost/asio/as_tuple.hpp> <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/io_context.hpp>
      <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <boost/json.hpp> <spdlog/spdlog.h> <bus/codec.hpp>)
    if(kind STREQUAL "tests")
      target_link_libraries(busbar_precompiled_${kind} PRIVATE GTest::gtest)
      target_compile_options(busbar_precompiled_${kind} PRIVATE -O0)
      list(APPEND headers <gtest/gtest.h>)
    elseif(kind STREQUAL "fuzzed")
      target_compile_options(busbar_precompiled_${kind} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    target_precompile_headers(busbar_precompiled_${kind} PRIVATE ${headers})
  endif()
  target_precompile_headers(${name} REUSE_FROM busbar_precompiled_${kind})
endfunction()

# busbar_library(name [FUZZED] SOURCES a.cpp b.cpp LIBRARIES x y)
function(busbar_library name)
  cmake_parse_arguments(arg "FUZZED" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC busbar_options ${arg_LIBRARIES})
  if(arg_FUZZED AND BUSBAR_FUZZ)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
    busbar_precompile(${name} fuzzed)
  else()
    busbar_precompile(${name} rooms)
  endif()
endfunction()

# In a unity build eight sources of a library are one, but not these: their names would meet others', or tests/planted and
# tools/bench build them again in another form beside the rest of their library.
function(busbar_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# busbar_program(name SOURCES main.cpp LIBRARIES x)
function(busbar_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE busbar_options ${arg_LIBRARIES})
  busbar_precompile(${name} rooms)
endfunction()

# busbar_unit_test(room SOURCES a_test.cpp LIBRARIES x [LABEL unit]): one GoogleTest program per room
function(busbar_unit_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE busbar_options GTest::gtest_main ${arg_LIBRARIES})
  target_compile_options(${name} PRIVATE -O0)  # what is tested is as the preset says; the tests themselves need not be fast
  busbar_precompile(${name} tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} SKIP_REGULAR_EXPRESSION "^SKIPPED: " TIMEOUT 300)
endfunction()

# busbar_fuzzer(name SOURCES x_fuzz.cpp LIBRARIES y SEEDS folder)
function(busbar_fuzzer name)
  if(NOT BUSBAR_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "SEEDS" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE busbar_options ${arg_LIBRARIES})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  # What is found new goes to the first folder, and the seeds in the source tree stay as they are.
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name})
  # All are run at once, so that ten seconds are less than one of a core.
  add_test(NAME ${name} COMMAND ${name} -max_total_time=60 -timeout=10 -rss_limit_mb=2048
    ${CMAKE_CURRENT_BINARY_DIR}/corpus/${name} ${arg_SEEDS})
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 240)
endfunction()
