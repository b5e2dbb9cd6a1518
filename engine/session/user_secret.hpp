// A random secret of this user on this machine, for names that nobody else may make or guess.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peelbox::session {

/// Where programs keep what they have to remember: $XDG_STATE_HOME/peelbox, else ~/.local/state/peelbox (XDG Base
/// Directory Specification, which tells relative paths to be ignored). Empty when neither is known.
std::string state_folder(const std::optional<std::string>& xdg_state_home, const std::optional<std::string>& home);

class user_secret {
 public:
  /// From the file `id` in `folder`, which is made (mode 0600, the folders 0700) when it is not there. It appears with
  /// its content or not at all; of several processes that make it at the same time all get the same secret. A file
  /// whose content is damaged is replaced. Root makes no folder in a directory of somebody else, and a file of somebody
  /// else is not believed, except by root.
  /// Where there can be no file the secret is a fresh one of this process, and why_not_kept() tells the reason.
  static user_secret load(const std::string& folder);
  /// Of this process only.
  static user_secret temporary(std::string why);

  /// 32 hexadecimal digits that follow from the secret, the purpose and the text, and tell none of them.
  std::string derive(std::string_view purpose, std::string_view text) const;

  /// The file that keeps it; empty when nothing does.
  const std::string& file() const noexcept { return file_; }
  /// Empty when later processes will have the same secret.
  const std::string& why_not_kept() const noexcept { return why_not_kept_; }

 private:
  user_secret(std::string value, std::string file, std::string why)
      : value_(std::move(value)), file_(std::move(file)), why_not_kept_(std::move(why)) {}

  std::string value_;  // 64 hexadecimal digits
  std::string file_;
  std::string why_not_kept_;
};

}  // namespace peelbox::session
