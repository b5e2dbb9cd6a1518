#include "engine/session/content_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>
#include <variant>

#include "engine/async/read_file.hpp"
#include "engine/async/unnamed_file.hpp"
#include "engine/async/write_all.hpp"
#include "engine/oci/manifest.hpp"
#include "engine/session/identity.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::session {

namespace {

namespace fs = std::filesystem;

/// Other clients hold the lock for the time of one small file.
constexpr auto longest_lock = std::chrono::seconds(30);

failure of_layout(const std::string& directory, std::string_view why) {
  return failure(errc::context, fmt::format("{}: {}", directory, why), origin::user);
}

std::string path_of(const std::string& directory, const oci::digest_parts& digest) {
  return fmt::format("{}/blobs/{}/{}", directory, digest.algorithm, digest.hex);
}

result<void> make_directories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return errno_failure(error.value(), path);
  return {};
}

result<unique_fd> lock(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) return errno_failure(errno, path);
  for (const auto until = std::chrono::steady_clock::now() + longest_lock; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) return errno_failure(errno, path);
    if (std::chrono::steady_clock::now() >= until)
      return failure(errc::timed_out,
                     fmt::format("{}: another program has held this lock for {} s; end it, and build again", path, longest_lock.count()),
                     origin::user);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fd;
}

}  // namespace

blob_writer::~blob_writer() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

result<void> blob_writer::write(std::string_view bytes) {
  hash_.update(bytes);
  size_ += bytes.size();
  const int error = write_all(fd_.get(), bytes);
  if (error != 0) return errno_failure(error, directory_ + ": cannot write a blob");
  return {};
}

result<std::string> blob_writer::commit(std::uint64_t total, const std::string& expected) {
  const std::string digest = hash_.finish();
  if (total != 0 && size_ != total)
    return of_layout(directory_, fmt::format("a blob arrived with {} bytes instead of {}", size_, total));
  if (!expected.empty() && digest != expected)
    return of_layout(directory_, fmt::format("a blob arrived with the digest {} instead of {}", digest, expected));
  const std::string target = path_of(directory_, oci::parse_digest(digest).value());
  int error = 0;
  if (temporary_.empty()) error = name_file(fd_.get(), target);
  else if (::rename(temporary_.c_str(), target.c_str()) != 0) error = errno;
  // Somebody else was faster with the same content.
  if (error != 0 && error != EEXIST) return errno_failure(error, target);
  temporary_.clear();
  return digest;
}

result<content_store::blob> content_store::open(const std::string& digest) const {
  result<oci::digest_parts> parts = oci::parse_digest(digest);
  if (parts.has_error()) return parts.error();
  const std::string path = path_of(directory_, *parts);
  // A fifo in its place would hold the open.
  blob found{unique_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), 0};
  if (!found.fd) return errno_failure(errno, path);
  struct stat about {};
  if (::fstat(found.fd.get(), &about) != 0) return errno_failure(errno, path);
  if (!S_ISREG(about.st_mode)) return of_layout(path, "it is no file");
  found.size = static_cast<std::uint64_t>(about.st_size);
  return found;
}

result<std::unique_ptr<blob_writer>> content_store::begin() const {
  const std::string blobs = directory_ + "/blobs/sha256";
  result<void> made = make_directories(blobs);
  if (made.has_error()) return made.error();
  std::string temporary;
  unique_fd fd = open_unnamed(blobs, 0666);
  if (!fd) {
    temporary = blobs + "/." + random_id() + ".tmp";
    fd = unique_fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!fd) return errno_failure(errno, blobs);
  }
  return std::unique_ptr<blob_writer>(new blob_writer(directory_, std::move(fd), std::move(temporary)));
}

result<std::optional<std::string>> content_store::index() const {
  const std::string path = directory_ + "/" + std::string(oci::layout_index_file);
  result<std::string> text = read_file(path, path, oci::max_manifest_bytes);
  if (text.has_value()) return std::optional(std::move(*text));
  if (text.error().code == errc::not_found) return std::optional<std::string>();
  return text.error();
}

result<std::string> content_store::manifest(const std::string& digest) const {
  result<blob> there = open(digest);
  if (there.has_error()) return there.error();
  const std::string path = path_of(directory_, oci::parse_digest(digest).value());
  result<std::string> text = read_file(path, path, oci::max_manifest_bytes);
  if (text.has_value() && oci::digest_of(*text) != digest) return of_layout(path, "its content is not what its name says");
  return text;
}

