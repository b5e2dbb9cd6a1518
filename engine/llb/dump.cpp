#include "engine/llb/dump.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "engine/async/base64.hpp"
#include "engine/data/json.hpp"
#include "engine/oci/digest.hpp"
#include "proto/ops.pb.h"

namespace peelbox::llb {

namespace {

using data::json::array;
using data::json::object;
using data::json::value;

/// Adds what is not empty; BuildKit's fields have omitempty.
class fields {
 public:
  fields& text(std::string_view name, const std::string& v) { return v.empty() ? *this : put(name, value(v)); }
  fields& number(std::string_view name, std::int64_t v) { return v == 0 ? *this : put(name, value(v)); }
  fields& flag(std::string_view name, bool v) { return v ? put(name, value(true)) : *this; }
  template <class List>
  fields& texts(std::string_view name, const List& list) {
    array all;
    for (const auto& one : list) all.emplace_back(std::string(one));
    return all.empty() ? *this : put(name, std::move(all));
  }
  fields& put(std::string_view name, value v) {
    made_[name] = std::move(v);
    return *this;
  }
  object done() { return std::move(made_); }

 private:
  object made_;
};

std::string base64_of(const std::string& bytes) {
  std::string text;
  append_base64(bytes, text);
  return text;
}

object json_of(const pb::UserOpt& user) {
  object inside;
  if (user.has_byname()) inside["byName"] = fields().text("name", user.byname().name()).number("input", user.byname().input()).done();
  else if (user.byid() != 0) inside["byId"] = user.byid();
  return object{{"User", std::move(inside)}};
}

object json_of(const pb::ChownOpt& owner) {
  fields made;
  if (owner.has_user()) made.put("user", json_of(owner.user()));
  if (owner.has_group()) made.put("group", json_of(owner.group()));
  return made.done();
}

object json_of(const pb::Platform& p) {
  return fields().text("Architecture", p.architecture()).text("OS", p.os()).text("Variant", p.variant()).text("OSVersion", p.osversion())
      .texts("OSFeatures", p.osfeatures()).done();
}

object json_of(const pb::Mount& m) {
  fields made;
  made.number("input", m.input()).text("selector", m.selector()).text("dest", m.dest()).number("output", m.output()).flag("readonly", m.readonly())
      .number("mountType", m.mounttype());
  if (m.has_tmpfsopt()) made.put("TmpfsOpt", fields().number("size", m.tmpfsopt().size()).done());
  if (m.has_cacheopt()) made.put("cacheOpt", fields().text("ID", m.cacheopt().id()).number("sharing", m.cacheopt().sharing()).done());
  const auto shared = [](const auto& opt) {
    return fields().text("ID", opt.id()).number("uid", opt.uid()).number("gid", opt.gid()).number("mode", opt.mode()).flag("optional", opt.optional()).done();
  };
  if (m.has_secretopt()) made.put("secretOpt", shared(m.secretopt()));
  if (m.has_sshopt()) made.put("SSHOpt", shared(m.sshopt()));
  return made.text("resultID", m.resultid()).number("contentCache", m.contentcache()).done();
}

object json_of(const pb::Meta& meta) {
  fields made;
  made.texts("args", meta.args()).texts("env", meta.env()).text("cwd", meta.cwd()).text("user", meta.user());
  if (meta.has_proxy_env()) {
    const pb::ProxyEnv& p = meta.proxy_env();
    made.put("proxy_env", fields().text("http_proxy", p.http_proxy()).text("https_proxy", p.https_proxy()).text("ftp_proxy", p.ftp_proxy())
                              .text("no_proxy", p.no_proxy()).text("all_proxy", p.all_proxy()).done());
  }
  array hosts;
  for (const pb::HostIP& host : meta.extrahosts()) hosts.emplace_back(fields().text("Host", host.host()).text("IP", host.ip()).done());
  if (!hosts.empty()) made.put("extraHosts", std::move(hosts));
  return made.text("hostname", meta.hostname()).flag("removeMountStubsRecursive", meta.removemountstubsrecursive()).done();
}

object json_of(const pb::ExecOp& exec) {
  fields made;
  if (exec.has_meta()) made.put("meta", json_of(exec.meta()));
  array mounts, secrets;
  for (const pb::Mount& one : exec.mounts()) mounts.emplace_back(json_of(one));
  if (!mounts.empty()) made.put("mounts", std::move(mounts));
  made.number("network", exec.network()).number("security", exec.security());
  for (const pb::SecretEnv& one : exec.secretenv())
    secrets.emplace_back(fields().text("ID", one.id()).text("name", one.name()).flag("optional", one.optional()).done());
  if (!secrets.empty()) made.put("secretenv", std::move(secrets));
  return made.done();
}

object json_of(const pb::FileActionCopy& copy) {
  fields made;
  made.text("src", copy.src()).text("dest", copy.dest());
  if (copy.has_owner()) made.put("owner", json_of(copy.owner()));
  return made.number("mode", copy.mode()).flag("followSymlink", copy.followsymlink()).flag("dirCopyContents", copy.dircopycontents())
      .flag("attemptUnpackDockerCompatibility", copy.attemptunpackdockercompatibility()).flag("createDestPath", copy.createdestpath())
      .flag("allowWildcard", copy.allowwildcard()).flag("allowEmptyWildcard", copy.allowemptywildcard()).number("timestamp", copy.timestamp())
      .texts("include_patterns", copy.include_patterns()).texts("exclude_patterns", copy.exclude_patterns())
      .flag("alwaysReplaceExistingDestPaths", copy.alwaysreplaceexistingdestpaths()).done();
}

object json_of(const pb::FileActionMkFile& file) {
  fields made;
  made.text("path", file.path()).number("mode", file.mode()).text("data", base64_of(file.data()));
  if (file.has_owner()) made.put("owner", json_of(file.owner()));
  return made.number("timestamp", file.timestamp()).done();
}

object json_of(const pb::FileActionMkDir& dir) {
  fields made;
  made.text("path", dir.path()).number("mode", dir.mode()).flag("makeParents", dir.makeparents());
  if (dir.has_owner()) made.put("owner", json_of(dir.owner()));
  return made.number("timestamp", dir.timestamp()).done();
}

object json_of(const pb::FileAction& action) {
  object what;
  if (action.has_copy()) what["copy"] = json_of(action.copy());
  if (action.has_mkfile()) what["mkfile"] = json_of(action.mkfile());
  if (action.has_mkdir()) what["mkdir"] = json_of(action.mkdir());
  if (action.has_rm())
    what["rm"] = fields().text("path", action.rm().path()).flag("allowNotFound", action.rm().allownotfound())
                     .flag("allowWildcard", action.rm().allowwildcard()).done();
  // These three are always there.
  return object{{"input", action.input()}, {"secondaryInput", action.secondaryinput()}, {"output", action.output()}, {"Action", std::move(what)}};
}

template <class Map>
object sorted(const Map& map) {
  object made;
  for (const auto& [key, one] : std::map(map.begin(), map.end())) made[key] = one;
  return made;
}

object json_of(const pb::Op& op) {
  fields made;
  array inputs;
  for (const pb::Input& input : op.inputs()) inputs.emplace_back(fields().text("digest", input.digest()).number("index", input.index()).done());
  if (!inputs.empty()) made.put("inputs", std::move(inputs));
  object what;
  if (op.has_exec()) what["exec"] = json_of(op.exec());
  if (op.has_source()) {
    fields source;
    source.text("identifier", op.source().identifier());
    if (!op.source().attrs().empty()) source.put("attrs", sorted(op.source().attrs()));
    what["source"] = source.done();
  }
  if (op.has_file()) {
    array actions;
    for (const pb::FileAction& one : op.file().actions()) actions.emplace_back(json_of(one));
    what["file"] = actions.empty() ? object() : object{{"actions", std::move(actions)}};
  }
  if (op.has_merge()) {
    array all;
    for (const pb::MergeInput& one : op.merge().inputs()) all.emplace_back(fields().number("input", one.input()).done());
    what["merge"] = all.empty() ? object() : object{{"inputs", std::move(all)}};
  }
  if (op.has_diff()) {
    fields diff;
    if (op.diff().has_lower()) diff.put("lower", fields().number("input", op.diff().lower().input()).done());
    if (op.diff().has_upper()) diff.put("upper", fields().number("input", op.diff().upper().input()).done());
    what["diff"] = diff.done();
  }
  made.put("Op", std::move(what));
  if (op.has_platform()) made.put("platform", json_of(op.platform()));
  if (op.has_constraints()) made.put("constraints", fields().texts("filter", op.constraints().filter()).done());
  return made.done();
}

object json_of(const pb::OpMetadata& about) {
  fields made;
  made.flag("ignore_cache", about.ignore_cache());
  if (!about.description().empty()) made.put("description", sorted(about.description()));
  if (about.has_export_cache()) made.put("export_cache", fields().flag("Value", about.export_cache().value()).done());
  if (!about.caps().empty()) made.put("caps", sorted(about.caps()));
  if (about.has_progress_group()) {
    const pb::ProgressGroup& group = about.progress_group();
    made.put("progress_group", fields().text("id", group.id()).text("name", group.name()).flag("weak", group.weak()).done());
  }
  return made.done();
}

/// Go's encoder writes these as escapes, so that the text is harmless in a page.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '&') out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else out += c;
  }
  return out;
}

