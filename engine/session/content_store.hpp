// A directory with an OCI image layout: blobs by digest, and an index that names some of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"
#include "engine/oci/digest.hpp"
#include "engine/oci/layout_index.hpp"

namespace peelbox::session {

/// A blob that arrives in pieces: without a name until it is complete and has its digest.
class blob_writer {
 public:
  ~blob_writer();
  blob_writer(const blob_writer&) = delete;
  blob_writer& operator=(const blob_writer&) = delete;

  /// The next bytes. errc::io and its like.
  result<void> write(std::string_view bytes);
  std::uint64_t size() const noexcept { return size_; }
  /// Gives it the name of its digest. errc::context when `total` (0: not known) or `expected` (empty: not known) say something
  /// else; then nothing is left.
  result<std::string> commit(std::uint64_t total, const std::string& expected);

 private:
  friend class content_store;
  blob_writer(std::string directory, unique_fd fd, std::string temporary)
      : directory_(std::move(directory)), fd_(std::move(fd)), temporary_(std::move(temporary)) {}

  std::string directory_;
  unique_fd fd_;
  std::string temporary_;  // empty for an unnamed file
  oci::sha256 hash_;
  std::uint64_t size_ = 0;
};

/// Everything blocks. Several threads may use it.
class content_store {
 public:
  enum class access { read, write };

  /// Looks at nothing yet.
  content_store(std::string directory, access how) : directory_(std::move(directory)), how_(how) {}

  const std::string& directory() const noexcept { return directory_; }
  bool writable() const noexcept { return how_ == access::write; }

  struct blob {
    unique_fd fd;
    std::uint64_t size = 0;
  };
  /// errc::not_found when there is none, errc::usage for what is no digest.
  result<blob> open(const std::string& digest) const;
  /// A new one. Its directories are made.
  result<std::unique_ptr<blob_writer>> begin() const;

  /// index.json as it is; std::nullopt when there is none.
  result<std::optional<std::string>> index() const;
  /// Waits until all that was written is on the disk, with whatever others wrote to that file system.
  result<void> flush() const;
  /// Gives a descriptor (JSON) its names: after flush(), when all blobs are on the disk, index.json is replaced in one step, under the lock
  /// index.json.lock that BuildKit's clients take (client/ociindex). errc::not_found when the layout does not have the blob.
  result<void> name(const std::string& descriptor, std::span<const oci::layout_name> names) const;
  /// The text of an index or a manifest, compared with its digest. errc::limit for more than oci::max_manifest_bytes.
  result<std::string> manifest(const std::string& digest) const;

  /// Makes the directory where it is missing, and holds it against remove_unnamed() of other programs as long as the descriptor is
  /// open. Others may hold it too.
  result<unique_fd> hold() const;
  /// Removes the blobs that no entry of index.json leads to, and says how many there were. errc::context, and nothing is removed,
  /// when somebody holds the directory or when a manifest is missing or not understood.
  result<std::size_t> remove_unnamed() const;

 private:
  std::string directory_;
  access how_;
};

}  // namespace peelbox::session
