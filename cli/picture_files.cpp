#include "cli/picture_files.hpp"

#include <chrono>
#include <utility>

#include "engine/progress/pictures.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

namespace {

result<std::unique_ptr<session::output_file>> open_one(const char* flag, const std::string& path) {
  if (path.empty()) return std::unique_ptr<session::output_file>();
  auto file = session::output_file::create(path);
  if (file.has_error()) return file.error().in(flag);
  return file;
}

result<void> write_one(const char* flag, session::output_file* file, std::string_view text) {
  if (file == nullptr) return {};
  result<void> done = file->write(text);
  if (done.has_value()) done = file->commit();
  return done.has_error() ? done.error().in(flag) : done;
}

}  // namespace

result<std::shared_ptr<picture_files>> picture_files::open(const std::string& timeline, const std::string& trace) {
  if (timeline.empty() && trace.empty()) return std::shared_ptr<picture_files>();
  const auto now = std::chrono::time_point_cast<progress::duration>(std::chrono::system_clock::now());
  std::shared_ptr<picture_files> files(new picture_files(now));
  auto page = open_one("--timeline", timeline);
  if (page.has_error()) return page.error();
  auto events = open_one("--trace", trace);
  if (events.has_error()) return events.error();
  files->timeline_ = std::move(*page);
  files->trace_ = std::move(*events);
  return files;
}

void picture_files::update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) {
  record_.add(events, picture, now);
}

void picture_files::finish(const progress::trace& picture, progress::wall_time now) {
  record_.add(progress::batch(), picture, now);
  picture_ = record_.finish(picture, "", "", now);
}

result<void> picture_files::write(const std::string& title, const std::string& error) {
  if (!picture_) return {};
  picture_->title = progress::sanitize_line(title);
  picture_->error = progress::sanitize(error);
  result<void> page = write_one("--timeline", timeline_.get(), timeline_ ? progress::timeline_html(*picture_) : "");
  result<void> events = write_one("--trace", trace_.get(), trace_ ? progress::chrome_trace(*picture_) : "");
  return page.has_error() ? page : events;
}

}  // namespace peelbox::cli
