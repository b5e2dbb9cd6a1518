// A task that people are told to run, by a workflow of CI or a README.
#pragma once

#include <string>

#include "engine/detect/findings.hpp"

namespace peelbox::detect {

struct named_task {
  std::string runner;   ///< "make", "just", "task", "moon", "nx"
  std::string project;  ///< of moon and Nx
  std::string name;
  std::string dir;   ///< where it is run
  std::string from;  ///< the file that names it
  confidence how = confidence::guess;
};

}  // namespace peelbox::detect
