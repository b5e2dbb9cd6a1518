#include "cli/bench/workload.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/async/closest.hpp"
#include "engine/llb/definition.hpp"
#include "engine/llb/state.hpp"

namespace peelbox::cli::bench {

namespace {

constexpr std::string_view parallel_prefix = "parallel-";

std::string plain_bytes(std::uint64_t bytes) {
  if (bytes >= (1 << 20) && bytes % (1 << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  return fmt::format("{} bytes", bytes);
}

}  // namespace

std::vector<std::string> default_workloads() {
  return {"trivial", "unchanged", "changed", "small-files", "large-file", "export", "parallel-16", "round-trip"};
}

std::vector<std::string> known_workloads() {
  return {"trivial", "unchanged", "changed", "small-files", "large-file", "export", "parallel-N", "round-trip"};
}

result<workload> make_workload(std::string_view name, const sizes& size) {
  workload made;
  made.name = name;
  const auto many = [&] {
    made.files = size.files;
    made.file_size = 4000;
  };
  const auto large = [&] { made.file_size = size.large; };
  if (name == "trivial") {
    made.kind = task_kind::copy;
    made.what = "one small file, everything cached";
  } else if (name == "unchanged") {
    many();
    made.what = fmt::format("{} files of 4 kB of which nothing changed", size.files);
  } else if (name == "changed") {
    many();
    made.context = novelty::some;
    made.what = fmt::format("{} files of 4 kB, one in a hundred written anew", size.files);
  } else if (name == "small-files") {
    many();
    made.context = novelty::all;
    made.what = fmt::format("first transfer of {} files of 4 kB", size.files);
  } else if (name == "large-file") {
    large();
    made.context = novelty::all;
    made.what = "first transfer of one file of " + plain_bytes(size.large);
  } else if (name == "export") {
    large();
    made.kind = task_kind::export_;
    made.what = "a cached layer of " + plain_bytes(size.large) + " into an OCI archive";
  } else if (name == "round-trip") {
    made.kind = task_kind::copy;
    made.delayed = true;
    made.what = "the trivial build with a delay on its way";
  } else if (name.starts_with(parallel_prefix)) {
    const std::string_view number = name.substr(parallel_prefix.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), made.copies);
    if (error != std::errc() || end != number.data() + number.size() || made.copies < 1 || made.copies > most_copies)
      return failure(errc::usage, fmt::format("{}: how many builds at once is a number from 1 to {}, as in parallel-16", name, most_copies),
                     origin::user);
    made.kind = task_kind::copy;
    made.what = fmt::format("{} trivial builds at once, each with a tree of its own", made.copies);
  } else {
    return failure(errc::usage, fmt::format("there is no workload called {}{}. Known: {}", name, did_you_mean(name, default_workloads()), fmt::join(known_workloads(), ", ")),
                   origin::user);
  }
  return made;
}

std::string definition_of(const workload& work, std::string_view run) {
  llb::local_options options;
  options.shared_key_hint = fmt::format("peelbox-bench-{}", work.context == novelty::all || work.copies > 1 ? run : std::string_view(work.name));
  // A pattern is part of what tells sources apart, also for clients that name sessions by content.
  if (work.context == novelty::all) options.exclude_patterns.push_back(fmt::format("no-such-file-{}", run));
  const llb::state context = llb::local(source_name, options);
  llb::state built = context;
  if (work.kind == task_kind::copy || work.kind == task_kind::export_) {
    llb::copy_step all;
    all.from = context;
    all.source = "/";
    all.target = "/";
    all.contents = true;
    built = llb::file(llb::state(), {all});
  }
  const result<llb::definition> made = llb::marshal(built);
  return made.has_value() ? made->message.SerializeAsString() : std::string();
}

}  // namespace peelbox::cli::bench
