# How everything is compiled: packages, flags, and the functions that every CMakeLists.txt uses.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

option(FINALMILE_FUZZ "build the libFuzzer targets (Clang only)" OFF)
option(FINALMILE_PRECOMPILE "parse the headers that most files include once; OFF finds a file that misses one" OFF)
set(FINALMILE_SANITIZE "" CACHE STRING "value of -fsanitize= for our own code, for example address,undefined")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks of those who precompile headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Boost REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(LIBICAL REQUIRED IMPORTED_TARGET libical)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(MD4C REQUIRED IMPORTED_TARGET md4c)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_library(LIBSTEMMER stemmer REQUIRED)
include(GoogleTest)
enable_testing()

# What every target of ours is compiled with. Generated code gets only the language level. A project that uses the
# libraries of a build has it from there.
if(NOT TARGET finalmile_options)
  add_library(finalmile_options INTERFACE)
  target_include_directories(finalmile_options INTERFACE ${PROJECT_SOURCE_DIR})
  # Headers are precompiled only with what all are compiled with: fmt, and what hiredis and gRPC ask for.
  target_link_libraries(finalmile_options INTERFACE fmt::fmt)
  target_compile_options(finalmile_options INTERFACE -pthread)
  target_compile_definitions(finalmile_options INTERFACE _FILE_OFFSET_BITS=64)
  # False alarms of g++ 12 on std::string at -O2 (GCC bug 105651); of what is precompiled it forgets that it is a
  # system header.
  target_compile_options(finalmile_options INTERFACE -Wall -Wextra -Werror
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>)
  if(FINALMILE_SANITIZE)
    target_compile_options(finalmile_options INTERFACE -fsanitize=${FINALMILE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(finalmile_options INTERFACE -fsanitize=${FINALMILE_SANITIZE})
    # g++ 12 takes what a sanitizer leaves of std::optional for uninitialised.
    target_compile_options(finalmile_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
  if(FINALMILE_FUZZ)
    target_compile_options(finalmile_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
  endif()
endif()

# A test's own code runs once: a quarter of its compile time is worth more than its speed.
set(test_options $<$<CONFIG:Release>:-O1>)

# The headers that most files include, once for tests and once for all else.
if(FINALMILE_PRECOMPILE)
  set(headers <algorithm> <atomic> <cmath> <cstdint> <functional> <map> <memory> <mutex> <optional> <set> <span>
              <string> <string_view> <thread> <utility> <vector> <absl/status/status.h> <absl/status/statusor.h>
              <absl/time/time.h> <fmt/format.h>)
  file(CONFIGURE OUTPUT precompiled.cc CONTENT "")
  add_library(precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(precompiled PRIVATE finalmile_options absl::statusor absl::time)
  target_precompile_headers(precompiled PRIVATE ${headers})
  add_library(precompiled_for_tests OBJECT ${PROJECT_BINARY_DIR}/precompiled.cc)
  target_link_libraries(precompiled_for_tests PRIVATE finalmile_options absl::statusor absl::time GTest::gmock_main)
  target_compile_options(precompiled_for_tests PRIVATE ${test_options})
  target_precompile_headers(precompiled_for_tests PRIVATE ${headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# finalmile_compile(NAME [SUFFIX _for_tests]): compiles a target as ours.
function(finalmile_compile name)
  cmake_parse_arguments(ARG "" "SUFFIX" "" ${ARGN})
  target_link_libraries(${name} PRIVATE finalmile_options)
  if(FINALMILE_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM precompiled${ARG_SUFFIX})
  endif()
endfunction()

# finalmile_library(NAME SOURCES a.cc b.cc PUBLIC dep… PRIVATE dep… TESTS a_test.cc TEST_DEPS dep… TEST_LABELS label…)
#
# One static library per folder, named after it (libs/storage -> storage), and one test program NAME_test that
# holds the unit tests standing beside the code. Sources are listed, never globbed.
function(finalmile_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE;TESTS;TEST_DEPS;TEST_LABELS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    finalmile_compile(${name})
    target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_PUBLIC})
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
  endif()
  set_property(GLOBAL APPEND PROPERTY FINALMILE_LIBRARIES ${name})
  if(ARG_TESTS)
    finalmile_test(${name}_test SOURCES ${ARG_TESTS} DEPS ${name} ${ARG_TEST_DEPS} LABELS ${ARG_TEST_LABELS})
  endif()
endfunction()

# finalmile_test(NAME SOURCES a_test.cc DEPS dep… [LABELS kafka postgres threads …] [TIMEOUT seconds])
#
# The label `threads` adds it to what `make tsan` runs, the target thread_tests.
#
# A GoogleTest program, one CTest entry (its cases share a process and thereby their fixtures' servers).
function(finalmile_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300) # it ends a test that hangs, on a machine that is busy with other things too
  endif()
  add_executable(${name} ${ARG_SOURCES})
  finalmile_compile(${name} SUFFIX _for_tests)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main)
  target_compile_options(${name} PRIVATE ${test_options})
  if("threads" IN_LIST ARG_LABELS)
    if(NOT TARGET thread_tests)
      add_custom_target(thread_tests)
    endif()
    add_dependencies(thread_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(FINALMILE_SANITIZE) # programs run some times slower then
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
      "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/deploy/sanitize/leaks.txt;TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/deploy/sanitize/races.txt")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# finalmile_program(NAME SOURCES a.cc b.cc DEPS dep…)
function(finalmile_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  finalmile_compile(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# finalmile_service(NAME): the program finalmile-NAME of the library NAME, a service whose wiring.h has kModule; the
# target is finalmile_NAME, and `programs` is all of them. It is a link to the program finalmile, which holds every
# service and runs the one whose name it is called by.
if(NOT TARGET programs)
  add_custom_target(programs)
endif()
function(finalmile_service name)
  set(link ${CMAKE_CURRENT_BINARY_DIR}/finalmile-${name})
  add_custom_command(OUTPUT ${link}
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:finalmile> ${link} VERBATIM)
  add_custom_target(finalmile_${name} ALL DEPENDS ${link})
  add_dependencies(finalmile_${name} finalmile)
  add_dependencies(programs finalmile_${name})
  set_target_properties(finalmile_${name} PROPERTIES PROGRAM ${link})
  install(CODE "file(CREATE_LINK finalmile \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/bin/finalmile-${name}\" SYMBOLIC)")
endfunction()

# finalmile_starts(TARGET SERVICE…): the programs of these services are made before TARGET, whose code has the path of
# each in the macro FINALMILE_SERVICE_BINARY.
function(finalmile_starts target)
  foreach(service ${ARGN})
    string(TOUPPER ${service} macro)
    get_target_property(program finalmile_${service} PROGRAM)
    target_compile_definitions(${target} PRIVATE FINALMILE_${macro}_BINARY="${program}")
    add_dependencies(${target} finalmile_${service})
  endforeach()
endfunction()

# finalmile_proto(NAME [ROOT folder] FILES a.proto … PUBLIC dep…): one library of generated messages; files are relative
# to the folder, by default this one. No gRPC stubs are generated: servers and clients are driven by descriptors
# (libs/rpc).
function(finalmile_proto name)
  if(TARGET ${name}) # by a build whose libraries are used
    return()
  endif()
  cmake_parse_arguments(ARG "" "ROOT" "FILES;PUBLIC" ${ARGN})
  set(root ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_ROOT})
  set(sources)
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${stem}.pb.cc ${CMAKE_CURRENT_BINARY_DIR}/${stem}.pb.h)
    add_custom_command(OUTPUT ${out}
      COMMAND protobuf::protoc --cpp_out=${CMAKE_CURRENT_BINARY_DIR} -I${root} -I${PROJECT_SOURCE_DIR}/proto ${root}/${file}
      DEPENDS ${root}/${file} VERBATIM)
    list(APPEND sources ${out})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${ARG_PUBLIC})
  set_property(GLOBAL APPEND PROPERTY FINALMILE_LIBRARIES ${name})
endfunction()
