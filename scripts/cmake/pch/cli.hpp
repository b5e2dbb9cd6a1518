// Parsed once for the command line.
#pragma once

#include "library.hpp"

#include <CLI/App.hpp>
