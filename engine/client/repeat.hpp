// When a build that lost its daemon is tried again. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/client/build.hpp"

namespace peelbox::client {

/// Where an output goes that cannot be taken back, because part of it has been written: a pipe, or somebody else's consumer.
/// std::nullopt when everything may be asked for again. Files are begun anew, directories get the same files again, and images are
/// pushed and loaded under the same names.
std::optional<std::string> spoilt_output(const build_options& options);

/// Counts the tries of one build.
class repetition {
 public:
  explicit repetition(unsigned most) : most_(most) {}

  /// How long to wait before another try, after one that ended like this; std::nullopt: there is none. Only a daemon that was lost
  /// in the middle of a build is asked again, and from then on also one that cannot be reached. The first wait is 1 s, each is twice
  /// as long as the one before, and none is longer than 30 s; `jitter` from 0 to 1 takes up to a half off, so that many builds do not
  /// come back at the same moment.
  std::optional<std::chrono::milliseconds> next(const result<build_outcome>& ended, double jitter);

  /// Tries after the first one.
  unsigned made() const noexcept { return made_; }
  /// Why the daemon was lost the last time.
  const failure& last() const noexcept { return *last_; }
  /// How the build ended after the last try: what was lost is errc::lost, and says how the first try ended and how the last one.
  result<build_outcome> settle(result<build_outcome> ended) const;

 private:
  std::optional<failure> loss(const result<build_outcome>& ended) const;
  failure told(const failure& why) const;

  unsigned most_;
  unsigned made_ = 0;
  std::optional<failure> first_;
  std::optional<failure> last_;
};

}  // namespace peelbox::client
