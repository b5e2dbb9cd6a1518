# `cmake --install` gives the program and a CMake package: find_package(peelbox), target peelbox::peelbox_client.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY PEELBOX_LIBRARIES)
list(REMOVE_ITEM libraries peelbox_cli)
install(TARGETS peelbox RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Manual pages and completions are made by the program that was just built.
set(shell_help ${PROJECT_BINARY_DIR}/shell)
add_custom_command(OUTPUT ${shell_help}/stamp DEPENDS peelbox ${CMAKE_CURRENT_LIST_DIR}/shell_help.cmake VERBATIM
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:peelbox> -DINTO=${shell_help} -P ${CMAKE_CURRENT_LIST_DIR}/shell_help.cmake)
add_custom_target(shell_help ALL DEPENDS ${shell_help}/stamp)
install(DIRECTORY ${shell_help}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${shell_help}/bash/peelbox DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${shell_help}/zsh/_peelbox DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${shell_help}/fish/peelbox.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(TARGETS ${libraries} peelbox_options EXPORT peelbox_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/peelbox)
foreach(folder engine transport h2grpc)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peelbox
          FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/gen/proto DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/peelbox
        FILES_MATCHING PATTERN "*.pb.h")
install(EXPORT peelbox_targets NAMESPACE peelbox:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/peelbox)
file(WRITE ${PROJECT_BINARY_DIR}/peelbox-config.cmake [[
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(OpenSSL)
find_dependency(Protobuf)
find_dependency(fmt)
find_dependency(simdjson)
find_dependency(tomlplusplus)
find_dependency(yaml-cpp)
find_dependency(Boost 1.81)
find_dependency(boost_json 1.81)
find_dependency(PkgConfig)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
include(${CMAKE_CURRENT_LIST_DIR}/peelbox_targets.cmake)
]])
write_basic_package_version_file(${PROJECT_BINARY_DIR}/peelbox-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/peelbox-config.cmake ${PROJECT_BINARY_DIR}/peelbox-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/peelbox)
