#include "engine/session/user_secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "engine/oci/digest.hpp"
#include "engine/oci/keyed_digest.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::session {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t digits = 64;

std::string text_of(int error) { return std::generic_category().message(error); }

/// Hexadecimal digits of 32 random bytes: random_id() has 129 bits, of which a digest keeps everything.
std::string fresh() { return oci::digest_of(random_id() + random_id()).substr(std::string_view("sha256:").size()); }

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

struct found_file {
  enum class what { nothing, damaged, secret, refused } state = what::nothing;
  std::string text;  ///< the secret, or why it is refused
};

found_file read_file(const std::string& path) {
  using what = found_file::what;
  // A FIFO in its place would hold the open.
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    if (errno == ENOENT) return {};
    return {what::refused, fmt::format("{}: {}", path, text_of(errno))};
  }
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return {what::refused, fmt::format("{}: {}", path, text_of(errno))};
  if (!S_ISREG(about.st_mode)) return {what::refused, path + " is no file"};
  if (about.st_uid != geteuid() && geteuid() != 0) return {what::refused, path + " belongs to somebody else"};
  std::array<char, digits + 2> bytes{};
  ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
  if (size < 0) return {what::refused, fmt::format("{}: {}", path, text_of(errno))};
  std::string text(bytes.data(), static_cast<std::size_t>(size));
  if (text.ends_with('\n')) text.pop_back();
  if (text.size() != digits || text.find_first_not_of("0123456789abcdef") != text.npos) return {what::damaged, {}};
  // Such as a copy from a backup that lost the mode.
  if ((about.st_mode & 0077) != 0) (void)fchmod(file.get(), 0600);
  return {what::secret, std::move(text)};
}

/// Why there is no folder; empty when there is one.
std::string make_folder(const std::string& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  fs::path nearest = folder;
  while (nearest.has_relative_path() && !fs::exists(nearest, error)) nearest = nearest.parent_path();
  struct stat about {};
  if (::stat(nearest.c_str(), &about) != 0) return fmt::format("{}: {}", nearest.string(), text_of(errno));
  // What root makes in a user's home, as with `sudo -E`, the user could not write to afterwards.
  if (geteuid() == 0 && about.st_uid != 0) return fmt::format("{} does not belong to this user", nearest.string());
  std::string path = nearest.string();
  for (const fs::path& part : fs::path(folder).lexically_relative(nearest)) {
    path += "/" + part.string();
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fmt::format("{}: {}", path, text_of(errno));
  }
  return {};
}

/// Puts a new secret to `path` under the rules of load(); `replace`: over a damaged one. Why not; empty when somebody's
/// is there now.
std::string put_file(const std::string& path, bool replace) {
  const std::string unfinished = path + "." + random_id();
  const std::string text = fresh() + "\n";
  {
    const descriptor file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return fmt::format("{}: {}", unfinished, text_of(errno));
    const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(file.get()) == 0;
    if (!written) {
      const int error = errno;
      ::unlink(unfinished.c_str());
      return fmt::format("{}: {}", path, text_of(error));
    }
  }
  // A link is refused when the name exists; not every file system has links.
  int error = 0;
  if (replace) {
    if (::rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
  } else if (::link(unfinished.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    error = ::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0 || errno == EEXIST ? 0 : errno;
  }
  ::unlink(unfinished.c_str());
  return error == 0 ? std::string() : fmt::format("{}: {}", path, text_of(error));
}

}  // namespace

std::string state_folder(const std::optional<std::string>& xdg_state_home, const std::optional<std::string>& home) {
  if (xdg_state_home && xdg_state_home->starts_with('/')) return *xdg_state_home + "/peelbox";
  if (home && home->starts_with('/')) return *home + "/.local/state/peelbox";
  return {};
}

user_secret user_secret::temporary(std::string why) { return {fresh(), {}, std::move(why)}; }

user_secret user_secret::load(const std::string& folder) {
  using what = found_file::what;
  if (folder.empty()) return temporary("neither XDG_STATE_HOME nor HOME names a folder");
  const std::string path = folder + "/id";
  found_file found = read_file(path);
  if (found.state == what::nothing || found.state == what::damaged) {
    std::string why = make_folder(folder);
    if (why.empty()) why = put_file(path, found.state == what::damaged);
    if (!why.empty()) return temporary(std::move(why));
    found = read_file(path);
  }
  if (found.state == what::secret) return {std::move(found.text), path, {}};
  return temporary(found.state == what::refused ? found.text : path + " cannot be kept");
}

std::string user_secret::derive(std::string_view purpose, std::string_view text) const {
  const std::string message = std::string(purpose) + '\0' + std::string(text);
  return oci::keyed_digest(value_, message).substr(std::string_view("sha256:").size(), 32);
}

}  // namespace peelbox::session
