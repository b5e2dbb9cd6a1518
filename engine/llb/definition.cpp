#include "engine/llb/definition.hpp"

#include <unordered_map>

#include "engine/llb/node.hpp"
#include "engine/llb/op.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {
namespace {

constexpr char custom_name[] = "llb.customname";

/// Two states that were built from equal parts are the same operation. The reference client lists such an input
/// once (client/llb/exec.go, fileop.go): `moved[i]` is the new place of input i.
void renumber(pb::Op& op, const std::vector<std::int64_t>& moved) {
  const auto before = static_cast<std::int64_t>(moved.size());
  const auto number = [&](std::int64_t index) {
    if (index < 0) return index;
    return index < before ? moved[static_cast<std::size_t>(index)] : index - before + op.inputs_size();
  };
  if (op.has_exec()) {
    for (pb::Mount& m : *op.mutable_exec()->mutable_mounts()) m.set_input(number(m.input()));
  } else if (op.has_file()) {
    for (pb::FileAction& action : *op.mutable_file()->mutable_actions()) {
      action.set_input(number(action.input()));
      action.set_secondaryinput(number(action.secondaryinput()));
    }
  } else if (op.has_diff()) {
    op.mutable_diff()->mutable_lower()->set_input(number(op.diff().lower().input()));
    op.mutable_diff()->mutable_upper()->set_input(number(op.diff().upper().input()));
  }
}

class marshaller {
 public:
  explicit marshaller(const marshal_options& options) : options_(options) {}

  /// The digest of the operation behind `n`, which is added with all that it needs, unless it was before.
  const std::string& add(const node& n) {
    if (const auto done = digests_.find(&n); done != digests_.end()) return done->second;
    pb::Op op = n.op;
    std::vector<std::int64_t> moved;
    for (const state& input : n.inputs)
      moved.push_back(add_input(op, add(*input.operation()), input.output()));
    renumber(op, moved);
    std::string bytes = canonical_bytes(op);
    std::string digest = oci::digest_of(bytes);
    if (!out_.message.metadata().contains(digest)) {
      pb::OpMetadata& metadata = (*out_.message.mutable_metadata())[digest];
      metadata.set_ignore_cache(options_.no_cache);
      if (!n.name.empty()) (*metadata.mutable_description())[custom_name] = n.name;
      out_.message.add_def(std::move(bytes));
      out_.vertices.push_back({digest, n.name});
    }
    return digests_.emplace(&n, std::move(digest)).first->second;
  }

  definition finish(const state& result) {
    pb::Op terminal;
    pb::Input& input = *terminal.add_inputs();
    input.set_digest(add(*result.operation()));
    input.set_index(result.output());
    std::string bytes = canonical_bytes(terminal);
    // The daemon takes a definition without metadata for an empty one, so each operation has an entry.
    (*out_.message.mutable_metadata())[oci::digest_of(bytes)];
    out_.message.add_def(std::move(bytes));
    return std::move(out_);
  }

 private:
  static std::int64_t add_input(pb::Op& op, const std::string& digest, std::int64_t output) {
    // A merge keeps all of its layers, even equal ones.
    for (int i = 0; i < op.inputs_size() && !op.has_merge(); ++i)
      if (op.inputs(i).digest() == digest && op.inputs(i).index() == output) return i;
    pb::Input& input = *op.add_inputs();
    input.set_digest(digest);
    input.set_index(output);
    return op.inputs_size() - 1;
  }

  const marshal_options& options_;
  definition out_;
  std::unordered_map<const node*, std::string> digests_;
};

}  // namespace

result<definition> marshal(const state& result, const marshal_options& options) {
  if (result.is_scratch())
    return failure(errc::usage, "the build graph is empty: BuildKit cannot build an empty tree",
                   origin::user);
  return marshaller(options).finish(result);
}

void ignore_cache(pb::Definition& definition) {
  for (const std::string& operation : definition.def())
    (*definition.mutable_metadata())[oci::digest_of(operation)].set_ignore_cache(true);
}

void complete_metadata(pb::Definition& definition) {
  if (definition.metadata_size() >= definition.def_size()) return;
  // Asking a map for what it does not have makes it.
  for (const std::string& operation : definition.def()) (void)(*definition.mutable_metadata())[oci::digest_of(operation)];
}

}  // namespace peelbox::llb
