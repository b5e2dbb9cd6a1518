#include "engine/llb/local_sessions.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "engine/data/json.hpp"
#include "engine/llb/edit.hpp"

namespace peelbox::llb {

namespace {

constexpr const char* session_attribute = "local.session";
constexpr std::array<std::string_view, 6> harmless{session_attribute,         "local.unique",          "local.sharedkeyhint",
                                                   "local.includepattern",    "local.excludepatterns", "local.followpaths"};

/// A list as header values that nobody trims, escapes or joins.
bool travels_unchanged(const std::vector<std::string>& list) {
  return std::all_of(list.begin(), list.end(), [](const std::string& text) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f; };
    return !text.empty() && text.front() != ' ' && text.back() != ' ' && std::all_of(text.begin(), text.end(), plain);
  });
}

std::optional<std::vector<std::string>> list_of(const pb::SourceOp& source, const char* attribute) {
  std::vector<std::string> list;
  const auto found = source.attrs().find(attribute);
  if (found == source.attrs().end() || found->second.empty()) return list;
  const auto parsed = data::parse_json(found->second, attribute);
  if (!parsed || !parsed->is_array()) return std::nullopt;
  for (const auto& one : parsed->get_array()) {
    if (!one.is_string()) return std::nullopt;
    list.emplace_back(one.get_string());
  }
  if (!travels_unchanged(list)) return std::nullopt;
  return list;
}

std::optional<local_request> request_of(const pb::Op& op, const std::string& own) {
  if (op.op_case() != pb::Op::kSource || !op.source().identifier().starts_with(local_scheme)) return std::nullopt;
  for (const auto& [key, value] : op.source().attrs()) {
    if (std::find(harmless.begin(), harmless.end(), key) == harmless.end()) return std::nullopt;
    if (key == session_attribute && !value.empty() && value != own) return std::nullopt;
  }
  local_request request;
  request.name = op.source().identifier().substr(local_scheme.size());
  if (!travels_unchanged({request.name})) return std::nullopt;
  auto include = list_of(op.source(), "local.includepattern");
  auto exclude = list_of(op.source(), "local.excludepatterns");
  auto follow = list_of(op.source(), "local.followpaths");
  if (!include || !exclude || !follow) return std::nullopt;
  request.include = std::move(*include);
  request.exclude = std::move(*exclude);
  request.follow_paths = std::move(*follow);
  return request;
}

bool has_local(const pb::Definition& definition) {
  const auto& all = definition.def();
  return std::any_of(all.begin(), all.end(), [](const std::string& op) { return op.find(local_scheme) != op.npos; });
}

}  // namespace

std::vector<local_request> local_requests(const pb::Definition& definition, const std::string& own) {
  std::vector<local_request> all;
  for (const std::string& bytes : definition.def()) {
    pb::Op op;
    if (bytes.find(local_scheme) == bytes.npos || !op.ParseFromString(bytes)) continue;
    auto request = request_of(op, own);
    if (request && std::find(all.begin(), all.end(), *request) == all.end()) all.push_back(std::move(*request));
  }
  return all;
}

void name_sessions(pb::Definition& definition, const std::string& own, const session_names& names) {
  if (names.empty() || !has_local(definition)) return;
  auto graph = read_graph(definition);
  if (!graph) return;
  write_changes(std::move(*graph), definition, [&](std::size_t, pb::Op& op) {
    const auto request = request_of(op, own);
    if (!request) return false;
    const auto named = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == *request; });
    if (named == names.end()) return false;
    (*op.mutable_source()->mutable_attrs())[session_attribute] = named->second;
    return true;
  });
}

void rename_session(pb::Definition& definition, const std::string& from, const std::string& to) {
  if (!has_local(definition)) return;
  auto graph = read_graph(definition);
  if (!graph) return;
  write_changes(std::move(*graph), definition, [&](std::size_t, pb::Op& op) {
    if (op.op_case() != pb::Op::kSource || !op.source().identifier().starts_with(local_scheme)) return false;
    const auto named = op.source().attrs().find(session_attribute);
    if (named == op.source().attrs().end() || named->second != from) return false;
    (*op.mutable_source()->mutable_attrs())[session_attribute] = to;
    return true;
  });
}

}  // namespace peelbox::llb
