#include "engine/llb/narrow.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/llb/node.hpp"
#include "engine/llb/op.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {

namespace {

constexpr std::string_view local_scheme = "local://";

/// What is read of one local source.
struct demand {
  bool everything = false;
  std::set<std::string> paths;
};

struct graph {
  std::vector<pb::Op> ops;
  std::vector<std::string> digests;
  std::unordered_map<std::string, int> by_digest;
};

/// False when an operation would not be written back as it was read, or refers to one that does not come before it.
bool read(const pb::Definition& definition, graph& g) {
  for (const std::string& bytes : definition.def()) {
    pb::Op op;
    if (!op.ParseFromString(bytes) || canonical_bytes(op) != bytes) return false;
    for (const pb::Input& input : op.inputs())
      if (!g.by_digest.contains(input.digest())) return false;
    g.digests.push_back(oci::digest_of(bytes));
    g.by_digest.emplace(g.digests.back(), static_cast<int>(g.ops.size()));
    g.ops.push_back(std::move(op));
  }
  return true;
}

bool may_be_narrowed(const pb::Op& op) {
  if (op.op_case() != pb::Op::kSource || !op.source().identifier().starts_with(local_scheme)) return false;
  const auto& attrs = op.source().attrs();
  return !attrs.contains("local.followpaths") && !attrs.contains("local.includepattern");
}

/// How the file operation reads its input number `index`.
void add_copies(const pb::FileOp& file, int index, demand& wanted) {
  for (const pb::FileAction& action : file.actions()) {
    if (action.input() == index) wanted.everything = true;
    if (action.secondaryinput() != index) continue;
    const std::string from = absolute_path(action.copy().src());
    if (!action.has_copy() || from == "/") wanted.everything = true;
    else wanted.paths.insert(covering_path(std::string_view(from).substr(1)));
  }
}

std::vector<demand> demands_of(const graph& g) {
  std::vector<demand> all(g.ops.size());
  for (const pb::Op& op : g.ops) {
    for (int i = 0; i < op.inputs_size(); ++i) {
      demand& wanted = all[static_cast<std::size_t>(g.by_digest.at(op.inputs(i).digest()))];
      if (op.op_case() == pb::Op::kFile) add_copies(op.file(), i, wanted);
      else wanted.everything = true;
    }
  }
  return all;
}

void narrow(pb::SourceOp& source, const std::set<std::string>& paths) {
  const std::string list = json_array({paths.begin(), paths.end()});
  auto& attrs = *source.mutable_attrs();
  const auto hint = attrs.find("local.sharedkeyhint");
  std::string base = hint == attrs.end() ? source.identifier().substr(local_scheme.size()) : hint->second;
  constexpr std::size_t prefix = std::string_view("sha256:").size();
  attrs["local.sharedkeyhint"] = std::move(base) + "-" + oci::digest_of(list).substr(prefix, 12);
  attrs["local.followpaths"] = list;
}

template <class Map>
void rename(Map& map, const std::string& from, const std::string& to) {
  const auto found = map.find(from);
  if (found == map.end()) return;
  auto value = std::move(found->second);
  map.erase(found);
  map[to] = std::move(value);
}

}  // namespace

std::string covering_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!out.empty()) out += '/';
    // "**" would cross directories, and "!" would negate.
    const bool odd = name.find_first_of("[]\\!") != name.npos || name.find("**") != name.npos;
    out += odd ? "*" : name;
  }
  return out;
}

std::vector<std::string> narrow_locals(pb::Definition& definition) {
  // Most large graphs have no local source at all; then nothing is parsed.
  const auto& all = definition.def();
  if (std::none_of(all.begin(), all.end(), [](const std::string& op) { return op.find(local_scheme) != op.npos; })) return {};
  graph g;
  if (!read(definition, g)) return {};
  const std::vector<demand> demands = demands_of(g);
  std::vector<std::string> names;
  std::unordered_map<std::string, std::string> renamed;
  for (std::size_t i = 0; i < g.ops.size(); ++i) {
    pb::Op& op = g.ops[i];
    bool changed = false;
    for (pb::Input& input : *op.mutable_inputs()) {
      const auto found = renamed.find(input.digest());
      if (found == renamed.end()) continue;
      input.set_digest(found->second);
      changed = true;
    }
    if (may_be_narrowed(op) && !demands[i].everything && !demands[i].paths.empty()) {
      narrow(*op.mutable_source(), demands[i].paths);
      names.push_back(op.source().identifier().substr(local_scheme.size()));
      changed = true;
    }
    if (!changed) continue;
    std::string bytes = canonical_bytes(op);
    std::string digest = oci::digest_of(bytes);
    rename(*definition.mutable_metadata(), g.digests[i], digest);
    if (definition.has_source()) rename(*definition.mutable_source()->mutable_locations(), g.digests[i], digest);
    renamed.emplace(g.digests[i], std::move(digest));
    *definition.mutable_def(static_cast<int>(i)) = std::move(bytes);
  }
  return names;
}

}  // namespace peelbox::llb
