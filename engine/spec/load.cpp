#include "engine/spec/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>

#include "engine/spec/json_tree.hpp"

namespace peelbox::spec {
namespace {

using kind = json_value::kind;

constexpr std::size_t max_values = 200000;
constexpr std::size_t max_reported = 50;

using names = std::span<const std::string_view>;

/// Keys of earlier versions of the format, which stored specs still have.
constexpr std::array<std::string_view, 3> outdated{"metadata.confidence", "build.context", "build.artifacts"};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// The known key that was probably meant, or nothing.
std::string_view nearest(std::string_view key, names known) {
  std::string_view best;
  std::size_t best_distance = (key.size() < 4 ? 1 : std::max<std::size_t>(2, key.size() / 3)) + 1;
  if (key.size() > 40) return {};
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(key, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string shown(const json_value& value) {
  switch (value.type) {
    case kind::null:
      return "null";
    case kind::boolean:
    case kind::number:
      return value.text.substr(0, 40);
    case kind::string:
      return fmt::format("\"{}{}\"", value.text.substr(0, 40), value.text.size() > 40 ? "…" : "");
    case kind::array:
      return "an array";
    case kind::object:
      return "an object";
  }
  return {};
}

class reader {
 public:
  reader(std::string_view text, loaded_spec& out) : text_(text), out_(out) {}

  /// `prefix` stands before each path: "" or "[2].".
  void service(const json_value& from, const std::string& prefix) {
    prefix_ = prefix;
    note("", from.offset);
    // null stands for the default inside a service, not for a service.
    if (from.type != kind::object) return expected("", from, "an object");
    universal_build& service = out_.services.emplace_back();
    static constexpr std::array<std::string_view, 4> keys{"version", "metadata", "build", "runtime"};
    object(from, "", keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      if (key == "version") string(path, value, service.version);
      if (key == "metadata") metadata(path, value, service.metadata);
      if (key == "build") build(path, value, service.build);
      if (key == "runtime") runtime(path, value, service.runtime);
    });
  }

  void error(const std::string& path, std::size_t offset, std::string_view text) {
    if (errors_.size() > max_reported) return;
    std::string whole = prefix_ + path;
    if (path.empty() && !whole.empty()) whole.pop_back();
    errors_.push_back(fmt::format("{}:{}: {}: {}", out_.file_name, line_at(offset), whole, text));
  }

  std::vector<std::string>& errors() { return errors_; }

 private:
  void note(const std::string& path, std::size_t offset) { out_.lines[prefix_ + path] = line_at(offset); }

  /// Counts on from the last offset, because offsets mostly ascend.
  unsigned line_at(std::size_t offset) {
    if (offset < last_offset_) {
      last_offset_ = 0;
      last_line_ = 1;
    }
    last_line_ +=
        static_cast<unsigned>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(last_offset_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    last_offset_ = offset;
    return last_line_;
  }

  void expected(const std::string& path, const json_value& value, std::string_view what) {
    error(path, value.offset, fmt::format("expected {}, found {}", what, shown(value)));
  }

  /// Calls `member` for each known key whose value is not null: null means the default.
  template <class Member>
  void object(const json_value& from, const std::string& path, names known, Member member) {
    if (from.type == kind::null) return;
    if (from.type != kind::object) return expected(path, from, "an object");
    std::set<std::string_view> seen;
    for (const json_member& m : from.members) {
      const std::string here = path.empty() ? m.key : path + "." + m.key;
      if (!seen.insert(m.key).second) {
        error(here, m.offset, "the key occurs twice");
        continue;
      }
      if (!known.empty() && std::find(known.begin(), known.end(), m.key) == known.end()) {
        unknown(here, m, known);
        continue;
      }
      note(here, m.value.offset);
      if (m.value.type != kind::null) member(here, m.key, m.value);
    }
  }

  void unknown(const std::string& path, const json_member& m, names known) {
    std::string why = "unknown key, ignored";
    if (std::find(outdated.begin(), outdated.end(), path) != outdated.end()) {
      why = "key of an earlier version of the format, ignored";
    } else if (const std::string_view meant = nearest(m.key, known); !meant.empty()) {
      why = fmt::format("unknown key, ignored; did you mean \"{}\"?", meant);
    }
    if (out_.warnings.size() < max_reported)
      out_.warnings.push_back(
          fmt::format("{}:{}: {}{}: {}", out_.file_name, line_at(m.offset), prefix_, path, why));
  }

  void string(const std::string& path, const json_value& from, std::string& out) {
    if (from.type != kind::string) return expected(path, from, "a string");
    out = from.text;
  }

  template <class Item>
  void array(const std::string& path, const json_value& from, std::string_view what, Item item) {
    if (from.type != kind::array) return expected(path, from, what);
    for (std::size_t i = 0; i < from.items.size(); ++i) {
      const std::string here = fmt::format("{}[{}]", path, i);
      note(here, from.items[i].offset);
      item(here, from.items[i]);
    }
  }

  void strings(const std::string& path, const json_value& from, std::vector<std::string>& out) {
    array(path, from, "an array of strings",
          [&](const std::string& here, const json_value& item) { string(here, item, out.emplace_back()); });
  }

  void string_map(const std::string& path, const json_value& from, std::map<std::string, std::string>& out) {
    object(from, path, {}, [&](const std::string& here, std::string_view key, const json_value& value) {
      string(here, value, out[std::string(key)]);
    });
  }

  void metadata(const std::string& section, const json_value& from, metadata_section& out) {
    static constexpr std::array<std::string_view, 5> keys{"project_name", "language", "build_system",
                                                          "framework", "reasoning"};
    object(from, section, keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      if (key == "project_name") string(path, value, out.project_name);
      if (key == "language") string(path, value, out.language);
      if (key == "build_system") string(path, value, out.build_system);
      if (key == "framework") string(path, value, out.framework);
      if (key == "reasoning") string(path, value, out.reasoning);
    });
  }

  void build(const std::string& section, const json_value& from, build_section& out) {
    static constexpr std::array<std::string_view, 6> keys{"packages", "env", "commands", "cache", "secrets", "ssh"};
    object(from, section, keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      if (key == "packages") strings(path, value, out.packages);
      if (key == "env") string_map(path, value, out.env);
      if (key == "commands") strings(path, value, out.commands);
      if (key == "cache") strings(path, value, out.cache);
      if (key == "ssh") strings(path, value, out.ssh);
      if (key == "secrets") {
        array(path, value, "an array of objects with \"id\"",
              [&](const std::string& here, const json_value& item) { secret(here, item, out.secrets.emplace_back()); });
      }
    });
  }

  void secret(const std::string& section, const json_value& from, secret_use& out) {
    static constexpr std::array<std::string_view, 4> keys{"id", "to", "env", "optional"};
    if (from.type == kind::null) return expected(section, from, "an object with \"id\"");
    object(from, section, keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      if (key == "id") string(path, value, out.id);
      if (key == "to") string(path, value, out.to);
      if (key == "env") string(path, value, out.env);
      if (key == "optional") boolean(path, value, out.optional);
    });
  }

