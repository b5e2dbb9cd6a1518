// The text form of a definition.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "engine/llb/definition.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::llb {
namespace {

/// In double quotes, with \n, \t, \" and \\ escaped, so that everything stays on its line.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <class Texts>
std::string quoted_list(const Texts& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ' ';
    out += in_quotes(text);
  }
  return out + "]";
}

class writer {
 public:
  explicit writer(const definition& d) : d_(d) {}

  std::string all() {
    for (int i = 0; i < d_.message.def_size(); ++i) {
      const std::string& bytes = d_.message.def(i);
      const std::string digest = oci::digest_of(bytes);
      lines_[digest] = i;
      pb::Op op;
      if (!op.ParseFromString(bytes)) {
        out_ += fmt::format("{} unreadable\n", i);
        continue;
      }
      if (i + 1 == d_.message.def_size()) {
        out_ += fmt::format("result {}\n", op.inputs_size() > 0 ? input(op, 0) : "missing");
      } else {
        one(i, digest, op);
      }
    }
    return std::move(out_);
  }

 private:
  std::string input(const pb::Op& op, std::int64_t index) const {
    if (index < 0) return "scratch";
    if (index >= op.inputs_size()) return fmt::format("action {}", index - op.inputs_size());
    const pb::Input& in = op.inputs(static_cast<int>(index));
    const auto line = lines_.find(in.digest());
    return fmt::format("{}:{}", line == lines_.end() ? "?" : std::to_string(line->second), in.index());
  }

  void one(int number, const std::string& digest, const pb::Op& op) {
    std::string head = fmt::format("{} ", number);
    std::string body;
    switch (op.op_case()) {
      case pb::Op::kSource:
        head += source(op.source(), body);
        break;
      case pb::Op::kExec:
        head += exec(op, body);
        break;
      case pb::Op::kFile:
        head += file(op, body);
        break;
      case pb::Op::kMerge:
        head += "merge";
        for (const pb::MergeInput& layer : op.merge().inputs()) head += " " + input(op, layer.input());
        break;
      case pb::Op::kDiff:
        head += fmt::format("diff {} {}", input(op, op.diff().lower().input()),
                            input(op, op.diff().upper().input()));
        break;
      case pb::Op::OP_NOT_SET:
        head += "nothing";
        break;
    }
    if (op.has_platform()) {
      head += fmt::format(" {}/{}", op.platform().os(), op.platform().architecture());
      if (!op.platform().variant().empty()) head += "/" + op.platform().variant();
    }
    const auto metadata = d_.message.metadata().find(digest);
    if (metadata != d_.message.metadata().end()) {
      const auto name = metadata->second.description().find("llb.customname");
      if (name != metadata->second.description().end()) head += " # " + name->second;
      if (metadata->second.ignore_cache()) head += " (no cache)";
    }
    out_ += head + "\n" + body;
  }

  static std::string source(const pb::SourceOp& op, std::string& body) {
    const std::map<std::string, std::string> sorted(op.attrs().begin(), op.attrs().end());
    for (const auto& [key, value] : sorted) body += fmt::format("    {} = {}\n", key, value);
    return "source " + op.identifier();
  }

  std::string exec(const pb::Op& op, std::string& body) const {
    const pb::ExecOp& e = op.exec();
    if (e.meta().env_size() > 0) body += fmt::format("    env {}\n", quoted_list(e.meta().env()));
    for (const pb::SecretEnv& secret : e.secretenv()) body += fmt::format("    secret {} as {}\n", secret.id(), secret.name());
    for (const pb::Mount& m : e.mounts()) {
      body += "    mount " + m.dest();
      switch (m.mounttype()) {
        case 1:
          body += fmt::format(" secret {}", m.secretopt().id());
          break;
        case 2:
          body += fmt::format(" ssh {}", m.sshopt().id());
          break;
        case 3: {
          constexpr const char* sharing[] = {"shared", "private", "locked"};
          body += fmt::format(" cache {} {}", m.cacheopt().id(),
                              sharing[std::clamp(m.cacheopt().sharing(), 0, 2)]);
          break;
        }
        case 4:
          body += " tmpfs";
          break;
        default:
          body += " from " + input(op, m.input());
          if (!m.selector().empty()) body += m.selector();
          body += m.readonly() ? " read-only" : "";
          if (!m.readonly()) body += m.output() < 0 ? " dropped" : fmt::format(" -> {}", m.output());
      }
      if (m.contentcache() == 1) body += " content-cache on";
      if (m.contentcache() == 2) body += " content-cache off";
      body += '\n';
    }
    return fmt::format("exec {} in {}", quoted_list(e.meta().args()), e.meta().cwd());
  }

  std::string file(const pb::Op& op, std::string& body) const {
    for (const pb::FileAction& action : op.file().actions()) {
      const std::string base = input(op, action.input());
      if (action.has_copy()) {
        const pb::FileActionCopy& c = action.copy();
        body += fmt::format("    on {} copy {} {} -> {}{}{}\n", base, input(op, action.secondaryinput()),
                            c.src(), c.dest(), c.dircopycontents() ? " contents" : "",
                            c.allowwildcard() ? " wildcard" : "");
      } else if (action.has_mkdir()) {
        body += fmt::format("    on {} mkdir {} {:o}\n", base, action.mkdir().path(), action.mkdir().mode());
      } else if (action.has_mkfile()) {
        body += fmt::format("    on {} mkfile {} {:o} {} bytes\n", base, action.mkfile().path(),
                            action.mkfile().mode(), action.mkfile().data().size());
      } else {
        body += fmt::format("    on {} other\n", base);
      }
    }
    return "file";
  }

  const definition& d_;
  std::string out_;
  std::unordered_map<std::string, int> lines_;
};

}  // namespace

std::string describe(const definition& d) { return writer(d).all(); }

}  // namespace peelbox::llb
