// --timeline and --trace: a build as files, also one that failed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/progress/build_record.hpp"
#include "engine/progress/listener.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

/// Opens its files before the build, so that a wrong name is reported at once. A file appears when it is complete.
class picture_files final : public progress::listener {
 public:
  /// An empty name means no such picture; nullptr when both are empty.
  static result<std::shared_ptr<picture_files>> open(const std::string& timeline, const std::string& trace);

  void update(const progress::batch& events, const progress::trace& picture, progress::wall_time now) override;
  void finish(const progress::trace& picture, progress::wall_time now) override;

  /// Call it after the build; `error` is empty when that succeeded. Writes nothing if the build was never shown.
  result<void> write(const std::string& title, const std::string& error);

 private:
  explicit picture_files(progress::wall_time began) : record_(began) {}

  progress::build_record record_;
  std::optional<progress::build_picture> picture_;
  std::unique_ptr<session::output_file> timeline_;
  std::unique_ptr<session::output_file> trace_;
};

}  // namespace peelbox::cli