  void boolean(const std::string& path, const json_value& from, bool& out) {
    if (from.type != kind::boolean) return expected(path, from, "true or false");
    out = from.text == "true";
  }

  void runtime(const std::string& section, const json_value& from, runtime_section& out) {
    static constexpr std::array<std::string_view, 6> keys{"packages", "env",   "copy",
                                                          "command",  "ports", "health"};
    object(from, section, keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      if (key == "packages") strings(path, value, out.packages);
      if (key == "env") string_map(path, value, out.env);
      if (key == "command") strings(path, value, out.command);
      if (key == "copy") {
        array(path, value, "an array of objects with \"from\" and \"to\"",
              [&](const std::string& here, const json_value& item) {
                copy(here, item, out.copy.emplace_back());
              });
      }
      if (key == "ports") {
        array(path, value, "an array of port numbers",
              [&](const std::string& here, const json_value& item) { port(here, item, out.ports); });
      }
      if (key == "health") health(path, value, out.health);
    });
  }

  void copy(const std::string& section, const json_value& from, copy_entry& out) {
    static constexpr std::array<std::string_view, 2> keys{"from", "to"};
    if (from.type == kind::null) return expected(section, from, "an object with \"from\" and \"to\"");
    object(from, section, keys, [&](const std::string& path, std::string_view key, const json_value& value) {
      string(path, value, key == "from" ? out.from : out.to);
    });
  }

