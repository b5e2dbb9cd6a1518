#include "engine/llb/op.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string_view>
#include <vector>

namespace peelbox::llb {
namespace {

void append_deterministic(const pb::Op& op, std::string& out) {
  google::protobuf::io::StringOutputStream stream(&out);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  op.SerializeToCodedStream(&coded);
}

}  // namespace

std::string canonical_bytes(const pb::Op& op) {
  // Two messages, one without the oneof and one with nothing but it: written one after the other they have the right order.
  pb::Op head;
  *head.mutable_inputs() = op.inputs();
  if (op.has_platform()) *head.mutable_platform() = op.platform();
  if (op.has_constraints()) *head.mutable_constraints() = op.constraints();
  pb::Op tail;
  switch (op.op_case()) {
    case pb::Op::kExec:
      *tail.mutable_exec() = op.exec();
      break;
    case pb::Op::kSource:
      *tail.mutable_source() = op.source();
      break;
    case pb::Op::kFile:
      *tail.mutable_file() = op.file();
      break;
    case pb::Op::kMerge:
      *tail.mutable_merge() = op.merge();
      break;
    case pb::Op::kDiff:
      *tail.mutable_diff() = op.diff();
      break;
    case pb::Op::OP_NOT_SET:
      break;
  }
  std::string out;
  append_deterministic(head, out);
  append_deterministic(tail, out);
  return out;
}

std::string absolute_path(const std::string& path, const std::string& directory) {
  std::vector<std::string_view> parts;
  const auto add = [&](std::string_view text) {
    std::size_t start = 0;
    while (start <= text.size()) {
      std::size_t end = text.find('/', start);
      if (end == std::string_view::npos) end = text.size();
      const std::string_view part = text.substr(start, end - start);
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else if (!part.empty() && part != ".") {
        parts.push_back(part);
      }
      start = end + 1;
    }
  };
  if (!path.starts_with('/')) add(directory);
  add(path);
  std::string out;
  for (const std::string_view part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

}  // namespace peelbox::llb
