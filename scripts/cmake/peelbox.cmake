# Compiler settings, and the two functions that every folder uses.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# For compile time: a large file takes 7.2 s instead of 11.1 s with -O3. Run time with -O3 was not compared. What runs
# once for a build is compiled with -O1 (ONCE below), tests without optimization.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC's collector would look through the precompiled headers' declarations again and again: in a file it frees next to
  # nothing, and costs a fifth of the time. In kB; the largest unit of a whole checkout takes 1.3 GB, with
  # AddressSanitizer 2.1.
  add_compile_options(--param=ggc-min-heapsize=2000000)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache needs the first to cache files that use precompiled headers. With the others, checkouts in different folders
  # share what is cached.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# Half of the CPU time of a small build went into loading thirteen shared libraries and binding their symbols
# (docs/performance.md), so archives are preferred where the system has them. Sanitized and debug builds keep the shared
# ones, which link faster.
set(static_default OFF)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PEELBOX_SANITIZE)
  set(static_default ON)
endif()
option(PEELBOX_PORTABLE "Link a program that needs glibc alone; scripts/release.sh makes the archives that Debian has not" OFF)
if(PEELBOX_PORTABLE)
  set(static_default ON)
  add_link_options(-static-libstdc++ -static-libgcc)
endif()
option(PEELBOX_STATIC_LIBRARIES "Link third-party archives instead of shared libraries where they exist" ${static_default})
if(PEELBOX_STATIC_LIBRARIES)
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(Protobuf_USE_STATIC_LIBS ON)
  set(Boost_USE_STATIC_LIBS ON)
  set(ZLIB_USE_STATIC_LIBS ON)
endif()

# peelbox_prefer_archive(TARGET NAME): TARGET, whose package knows only the shared library, links libNAME.a if it exists.
function(peelbox_prefer_archive target name)
  if(NOT PEELBOX_STATIC_LIBRARIES)
    return()
  endif()
  find_library(PEELBOX_ARCHIVE_${name} NAMES lib${name}.a)
  mark_as_advanced(PEELBOX_ARCHIVE_${name})
  if(NOT PEELBOX_ARCHIVE_${name})
    if(PEELBOX_PORTABLE)
      message(FATAL_ERROR "lib${name}.a is missing: scripts/release.sh makes it and says with CMAKE_LIBRARY_PATH where it is")
    endif()
    return()
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES ${PEELBOX_ARCHIVE_${name}})
    return()
  endif()
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${PEELBOX_ARCHIVE_${name}})
  get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
  foreach(configuration IN LISTS configurations)
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_${configuration} ${PEELBOX_ARCHIVE_${name}})
  endforeach()
