#include "engine/client/known_sessions.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/async/read_file.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/async/write_all.hpp"
#include "engine/data/json.hpp"
#include "engine/session/content_id.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::client {

namespace {

namespace fs = std::filesystem;
namespace json = data::json;

/// Of one kind, so that going back to a branch finds what was built there before.
constexpr std::size_t most_of_a_kind = 8;
constexpr std::size_t most_files = 256;
constexpr std::size_t most_bytes = 256 * 1024;
/// Another meaning of the fields has another version.
constexpr std::int64_t version = 1;

json::array list_of(const std::vector<std::string>& texts) {
  json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

std::string text_of(const known_session& one) {
  json::array sent;
  for (const session::sent_context& each : one.sent)
    sent.push_back(json::object{{"name", each.name},
                                {"include", list_of(each.filters.include)},
                                {"exclude", list_of(each.filters.exclude)},
                                {"follow", list_of(each.filters.follow_paths)},
                                {"digest", each.digest}});
  return data::to_text(json::object{{"version", version}, {"sent", std::move(sent)}});
}

std::optional<std::vector<std::string>> texts_in(const json::value& from, std::string_view name) {
  const json::value* found = data::member(from, name);
  if (found == nullptr || !found->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const json::value& one : found->get_array()) {
    if (!one.is_string()) return std::nullopt;
    texts.emplace_back(one.get_string());
  }
  return texts;
}

std::optional<std::vector<session::sent_context>> read_sent(const json::value& from) {
  const json::value* which = data::member(from, "version");
  const json::value* list = data::member(from, "sent");
  if (which == nullptr || *which != version || list == nullptr || !list->is_array()) return std::nullopt;
  std::vector<session::sent_context> sent;
  for (const json::value& one : list->get_array()) {
    auto include = texts_in(one, "include");
    auto exclude = texts_in(one, "exclude");
    auto follow = texts_in(one, "follow");
    const std::string digest(data::text_of(one, "digest"));
    if (!include || !exclude || !follow || digest.empty()) return std::nullopt;
    sent.push_back({std::string(data::text_of(one, "name")), {std::move(*include), std::move(*exclude), std::move(*follow)}, digest});
  }
  if (sent.empty()) return std::nullopt;
  return sent;
}

struct named_file {
  std::string name;
  fs::file_time_type time;
};

/// The newest first.
std::vector<named_file> files_in(const std::string& folder) {
  std::vector<named_file> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code unknown;
    const auto time = at->last_write_time(unknown);
    if (!unknown) files.push_back({at->path().filename().string(), time});
  }
  std::sort(files.begin(), files.end(), [](const named_file& a, const named_file& b) { return a.time > b.time; });
  return files;
}

failure cannot(const std::string& path) { return failure(errc::io, path + ": " + std::generic_category().message(errno)); }

}  // namespace

known_sessions::known_sessions(const session::user_secret& user, std::string_view kind) {
  if (user.file().empty()) return;
  folder_ = user.file() + ".sessions";
  prefix_ = user.derive("known sessions", session::content_generation(user) + '\0' + std::string(kind)) + "-";
}

std::string known_sessions::path_of(const std::string& id) const { return folder_ + "/" + prefix_ + id; }

std::vector<known_session> known_sessions::all() const {
  std::vector<known_session> found;
  if (folder_.empty()) return found;
  for (const named_file& file : files_in(folder_)) {
    if (!file.name.starts_with(prefix_) || found.size() == most_of_a_kind) continue;
    const auto text = read_file(folder_ + "/" + file.name, file.name, most_bytes);
    const auto tree = text ? data::parse_json(*text, file.name, {most_bytes}) : failure(errc::io, file.name);
    auto sent = tree ? read_sent(*tree) : std::nullopt;
    if (sent) found.push_back({file.name.substr(prefix_.size()), std::move(*sent)});
  }
  return found;
}

bool known_sessions::take(const std::string& id) const { return !folder_.empty() && ::unlink(path_of(id).c_str()) == 0; }

result<void> known_sessions::put(const known_session& one) const {
  if (folder_.empty()) return {};
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return cannot(folder_);
  const std::vector<named_file> files = files_in(folder_);
  std::size_t of_this_kind = 1;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool ours = files[i].name.starts_with(prefix_);
    if (i + 1 >= most_files || (ours && ++of_this_kind > most_of_a_kind)) ::unlink((folder_ + "/" + files[i].name).c_str());
  }
  const std::string text = text_of(one);
  if (text.size() > most_bytes) return {};
  // In the same folder under a name that no kind has; what a killed build leaves of it goes with the oldest files.
  const std::string unfinished = folder_ + "/." + session::random_id();
  const unique_fd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return cannot(unfinished);
  if (const int error = write_all(file.get(), text); error != 0) errno = error;
  else if (::rename(unfinished.c_str(), path_of(one.id).c_str()) == 0) return {};
  failure why = cannot(unfinished);
  ::unlink(unfinished.c_str());
  return why;
}

}  // namespace peelbox::client
