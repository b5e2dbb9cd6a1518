# Writes the source behind cli/version.hpp when number or commit have changed:
# cmake -DVERSION=… -DCOMMIT=… -DROOT=<checkout> -DINTO=… -P version.cmake
if(NOT COMMIT AND EXISTS ${ROOT}/.git)
  find_program(GIT git)
  if(GIT)
    # Without the lock, because somebody may commit while this builds.
    execute_process(COMMAND ${GIT} --no-optional-locks -C ${ROOT} describe --always --exclude=* --abbrev=12 --dirty=+
                    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
file(CONFIGURE OUTPUT ${INTO} @ONLY CONTENT [[
#include "cli/version.hpp"

namespace peelbox::cli {

std::string_view version_number() noexcept { return "@VERSION@"; }
std::string_view version_commit() noexcept { return "@COMMIT@"; }

std::string version_text() {
  std::string text("peelbox ");
  text += version_number();
  if (!version_commit().empty()) text.append(" (").append(version_commit()).append(")");
  return text;
}

}  // namespace peelbox::cli
]])
