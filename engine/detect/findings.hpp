// Findings and contests: what is known of a field, from several places, until one function decides.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::detect {

/// How sure a decision is: a manifest says so; a convention says so; nothing better was found.
enum class confidence { certain, likely, guess };
std::string_view to_string(confidence how) noexcept;

/// Where a finding comes from, the weakest first: what the framework does when it is told nothing, a habit of the
/// ecosystem, the text of the program, a file that puts it into operation (Dockerfile, compose), and a file in which
/// somebody configured just this (Procfile, a start script, application.properties).
enum class rank { framework, convention, source, deployment, configured };

template <class T>
struct finding {
  T value;
  rank of = rank::framework;
  std::string from;
  confidence how = confidence::likely;
};

/// The findings of one field. The highest rank wins, and among equals the one that was found first.
template <class T>
class contest {
 public:
  void add(finding<T> found) { all_.push_back(std::move(found)); }
  bool empty() const noexcept { return all_.empty(); }
  const std::vector<finding<T>>& all() const noexcept { return all_; }
  /// Values may be written in other words; ranks stay.
  std::vector<finding<T>>& all() noexcept { return all_; }
  const finding<T>* winner() const {
    const finding<T>* best = nullptr;
    for (const finding<T>& f : all_)
      if (!best || f.of > best->of) best = &f;
    return best;
  }

 private:
  std::vector<finding<T>> all_;
};

}  // namespace peelbox::detect