struct loaded_op {
  std::string digest;
  pb::Op op;
  pb::OpMetadata about;
};

result<std::vector<loaded_op>> load(std::string_view bytes, std::string_view what) {
  pb::Definition definition;
  const auto no_definition = [what] { return failure(errc::usage, fmt::format("{}: this is no LLB definition", what), origin::user); };
  if (!definition.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return no_definition();
  std::vector<loaded_op> all;
  for (const std::string& one : definition.def()) {
    loaded_op& loaded = all.emplace_back();
    if (!loaded.op.ParseFromString(one)) return no_definition();
    loaded.digest = oci::digest_of(one);
    const auto known = definition.metadata().find(loaded.digest);
    if (known != definition.metadata().end()) loaded.about = known->second;
  }
  return all;
}

std::string dot_name(const pb::FileAction& action) {
  if (action.has_copy()) return fmt::format("copy{{src={}, dest={}}}", action.copy().src(), action.copy().dest());
  if (action.has_mkfile()) return fmt::format("mkfile{{path={}}}", action.mkfile().path());
  if (action.has_mkdir()) return fmt::format("mkdir{{path={}}}", action.mkdir().path());
  if (action.has_rm()) return fmt::format("rm{{path={}}}", action.rm().path());
  if (action.has_symlink()) return fmt::format("symlink{{oldpath={}, newpath={}}}", action.symlink().oldpath(), action.symlink().newpath());
  return {};
}

/// Name and shape.
std::pair<std::string, std::string_view> dot_node(const loaded_op& one) {
  switch (one.op.op_case()) {
    case pb::Op::kSource: return {one.op.source().identifier(), "ellipse"};
    case pb::Op::kExec: return {fmt::format("{}", fmt::join(one.op.exec().meta().args(), " ")), "box"};
    case pb::Op::kMerge: return {"merge", "invtriangle"};
    case pb::Op::kDiff: return {"diff", "doublecircle"};
    case pb::Op::kFile: {
      std::vector<std::string> names;
      for (const pb::FileAction& action : one.op.file().actions()) names.push_back(dot_name(action));
      return {fmt::format("{}", fmt::join(names, ",")), "note"};
    }
    case pb::Op::OP_NOT_SET: break;
  }
  return {one.digest, "plaintext"};
}

std::string dot_label(const pb::Op& op, int input) {
  std::string label;
  for (const pb::Mount& mount : op.exec().mounts())
    if (mount.input() == input && mount.dest() != "/") label = mount.dest();
  return label;
}

}  // namespace

result<std::string> dump_json(std::string_view bytes, std::string_view what) {
  const auto all = load(bytes, what);
  if (all.has_error()) return all.error();
  std::string text;
  for (const loaded_op& one : *all)
    text += escaped(data::to_text(object{{"Op", json_of(one.op)}, {"Digest", one.digest}, {"OpMetadata", json_of(one.about)}})) + '\n';
  return text;
}

result<std::string> dump_dot(std::string_view bytes, std::string_view what) {
  const auto all = load(bytes, what);
  if (all.has_error()) return all.error();
  std::string text = "digraph {\n";
  for (const loaded_op& one : *all) {
    const auto [name, shape] = dot_node(one);
    text += fmt::format("  {} [label={} shape={}];\n", data::in_quotes(one.digest), data::in_quotes(name), data::in_quotes(shape));
  }
  for (const loaded_op& one : *all)
    for (int i = 0; i < one.op.inputs_size(); ++i)
      text += fmt::format("  {} -> {} [label={}];\n", data::in_quotes(one.op.inputs(i).digest()), data::in_quotes(one.digest),
                          data::in_quotes(dot_label(one.op, i)));
  return text + "}\n";
}

}  // namespace peelbox::llb
