// A pseudo terminal for tests.
#pragma once

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cstdlib>
#include <stdexcept>

#include "engine/async/unique_fd.hpp"

namespace peelbox::test {

/// What a program writes to `slave` can be read from `master`.
struct pseudo_terminal {
  unique_fd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  unique_fd slave;

  pseudo_terminal() {
    char name[64] = {};
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), name, sizeof name) != 0) {
      throw std::runtime_error("no pseudo terminal");
    }
    slave = unique_fd(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) throw std::runtime_error("no pseudo terminal");
  }

  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    if (::ioctl(slave.get(), TIOCSWINSZ, &size) != 0) throw std::runtime_error("no size");
  }

  /// Bytes go through in both directions as they are.
  void make_raw() const {
    termios how{};
    if (::tcgetattr(slave.get(), &how) != 0) throw std::runtime_error("no terminal settings");
    ::cfmakeraw(&how);
    if (::tcsetattr(slave.get(), TCSANOW, &how) != 0) throw std::runtime_error("no terminal settings");
  }
};

}  // namespace peelbox::test