endfunction()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
# Debian's plain Boost is 1.74; the versioned 1.81 package installs its own CMake configuration.
find_package(Boost 1.81 REQUIRED)
find_package(boost_json 1.81 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
peelbox_prefer_archive(PkgConfig::NGHTTP2 nghttp2)
peelbox_prefer_archive(yaml-cpp yaml-cpp)
peelbox_prefer_archive(fmt::fmt fmt)
peelbox_prefer_archive(simdjson::simdjson simdjson)

add_library(peelbox_options INTERFACE)
target_include_directories(peelbox_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                     $<INSTALL_INTERFACE:include/peelbox>)
target_compile_definitions(peelbox_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ALL_NO_LIB BOOST_ERROR_CODE_HEADER_ONLY)

# Warnings are for our own code only and are not part of what an installed package asks of its users.
add_library(peelbox_warnings INTERFACE)
target_compile_options(peelbox_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion)
if(PEELBOX_WERROR)
  target_compile_options(peelbox_warnings INTERFACE -Werror)
endif()
if(CMAKE_UNITY_BUILD)
  # Files in a unit: with 20 instead of 8 the client's folder takes a quarter less time.
  if(NOT DEFINED CMAKE_UNITY_BUILD_BATCH_SIZE)
    set(CMAKE_UNITY_BUILD_BATCH_SIZE 20)
  endif()
  # What one file names is no business of the next: these warnings are for files that are compiled one by one.
  target_compile_options(peelbox_warnings INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside Boost and coroutine frames when it inlines across library code.
  target_compile_options(peelbox_warnings INTERFACE
    -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread -Wno-restrict)
endif()

if(PEELBOX_SANITIZE)
  add_compile_options(-fsanitize=${PEELBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PEELBOX_SANITIZE})
  if(PEELBOX_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio uses std::atomic_thread_fence, which TSan does not model; GCC warns about it.
    add_compile_options(-Wno-tsan)
  endif()
  # The undefined-behaviour sanitizer describes every check by pointers: a third of a program is their relocations.
  include(CheckLinkerFlag)
  check_linker_flag(CXX -Wl,-z,pack-relative-relocs PEELBOX_PACKED_RELOCATIONS)
  if(PEELBOX_PACKED_RELOCATIONS)
    add_link_options(-Wl,-z,pack-relative-relocs)
  endif()
endif()

# Headers that nearly every file needs are parsed once for all folders. A file still includes what it uses: the fuzz
# preset builds without this. Code of libraries and of programs is compiled differently, so each kind has its own.
function(peelbox_precompiled_headers name kind header)
  set(source ${PROJECT_BINARY_DIR}/pch/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${source})
  target_precompile_headers(${name} PRIVATE ${header})
  target_link_libraries(${name} PRIVATE peelbox_options Boost::headers Threads::Threads fmt::fmt ${ARGN})
  if(kind STREQUAL "TESTS")
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIE -O0)
  endif()
endfunction()

if(PEELBOX_PCH)
  set(PCH_HEADERS ${PROJECT_SOURCE_DIR}/scripts/cmake/pch)
  peelbox_precompiled_headers(peelbox_pch LIBRARIES ${PCH_HEADERS}/library.hpp)
  if(PEELBOX_TESTS)
    find_package(GTest REQUIRED)
    peelbox_precompiled_headers(peelbox_test_pch TESTS ${PCH_HEADERS}/test.hpp GTest::gtest GTest::gmock)
  endif()
endif()

# peelbox_library(NAME [ONCE] SOURCES a.cpp … LINK public… PRIVATE_LINK private…)
# A static library of one folder; headers are included from the repository root. ONCE: its code runs once for each build
# and not for each file, packet or event, so that compile time counts more than speed.
function(peelbox_library name)
  cmake_parse_arguments(ARG "ONCE" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC peelbox_options ${ARG_LINK}
                                PRIVATE $<BUILD_INTERFACE:peelbox_warnings> ${ARG_PRIVATE_LINK})
  if(ARG_ONCE)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(TARGET peelbox_pch)
    target_precompile_headers(${name} REUSE_FROM peelbox_pch)
  endif()
  set_property(GLOBAL APPEND PROPERTY PEELBOX_LIBRARIES ${name})
endfunction()

# For programs that are compiled fast rather than run fast: tests and their helpers.
function(peelbox_compile_as_test target)
  target_compile_options(${target} PRIVATE -O0)
  if(TARGET peelbox_test_pch)
    # Precompiled headers fit only where the same macros are defined.
    target_compile_definitions(${target} PRIVATE GTEST_HAS_PTHREAD=1)
    target_precompile_headers(${target} REUSE_FROM peelbox_test_pch)
  endif()
endfunction()

# peelbox_test(NAME SOURCES a_test.cpp … LINK libraries… [LABELS unit])
# One GoogleTest program per folder; every case is a ctest of its own. With a sanitizer, where a program takes a fifth of a
# second of CPU to start, the program is.
function(peelbox_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main
                                        peelbox_options peelbox_warnings)
  peelbox_compile_as_test(${name})
  if(PEELBOX_SANITIZE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120)
  endif()
endfunction()
