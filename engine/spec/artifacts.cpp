#include "engine/spec/artifacts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/llb/op.hpp"

namespace peelbox::spec {
namespace {

constexpr std::array<std::string_view, 27> known_directories{"/",
                                                             "/bin",
                                                             "/boot",
                                                             "/dev",
                                                             "/etc",
                                                             "/home",
                                                             "/lib",
                                                             "/lib64",
                                                             "/mnt",
                                                             "/opt",
                                                             "/root",
                                                             "/run",
                                                             "/sbin",
                                                             "/srv",
                                                             "/tmp",
                                                             "/usr",
                                                             "/usr/bin",
                                                             "/usr/lib",
                                                             "/usr/local",
                                                             "/usr/sbin",
                                                             "/usr/local/bin",
                                                             "/usr/share",
                                                             "/var",
                                                             "/usr/local/lib",
                                                             "/usr/local/sbin",
                                                             "/usr/local/share",
                                                             "/var/lib"};

bool is_known_directory(std::string_view path) {
  return std::find(known_directories.begin(), known_directories.end(), path) != known_directories.end();
}

bool ends_as_directory(std::string_view path) {
  return path.ends_with('/') || path.ends_with("/.") || path == ".";
}

}  // namespace

// The step has the exit status of the command. All entries are tried, so that one run names every entry that is
// missing. `set -- $from` with an empty IFS expands patterns and does not split at blanks;
// a path that looks like a pattern but exists as written is left alone by the shell when the pattern matches
// nothing. cp -H follows a link that is itself named, and keeps links inside directories.
const std::string_view layout_script = R"(#!/bin/sh
# Arguments: COMMAND, then FROM and NAME for each entry of runtime.copy.
if [ -n "$1" ]; then
  sh -e -c "$1" || exit
fi
shift

number=0
failed=0

complain() {
  echo "runtime.copy[$number]: $1" >&2
  failed=1
}

place() {
  from=$1
  name=$2
  out=/.peelbox/out/$number
  case $from in
    /build/?*) shown="'${from#/build/}' in /build" ;;
    *) shown="'$from'" ;;
  esac
  mkdir -p "$out" || { complain "cannot create $out"; return; }
  if [ -e "$from" ] || [ -L "$from" ]; then
    set -- "$from"
    pattern=no
  else
    IFS=
    set -- $from
    unset IFS
    pattern=yes
  fi
  if ! { [ -e "$1" ] || [ -L "$1" ]; }; then
    complain "nothing matches $shown"
    return
  fi
  target=$out
  [ -z "$name" ] || target=$out/$name

  if [ $pattern = no ] && [ -d "$1" ]; then
    mkdir -p "$target" && cp -RpH "$1/." "$target" || complain "cannot copy $shown"
  elif [ $# -eq 1 ] && [ ! -d "$1" ]; then
    cp -RpH "$1" "$target" || complain "cannot copy $shown"
  else
    mkdir -p "$target" || { complain "cannot create $target"; return; }
    for match; do
      case $from in
        */) cp -RpH "$match/." "$target" ;;
        *) cp -RpH "$match" "$target/" ;;
      esac || complain "cannot copy $shown"
    done
  fi
}

while [ $# -ge 2 ]; do
  place "$1" "$2"
  shift 2
  number=$((number + 1))
done
exit $failed
)";

std::vector<artifact> plan_artifacts(const std::vector<copy_entry>& entries, std::string_view working_dir) {
  std::vector<artifact> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const copy_entry& entry = entries[i];
    artifact a;
    a.from = llb::absolute_path(entry.from, "/build");
    if (ends_as_directory(entry.from) && a.from != "/") a.from += '/';
    const std::string to = llb::absolute_path(entry.to);
    bool into = ends_as_directory(entry.to) || is_known_directory(to) ||
                (!working_dir.empty() && to == llb::absolute_path(std::string(working_dir)));
    // `to` is a directory when another entry goes into it or below it.
    for (std::size_t j = 0; j < entries.size() && !into; ++j) {
      const std::string other = llb::absolute_path(entries[j].to);
      into = j != i && (other.starts_with(to + "/") || (other == to && ends_as_directory(entries[j].to)));
    }
    if (into) {
      a.directory = to;
    } else {
      const std::size_t slash = to.rfind('/');
      a.directory = slash == 0 ? "/" : to.substr(0, slash);
      a.name = to.substr(slash + 1);
    }
    out.push_back(std::move(a));
  }
  return out;
}

llb::state copy_artifacts(const llb::state& base, const llb::state& layout,
                          const std::vector<copy_entry>& entries, const std::vector<artifact>& artifacts,
                          const std::string& stage) {
  constexpr std::size_t named = 3;
  std::vector<llb::file_step> steps;
  std::string title = stage + " copy";
  for (std::size_t i = 0; i < artifacts.size(); ++i) {
    llb::copy_step step;
    step.from = layout;
    step.source = fmt::format("/{}", i);
    step.target = artifacts[i].directory == "/" ? "/" : artifacts[i].directory + "/";
    step.contents = true;
    steps.emplace_back(std::move(step));
    if (i < named) title += fmt::format("{} {} -> {}", i > 0 ? "," : "", entries[i].from, entries[i].to);
  }
  if (artifacts.size() > named) title += fmt::format(" and {} more", artifacts.size() - named);
  return llb::file(base, std::move(steps), std::move(title));
}

}  // namespace peelbox::spec
