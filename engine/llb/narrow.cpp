#include "engine/llb/narrow.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "engine/llb/edit.hpp"
#include "engine/llb/local_sessions.hpp"
#include "engine/llb/node.hpp"
#include "engine/llb/op.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {

namespace {

/// What is read of one local source.
struct demand {
  bool everything = false;
  std::set<std::string> paths;
};

bool may_be_narrowed(const pb::Op& op) {
  if (op.op_case() != pb::Op::kSource || !op.source().identifier().starts_with(local_scheme)) return false;
  const auto& attrs = op.source().attrs();
  return !attrs.contains("local.followpaths") && !attrs.contains("local.includepattern");
}

/// Names of users are looked up in a tree, too.
bool looks_up_user(const pb::ChownOpt& owner, int index) {
  return (owner.user().has_byname() && owner.user().byname().input() == index) ||
         (owner.group().has_byname() && owner.group().byname().input() == index);
}

bool looks_up_user(const pb::FileAction& action, int index) {
  return looks_up_user(action.copy().owner(), index) || looks_up_user(action.mkfile().owner(), index) ||
         looks_up_user(action.mkdir().owner(), index);
}

/// How the file operation reads its input number `index`.
void add_copies(const pb::FileOp& file, int index, demand& wanted) {
  for (const pb::FileAction& action : file.actions()) {
    if (action.input() == index || looks_up_user(action, index)) wanted.everything = true;
    if (action.secondaryinput() != index) continue;
    const std::string from = absolute_path(action.copy().src());
    if (!action.has_copy() || from == "/") {
      wanted.everything = true;
      continue;
    }
    const std::optional<std::string> path =
        covering_path(std::string_view(from).substr(1), action.copy().allowwildcard() ? reading::pattern : reading::plain);
    if (path) wanted.paths.insert(*path);
    else wanted.everything = true;
  }
}

std::vector<demand> demands_of(const editable_graph& g) {
  std::vector<demand> all(g.ops.size());
  for (const pb::Op& op : g.ops) {
    for (int i = 0; i < op.inputs_size(); ++i) {
      demand& wanted = all[g.by_digest.at(op.inputs(i).digest())];
      if (op.op_case() == pb::Op::kFile) add_copies(op.file(), i, wanted);
      else wanted.everything = true;
    }
  }
  return all;
}

void narrow(pb::SourceOp& source, const std::vector<std::string>& paths) {
  const std::string list = json_array(paths);
  auto& attrs = *source.mutable_attrs();
  const auto hint = attrs.find("local.sharedkeyhint");
  std::string base = hint == attrs.end() ? source.identifier().substr(local_scheme.size()) : hint->second;
  constexpr std::size_t prefix = std::string_view("sha256:").size();
  attrs["local.sharedkeyhint"] = std::move(base) + "-" + oci::digest_of(list).substr(prefix, 12);
  attrs["local.followpaths"] = list;
}

/// Bytes of the UTF-8 character at `at`; 0 when there is none.
std::size_t rune_size(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() - at < size) return 0;
  for (std::size_t i = at + 1; i < at + size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates and what is above U+10FFFF.
  const unsigned char second = byte(at + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f))
    return 0;
  return size;
}

/// Means something in a pattern, or is nothing for a header.
bool is_odd(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || std::string_view("*?[]\\^!").find(c) != std::string_view::npos;
}

/// Behind the class of filepath.Match that begins at `at`; npos when it is malformed. A slash ends the name first.
std::size_t end_of_class(std::string_view text, std::size_t at) {
  ++at;
  if (at < text.size() && text[at] == '^') ++at;
  for (bool first = true; at < text.size() && text[at] != '/'; first = false) {
    if (text[at] == ']' && !first) return at + 1;
    for (int bound = 0; bound < 2; ++bound) {
      if (at >= text.size() || text[at] == '-' || text[at] == ']' || text[at] == '/') return text.npos;
      if (text[at] == '\\') ++at;
      if (at >= text.size()) return text.npos;
      const std::size_t size = rune_size(text, at);
      if (size == 0) return text.npos;
      at += size;
      if (bound == 0 && (at >= text.size() || text[at] != '-')) break;
      if (bound == 0) ++at;
    }
  }
  return text.npos;
}

/// Names with brackets or backslashes become "any name".
std::string without_brackets(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!out.empty()) out += '/';
    out += name.find_first_of("[]\\") != name.npos ? "*" : name;
  }
  return out;
}

}  // namespace

std::optional<std::string> covering_path(std::string_view path, reading how) {
  if (how == reading::shell) return covering_path(without_brackets(path), reading::pattern);
  const bool is_pattern = how == reading::pattern;
  std::string out;
  const auto put = [&out](std::string_view text) {
    // "**" would cross directories.
    if (text != "*" || !out.ends_with('*')) out += text;
  };
  for (std::size_t at = 0; at < path.size();) {
    const char c = path[at];
    if (is_pattern && c == '[') {
      const std::size_t behind = end_of_class(path, at);
      if (behind == path.npos) return std::nullopt;
      put("?");
      at = behind;
      continue;
    }
    if (is_pattern && (c == '*' || c == '?')) {
      put(path.substr(at++, 1));
      continue;
    }
    if (is_pattern && c == '\\' && ++at == path.size()) return std::nullopt;
    const std::size_t size = rune_size(path, at);
    const bool at_end = at == 0 || at + size == path.size();
    if (size == 0) put("*");  // no UTF-8, which JSON does not carry
    else if (size > 1 ? at_end : is_odd(path[at]) || (at_end && path[at] == ' ')) put("?");
    else put(path.substr(at, size));
    at += std::max<std::size_t>(size, 1);
  }
  // Where a pattern is read as a regular expression not every reader takes these as they are.
  if (out.find_first_of("*?") != out.npos)
    for (char& c : out)
      if (std::string_view("+(){}|").find(c) != std::string_view::npos) c = '?';
  return out;
}

std::vector<narrowed_local> narrow_locals(pb::Definition& definition) {
  // Most large graphs have no local source at all; then nothing is parsed.
  const auto& all = definition.def();
  if (std::none_of(all.begin(), all.end(), [](const std::string& op) { return op.find(local_scheme) != op.npos; })) return {};
  std::optional<editable_graph> g = read_graph(definition);
  if (!g) return {};
  const std::vector<demand> demands = demands_of(*g);
  std::vector<narrowed_local> all_narrowed;
  write_changes(std::move(*g), definition, [&](std::size_t i, pb::Op& op) {
    if (!may_be_narrowed(op) || demands[i].everything || demands[i].paths.empty()) return false;
    narrowed_local done{op.source().identifier().substr(local_scheme.size()),
                        {demands[i].paths.begin(), demands[i].paths.end()}};
    narrow(*op.mutable_source(), done.paths);
    all_narrowed.push_back(std::move(done));
    return true;
  });
  return all_narrowed;
}

}  // namespace peelbox::llb
