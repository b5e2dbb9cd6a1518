#include "cli/context_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "cli/summary.hpp"
#include "engine/filesync/path_order.hpp"
#include "engine/progress/json_text.hpp"

namespace peelbox::cli {

namespace {

using filesync::entry_kind;
using filesync::heavy_path;
using filesync::listed_entry;

std::string_view type_name(entry_kind kind) {
  switch (kind) {
    case entry_kind::regular: return "file";
    case entry_kind::directory: return "directory";
    case entry_kind::symlink: return "link";
    case entry_kind::other:
    case entry_kind::unknown: return "other";
  }
  return "other";
}

std::string_view origin_name(filesync::deciding_rule::kind kind) {
  using from = filesync::deciding_rule::kind;
  switch (kind) {
    case from::none: return "none";
    case from::gitignore: return "gitignore";
    case from::tracked: return "tracked";
    case from::dockerignore: return "dockerignore";
    case from::pattern: return "built-in";
    case from::include: return "include";
    case from::exclude: return "exclude";
  }
  return "none";
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string json_string(std::string_view text) {
  std::string out;
  progress::append_json_string(text, out);
  return out;
}

std::string rule_json(const filesync::deciding_rule& rule) {
  if (rule.from == filesync::deciding_rule::kind::none) return "null";
  std::string out = fmt::format(R"({{"from":"{}")", origin_name(rule.from));
  if (!rule.file.empty()) out += fmt::format(R"(,"file":{},"line":{})", json_string(rule.file), rule.line);
  return out + fmt::format(R"(,"text":{}}})", json_string(rule.text));
}

/// A path with its control characters escaped.
std::string shown(std::string_view path) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  return std::any_of(path.begin(), path.end(), is_control) ? filesync::in_quotes(path) : std::string(path);
}

}  // namespace

void context_totals::add(const listed_entry& entry) {
  if (!entry.sent) {
    ++left_out;
    return;
  }
  bytes += entry.bytes;
  switch (entry.kind) {
    case entry_kind::regular: ++files; break;
    case entry_kind::directory: ++directories; break;
    case entry_kind::symlink: ++links; break;
    case entry_kind::other:
    case entry_kind::unknown: ++others; break;
  }
}

std::string entry_text(const listed_entry& entry, const listing_format& format) {
  const bool directory = entry.kind == entry_kind::directory;
  if (format.json) {
    std::string out = fmt::format(R"({{"path":{},"type":"{}","sent":{})", json_string(entry.path),
                                  type_name(entry.kind), entry.sent);
    if (entry.sent && entry.kind == entry_kind::regular) out += fmt::format(R"(,"bytes":{})", entry.bytes);
    if (format.why) out += fmt::format(R"(,"rule":{},"why":{})", rule_json(entry.rule), json_string(entry.why));
    return out + '}';
  }
  std::string out;
  if (format.why) out += entry.sent ? "+ " : "- ";
  if (format.sizes)
    out += fmt::format("{:>10}  ", entry.sent && entry.kind == entry_kind::regular ? human_bytes(entry.bytes) : "");
  out += shown(entry.path);
  if (directory) out += '/';
  if (format.why && (!entry.sent || entry.rule.from != filesync::deciding_rule::kind::none))
    out += "  (" + entry.why + ")";
  return out;
}

std::vector<heavy_path> top_entries(const std::vector<listed_entry>& sent, std::size_t count) {
  std::vector<heavy_path> all;
  std::unordered_map<std::string_view, std::size_t> directories;
  for (const listed_entry& entry : sent) {
    if (entry.kind != entry_kind::directory) continue;
    directories.emplace(entry.path, all.size());
    all.push_back({entry.path + '/', 0, 0});
  }
  for (const listed_entry& entry : sent) {
    if (entry.kind != entry_kind::regular) continue;
    for (std::string_view above = filesync::parent_path(entry.path); !above.empty();
         above = filesync::parent_path(above)) {
      const auto found = directories.find(above);
      if (found == directories.end()) continue;
      all[found->second].bytes += entry.bytes;
      all[found->second].files += 1;
    }
    all.push_back({entry.path, entry.bytes, 1});
  }
  // The largest entry of each directory.
  std::unordered_map<std::string_view, std::uint64_t> heaviest;
  for (const heavy_path& entry : all) {
    std::string_view path = entry.path;
    if (path.ends_with('/')) path.remove_suffix(1);
    std::uint64_t& most = heaviest[filesync::parent_path(path)];
    most = std::max(most, entry.bytes);
  }
  std::erase_if(all, [&](const heavy_path& entry) {
    if (!entry.path.ends_with('/')) return false;
    const auto inside = heaviest.find(std::string_view(entry.path).substr(0, entry.path.size() - 1));
    return entry.files == 0 || (inside != heaviest.end() && inside->second * 10 > entry.bytes * 9);
  });
  std::sort(all.begin(), all.end(), [](const heavy_path& a, const heavy_path& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.path < b.path;
  });
  if (all.size() > count) all.resize(count);
  return all;
}

std::string top_text(const heavy_path& entry, bool json) {
  const bool directory = entry.path.ends_with('/');
  if (json) {
    const std::string_view path = std::string_view(entry.path).substr(0, entry.path.size() - (directory ? 1 : 0));
    return fmt::format(R"({{"path":{},"type":"{}","bytes":{},"files":{}}})", json_string(path),
                       directory ? "directory" : "file", entry.bytes, entry.files);
  }
  return fmt::format("{:>10}  {}{}", human_bytes(entry.bytes), shown(entry.path),
                     directory ? "  (" + counted(entry.files, "file", "files") + ")" : "");
}

std::string totals_text(const context_totals& totals) {
  std::string text = counted(totals.files, "file", "files") + " in " + counted(totals.directories, "directory", "directories");
  if (totals.links > 0) text += ", " + counted(totals.links, "link", "links");
  if (totals.others > 0) text += ", " + counted(totals.others, "other entry", "other entries");
  text += ", " + human_bytes(totals.bytes);
  if (totals.left_out > 0) text += "; " + counted(totals.left_out, "entry", "entries") + " left out";
  return text;
}

std::string totals_json(const context_totals& totals) {
  return fmt::format(R"("files":{},"directories":{},"links":{},"others":{},"bytes":{})", totals.files,
                     totals.directories, totals.links, totals.others, totals.bytes);
}

std::string decision_text(const std::string& path, const filesync::path_decision& decision) {
  if (!decision.exists) return shown(path) + ": does not exist";
  const std::string rule = decision.rule.describe();
  if (!decision.sent && decision.rule.from == filesync::deciding_rule::kind::none)
    return fmt::format("{}: left out: {}", shown(path), decision.why);
  if (decision.sent) return fmt::format("{}: sent ({})", shown(path), rule);
  if (decision.decided_at != filesync::clean_path(path))
    return fmt::format("{}: left out with {}/ by {}", shown(path), shown(decision.decided_at), rule);
  return fmt::format("{}: left out by {}", shown(path), rule);
}

std::string decision_json(const std::string& path, const filesync::path_decision& decision) {
  return fmt::format(R"({{"path":{},"exists":{},"sent":{},"decided_at":{},"rule":{}}})", json_string(path),
                     decision.exists, decision.sent,
                     decision.decided_at.empty() ? "null" : json_string(decision.decided_at), rule_json(decision.rule));
}

}  // namespace peelbox::cli
