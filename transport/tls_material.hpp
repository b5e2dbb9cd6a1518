// A certificate, a chain of them or a key in PEM form: the name of a file, or the text itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// A text that may hold a private key: overwritten before its memory is given back. Cannot be copied.
class secret_text {
 public:
  explicit secret_text(std::string text) noexcept : text_(std::move(text)) {}
  ~secret_text();
  secret_text(const secret_text&) = delete;
  secret_text& operator=(const secret_text&) = delete;

  const std::string& get() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Nothing, a file or a text. Copies share the text, which is wiped with the last of them. Neither messages nor logs ever
/// carry it: what they name is described().
class tls_material {
 public:
  tls_material() = default;
  /// An empty path is nothing.
  static tls_material file(std::string path);
  /// PEM, not base64 of it. Also an empty text is something: whoever gave it meant to. Pass an rvalue, so that no copy of
  /// a key stays behind.
  static tls_material data(std::string pem);

  bool empty() const noexcept { return path_.empty() && !text_; }
  bool is_data() const noexcept { return text_ != nullptr; }
  /// Empty for a text.
  const std::string& path() const noexcept { return path_; }

  /// What messages call it: "--tlskey key.pem", or "the data given as key".
  std::string described(std::string_view flag, std::string_view what) const;
  /// The text, read from the file at each call. errc::not_found, permission, io and limit, which begin with `name`.
  result<std::shared_ptr<const secret_text>> read(std::string_view name) const;

 private:
  std::string path_;
  std::shared_ptr<const secret_text> text_;
};

}  // namespace peelbox::transport
