# peelbox_pkg_config(NAME DESCRIPTION TARGET REQUIRES LIBS): NAME.pc for TARGET and the archives of ours behind it. They are
# archives only, so what they need is always linked (Libs, Requires) and not in the private fields.

# Appends `target` in front of what it links, so that the result is in an order for the linker.
function(peelbox_archives_of result target)
  set(found ${${result}})
  get_target_property(links ${target} LINK_LIBRARIES)
  list(REVERSE links)
  foreach(link ${links})
    if(link MATCHES "^peelbox_" AND TARGET ${link})
      get_target_property(type ${link} TYPE)
      if(type STREQUAL "STATIC_LIBRARY" AND NOT link IN_LIST found)
        peelbox_archives_of(found ${link})
      endif()
    endif()
  endforeach()
  list(PREPEND found ${target})
  set(${result} ${found} PARENT_SCOPE)
endfunction()

function(peelbox_pkg_config name description target requires libs)
  peelbox_archives_of(archives ${target})
  list(TRANSFORM archives PREPEND "-l")
  list(JOIN archives " " archives)
  # What code of ours has to be compiled with, as peelbox_options says it.
  get_target_property(definitions peelbox_options INTERFACE_COMPILE_DEFINITIONS)
  list(TRANSFORM definitions PREPEND "-D")
  list(JOIN definitions " " definitions)
  # Relative, so that the files may be moved and installed elsewhere.
  file(RELATIVE_PATH up /root/${CMAKE_INSTALL_LIBDIR}/pkgconfig /root)
  string(REGEX REPLACE "/$" "" up ${up})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.pc @ONLY CONTENT [[
prefix=${pcfiledir}/@up@
libdir=${prefix}/@CMAKE_INSTALL_LIBDIR@/peelbox
includedir=${prefix}/@CMAKE_INSTALL_INCLUDEDIR@/peelbox

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Requires: @requires@
Cflags: -std=c++20 -pthread -I${includedir} @definitions@
Libs: -L${libdir} @archives@ @libs@
]])
endfunction()