result<unique_fd> content_store::hold() const {
  result<void> made = make_directories(directory_);
  if (made.has_error()) return made.error();
  unique_fd fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_failure(errno, directory_);
  // A file system without locks has none for remove_unnamed() either, which then removes nothing.
  (void)::flock(fd.get(), LOCK_SH | LOCK_NB);
  return fd;
}

result<void> content_store::flush() const {
  const unique_fd fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) return errno_failure(errno, directory_);
  return {};
}

result<void> content_store::name(const std::string& descriptor, std::span<const oci::layout_name> names) const {
  result<std::string> digest = oci::digest_of_descriptor(descriptor);
  if (digest.has_error()) return digest.error();
  result<blob> there = open(*digest);
  if (there.has_error()) return there.error();
  result<void> flushed = flush();
  if (flushed.has_error()) return flushed;
  const std::string path = directory_ + "/" + std::string(oci::layout_index_file);
  result<unique_fd> held = lock(path + ".lock");
  if (held.has_error()) return held.error();
  result<std::optional<std::string>> old = index();
  if (old.has_error()) return old.error();
  result<std::string> next = oci::with_names(old->value_or(""), descriptor, names);
  if (next.has_error()) return next.error().in(directory_);
  const std::string marker = directory_ + "/" + std::string(oci::layout_marker_file);
  std::error_code error;
  if (!fs::exists(marker, error)) {
    result<void> marked = write_file(marker, oci::layout_marker);
    if (marked.has_error()) return marked;
  }
  return write_file(path, *next);
}

namespace {

using digests = std::set<std::string, std::less<>>;

bool is_manifest(std::string_view media_type) noexcept {
  return media_type == oci::media_oci_index || media_type == oci::media_oci_manifest || media_type == oci::media_docker_index ||
         media_type == oci::media_docker_manifest;
}

/// All that the entries of an index lead to.
result<digests> reachable(const content_store& store, const std::vector<oci::descriptor>& entries) {
  digests found;
  std::vector<oci::descriptor> next = entries;
  while (!next.empty()) {
    const oci::descriptor one = std::move(next.back());
    next.pop_back();
    if (!found.insert(one.digest).second || !is_manifest(one.media_type)) continue;
    result<std::string> text = store.manifest(one.digest);
    if (text.has_error()) return text.error();
    result<oci::manifest_document> read = oci::parse_manifest(*text);
    if (read.has_error()) return read.error().in(one.digest);
    if (const auto* index = std::get_if<oci::image_index>(&*read)) {
      next.insert(next.end(), index->manifests.begin(), index->manifests.end());
    } else {
      const auto& image = std::get<oci::image_manifest>(*read);
      next.push_back(image.config);
      next.insert(next.end(), image.layers.begin(), image.layers.end());
    }
  }
  return found;
}

}  // namespace

result<std::size_t> content_store::remove_unnamed() const {
  const unique_fd held(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!held) return errno_failure(errno, directory_);
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK ? of_layout(directory_, "another build writes into it") : errno_failure(errno, directory_);
  const std::string path = directory_ + "/" + std::string(oci::layout_index_file);
  result<unique_fd> locked = lock(path + ".lock");
  if (locked.has_error()) return locked.error();
  result<std::optional<std::string>> text = index();
  if (text.has_error()) return text.error();
  if (!*text) return of_layout(directory_, "it has no index.json");
  result<oci::manifest_document> entries = oci::parse_manifest(**text);
  if (entries.has_error()) return entries.error().in(path);
  if (!std::holds_alternative<oci::image_index>(*entries)) return of_layout(path, "it is no index");
  result<digests> kept = reachable(*this, std::get<oci::image_index>(*entries).manifests);
  if (kept.has_error()) return kept.error();
  std::size_t removed = 0;
  std::error_code error;
  for (const fs::directory_entry& one : fs::directory_iterator(directory_ + "/blobs/sha256", error)) {
    const std::string digest = "sha256:" + one.path().filename().string();
    if (oci::parse_digest(digest).has_error() || kept->contains(digest)) continue;
    if (::unlink(one.path().c_str()) != 0) return errno_failure(errno, one.path().string());
    ++removed;
  }
  if (error) return errno_failure(error.value(), directory_);
  return removed;
}

}  // namespace peelbox::session
