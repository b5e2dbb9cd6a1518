# `cmake --install` gives the program (component `program`) and the library (component `development`): a CMake package,
# find_package(peelbox COMPONENTS client detect kubernetes), and the same for pkg-config: peelbox.pc, peelbox-detect.pc, peelbox-kubernetes.pc.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/pkg_config.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)

set(program COMPONENT program)
set(development COMPONENT development)

install(TARGETS peelbox RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} ${program})
# Manual pages and completions are made by the program that was just built.
set(shell_help ${PROJECT_BINARY_DIR}/shell)
add_custom_command(OUTPUT ${shell_help}/stamp DEPENDS peelbox ${CMAKE_CURRENT_LIST_DIR}/shell_help.cmake VERBATIM
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:peelbox> -DINTO=${shell_help} -P ${CMAKE_CURRENT_LIST_DIR}/shell_help.cmake)
add_custom_target(shell_help ALL DEPENDS ${shell_help}/stamp)
install(DIRECTORY ${shell_help}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} ${program})
install(FILES ${shell_help}/bash/peelbox DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions ${program})
install(FILES ${shell_help}/zsh/_peelbox DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions ${program})
install(FILES ${shell_help}/fish/peelbox.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d ${program})

get_property(libraries GLOBAL PROPERTY PEELBOX_LIBRARIES)
list(REMOVE_ITEM libraries peelbox_cli)
install(TARGETS ${libraries} peelbox_options EXPORT peelbox_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/peelbox ${development})
peelbox_public_closure(headers ${PROJECT_SOURCE_DIR})
foreach(header ${headers})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peelbox/${folder} ${development})
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/gen/proto DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peelbox ${development}
        FILES_MATCHING PATTERN "*.pb.h")

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/peelbox)
install(EXPORT peelbox_targets NAMESPACE peelbox:: DESTINATION ${package} ${development})
file(WRITE ${PROJECT_BINARY_DIR}/peelbox-config.cmake.in [[
@PACKAGE_INIT@
# Components: `client` (target peelbox::peelbox_client; also without any), `detect` (peelbox::peelbox_detect) and `kubernetes`
# (peelbox::peelbox_kubernetes).
include(CMakeFindDependencyMacro)
foreach(component ${peelbox_FIND_COMPONENTS})
  if(component MATCHES "^(client|detect|kubernetes)$")
    set(peelbox_${component}_FOUND TRUE)
  endif()
endforeach()
find_dependency(Threads)
find_dependency(OpenSSL)
find_dependency(Protobuf)
find_dependency(fmt)
find_dependency(Boost 1.81)
find_dependency(boost_json 1.81)
find_dependency(PkgConfig)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
if("detect" IN_LIST peelbox_FIND_COMPONENTS)
  find_dependency(simdjson)
  find_dependency(ZLIB)
endif()
if("detect" IN_LIST peelbox_FIND_COMPONENTS OR "kubernetes" IN_LIST peelbox_FIND_COMPONENTS)
  find_dependency(yaml-cpp)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/peelbox_targets.cmake)
check_required_components(peelbox)
]])
configure_package_config_file(${PROJECT_BINARY_DIR}/peelbox-config.cmake.in ${PROJECT_BINARY_DIR}/peelbox-config.cmake
                              INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/peelbox-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/peelbox-config.cmake ${PROJECT_BINARY_DIR}/peelbox-config-version.cmake
        DESTINATION ${package} ${development})

# Boost has no .pc files; its JSON library is the one that is linked.
peelbox_pkg_config(peelbox "Client for BuildKit: graphs, contexts, builds, progress" peelbox_client
                   "openssl protobuf-lite fmt libnghttp2" "-lboost_json -pthread")
peelbox_pkg_config(peelbox-detect "From a repository to build specs" peelbox_detect
                   "openssl protobuf-lite fmt simdjson yaml-cpp zlib" "-lboost_json -pthread")
peelbox_pkg_config(peelbox-kubernetes "kube-pod:// for the client for BuildKit" peelbox_kubernetes
                   "openssl fmt yaml-cpp" "-lboost_json -pthread")
install(FILES ${PROJECT_BINARY_DIR}/peelbox.pc ${PROJECT_BINARY_DIR}/peelbox-detect.pc ${PROJECT_BINARY_DIR}/peelbox-kubernetes.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig ${development})
