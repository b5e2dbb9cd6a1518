#include "engine/progress/log_files.hpp"

#include <fmt/format.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "engine/async/ascii.hpp"
#include "engine/async/output_place.hpp"
#include "engine/progress/renderer.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

constexpr std::size_t most_open = 64;
constexpr std::size_t longest_name = 60;

struct closer {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_ptr = std::unique_ptr<std::FILE, closer>;

class log_writer final : public log_files {
 public:
  log_writer(std::string directory, std::string main_name, file_ptr main)
      : directory_(std::move(directory)), main_name_(std::move(main_name)), main_(std::move(main)) {}

  void update(const batch& events, const trace& picture, wall_time now) override {
    if (broken_) return;
    lines_->update(events, picture, now, text_);
    flush_text();
    if (directory_.empty()) return;
    for (const log_chunk& chunk : events.logs) write_chunk(chunk, picture);
    // A step that has ended rarely prints more.
    for (const std::uint32_t i : picture.changed()) {
      if (!picture.steps()[i].finished()) continue;
      const auto found = steps_.find(&picture.steps()[i]);
      if (found != steps_.end()) close(found->second);
    }
  }

  void finish(const trace& picture, wall_time now) override {
    if (broken_) return;
    lines_->finish(picture, now, text_);
    flush_text();
    for (auto& [step, file] : steps_) close(file);
    if (std::fclose(main_.release()) != 0) fail(main_name_);
  }

  const std::optional<failure>& write_failure() const noexcept override { return broken_; }

 private:
  struct step_file {
    std::string name;
    file_ptr open;
    bool begun = false;
  };

  void flush_text() {
    if (!text_.empty() && std::fwrite(text_.data(), 1, text_.size(), main_.get()) != text_.size()) fail(main_name_);
    text_.clear();
  }

  void write_chunk(const log_chunk& chunk, const trace& picture) {
    const step* const of = picture.find(chunk.vertex);
    if (of == nullptr || broken_) return;
    step_file& file = steps_[of];
    if (!file.begun) file.name = fmt::format("{}/{:03}-{}.log", directory_, steps_.size(), file_name_part(of->name));
    if (!file.open) {
      if (open_ >= most_open)
        for (auto& [step, other] : steps_) close(other);
      file.open.reset(std::fopen(file.name.c_str(), file.begun ? "abe" : "wbe"));
      if (!file.open) return fail(file.name);
      file.begun = true;
      ++open_;
    }
    if (std::fwrite(chunk.data.data(), 1, chunk.data.size(), file.open.get()) != chunk.data.size()) fail(file.name);
  }

  void close(step_file& file) {
    if (!file.open) return;
    --open_;
    if (std::fclose(file.open.release()) != 0) fail(file.name);
  }

  void fail(const std::string& name) {
    if (broken_) return;
    broken_ = failure(errc::io, fmt::format("{}: {}", name, std::strerror(errno)));
  }

  std::string directory_;  // empty: build.log only
  std::string main_name_;
  file_ptr main_;
  std::unique_ptr<renderer> lines_ = make_plain_renderer();
  std::string text_;
  std::unordered_map<const step*, step_file> steps_;  // steps of a trace stay where they are
  std::size_t open_ = 0;
  std::optional<failure> broken_;
};

/// Written in place: somebody may read it while it grows. A descriptor that we were given is written where it stands.
result<file_ptr> open_log(const std::string& name) {
  const result<std::optional<int>> given = given_descriptor(name);
  if (given.has_error()) return given.error();
  file_ptr file;
  if (!*given) file.reset(std::fopen(name.c_str(), "wbe"));
  else if (const int own = ::fcntl(**given, F_DUPFD_CLOEXEC, 3); own >= 0) file.reset(::fdopen(own, "wb"));
  if (!file) return errno_failure(errno, "cannot write " + name);
  return file;
}

}  // namespace

std::string file_name_part(std::string_view step_name) {
  std::string out;
  for (const char c : step_name) {
    const bool keep = is_alnum(c) || (c == '.' && !out.empty());
    if (keep) out.push_back(c);
    else if (!out.empty() && out.back() != '-') out.push_back('-');
    if (out.size() == longest_name) break;
  }
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out.empty() ? "step" : out;
}

result<std::shared_ptr<log_files>> make_log_files(const std::string& target) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool directory = target.ends_with('/') || fs::is_directory(target, error);
  std::string name = target;
  std::string folder;
  if (directory) {
    folder = target;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    fs::create_directories(folder, error);
    if (error) return failure(errc::io, fmt::format("cannot make directory {}: {}", folder, error.message()));
    name = folder + "/build.log";
  }
  result<file_ptr> file = open_log(name);
  if (file.has_error()) return file.error();
  return std::shared_ptr<log_files>(std::make_shared<log_writer>(std::move(folder), std::move(name), std::move(*file)));
}

}  // namespace peelbox::progress