  void port(const std::string& path, const json_value& from, std::vector<std::uint16_t>& out) {
    std::uint16_t value = 0;
    const char* end = from.text.data() + from.text.size();
    const auto parsed = std::from_chars(from.text.data(), end, value);
    if (from.type != kind::number || parsed.ec != std::errc() || parsed.ptr != end)
      return expected(path, from, "an integer from 0 to 65535");
    out.push_back(value);
  }

  void health(const std::string& section, const json_value& from, std::optional<health_check>& out) {
    static constexpr std::array<std::string_view, 1> keys{"endpoint"};
    bool found = false;
    out.emplace();
    object(from, section, keys, [&](const std::string& path, std::string_view, const json_value& value) {
      found = true;
      string(path, value, out->endpoint);
    });
    if (from.type == kind::object && !found) error(section, from.offset, "\"endpoint\" is missing");
  }

  std::string_view text_;
  loaded_spec& out_;
  std::string prefix_;
  std::vector<std::string> errors_;
  std::size_t last_offset_ = 0;
  unsigned last_line_ = 1;
};

}  // namespace

result<loaded_spec> load(std::string_view text, std::string file_name) {
  constexpr json_limits limits{max_spec_bytes, max_spec_depth, max_values};
  auto root = parse_json(text, file_name, limits);
  if (!root) return root.error();
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);

  loaded_spec out;
  out.file_name = std::move(file_name);
  reader in(text, out);
  if (root->type == kind::object) {
    in.service(*root, "");
  } else if (root->type == kind::array && root->items.size() > max_spec_services) {
    return failure(
        errc::limit,
        fmt::format("{}: {} services, the limit is {}", out.file_name, root->items.size(), max_spec_services),
        origin::user);
  } else if (root->type == kind::array && !root->items.empty()) {
    out.is_array = true;
    for (std::size_t i = 0; i < root->items.size(); ++i) in.service(root->items[i], fmt::format("[{}].", i));
  } else {
    return failure(errc::usage,
                   fmt::format("{}:{}: {}", out.file_name, line_of(text, root->offset),
                               root->type == kind::array ? "the array has no service in it"
                                                         : "expected an object or an array of objects"),
                   origin::user);
  }
  std::vector<std::string>& errors = in.errors();
  if (!errors.empty()) {
    if (errors.size() > max_reported) errors.back() = fmt::format("{}: more problems follow", out.file_name);
    return failure(errc::usage, fmt::format("{}", fmt::join(errors, "\n")), origin::user);
  }
  return out;
}

std::string service_name(const universal_build& service) {
  return service.metadata.project_name.empty() ? "app" : service.metadata.project_name;
}

result<const universal_build*> select_service(const loaded_spec& spec, std::string_view name) {
  std::vector<std::string> available;
  for (const universal_build& service : spec.services) {
    if (!name.empty() && service_name(service) == name) return &service;
    available.push_back(service_name(service));
  }
  if (name.empty() && spec.services.size() == 1) return &spec.services.front();
  const std::string list = fmt::format("{}", fmt::join(available, ", "));
  if (name.empty())
    return failure(errc::usage,
                   fmt::format("{} describes {} services; name one of them with --service: {}",
                               spec.file_name, spec.services.size(), list),
                   origin::user);
  return failure(errc::usage, fmt::format("{} has no service \"{}\"; it has: {}", spec.file_name, name, list),
                 origin::user);
}

}  // namespace peelbox::spec
