// Detection in a directory on disk, as the command does it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/detect/detect.hpp"
#include "engine/detect/scan.hpp"
#include "engine/filesync/context_filter.hpp"

namespace peelbox::detect {

inline result<detection> detect_directory(const std::string& root, const options& how = {}, unsigned threads = 3) {
  filesync::context_source source;
  source.root = root;
  source.gitignore = true;
  source.dockerignore = ".dockerignore";
  auto opened = filesync::open_context(source, {});
  if (opened.has_error()) return opened.error();
  scan_options scanning;
  scanning.threads = threads;
  auto files = scan(opened->tree, opened->rules, scanning);
  if (files.has_error()) return files.error();
  return detect(*files, how);
}

}  // namespace peelbox::detect
