// A temporary directory and programs in it.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "engine/docker/config.hpp"

namespace peelbox::test {

class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "peelbox-docker-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  /// A shell script that can be run.
  void script(const std::string& name, const std::string& body) const {
    write(name, "#!/bin/sh\n" + body + "\n");
    ::chmod(file(name).c_str(), 0755);
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

/// PATH with `directory` in front while this lives.
class path_with {
 public:
  explicit path_with(const std::string& directory) : before_(std::getenv("PATH") ? std::getenv("PATH") : "") {
    ::setenv("PATH", (directory + ":" + before_).c_str(), 1);
  }
  ~path_with() { ::setenv("PATH", before_.c_str(), 1); }
  path_with(const path_with&) = delete;
  path_with& operator=(const path_with&) = delete;

 private:
  std::string before_;
};

}  // namespace peelbox::test
