#include "engine/llb/edit.hpp"

#include <utility>

#include "engine/llb/op.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {

namespace {

template <class Map>
void rename(Map& map, const std::string& from, const std::string& to) {
  const auto found = map.find(from);
  if (found == map.end()) return;
  auto value = std::move(found->second);
  map.erase(found);
  map[to] = std::move(value);
}

}  // namespace

std::optional<editable_graph> read_graph(const pb::Definition& definition) {
  editable_graph g;
  for (const std::string& bytes : definition.def()) {
    pb::Op op;
    if (!op.ParseFromString(bytes) || canonical_bytes(op) != bytes) return std::nullopt;
    for (const pb::Input& input : op.inputs())
      if (!g.by_digest.contains(input.digest())) return std::nullopt;
    g.digests.push_back(oci::digest_of(bytes));
    g.by_digest.emplace(g.digests.back(), g.ops.size());
    g.ops.push_back(std::move(op));
  }
  return g;
}

void write_changes(editable_graph graph, pb::Definition& definition,
                   const std::function<bool(std::size_t index, pb::Op& op)>& change) {
  std::unordered_map<std::string, std::string> renamed;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    pb::Op& op = graph.ops[i];
    bool changed = false;
    for (pb::Input& input : *op.mutable_inputs()) {
      const auto found = renamed.find(input.digest());
      if (found == renamed.end()) continue;
      input.set_digest(found->second);
      changed = true;
    }
    changed = change(i, op) || changed;
    if (!changed) continue;
    std::string bytes = canonical_bytes(op);
    std::string digest = oci::digest_of(bytes);
    rename(*definition.mutable_metadata(), graph.digests[i], digest);
    if (definition.has_source()) rename(*definition.mutable_source()->mutable_locations(), graph.digests[i], digest);
    renamed.emplace(graph.digests[i], std::move(digest));
    *definition.mutable_def(static_cast<int>(i)) = std::move(bytes);
  }
}

}  // namespace peelbox::llb
