#include "transport/tls_material.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <utility>

#include "engine/async/read_file.hpp"

namespace peelbox::transport {
namespace {

// The certificate bundles of whole systems are smaller than 1 MiB.
constexpr std::size_t largest = 4 << 20;

}  // namespace

secret_text::~secret_text() { OPENSSL_cleanse(text_.data(), text_.size()); }

tls_material tls_material::file(std::string path) {
  tls_material made;
  made.path_ = std::move(path);
  return made;
}

tls_material tls_material::data(std::string pem) {
  tls_material made;
  made.text_ = std::make_shared<const secret_text>(std::move(pem));
  return made;
}

std::string tls_material::described(std::string_view flag, std::string_view what) const {
  return is_data() ? fmt::format("the data given as {}", what) : fmt::format("{} {}", flag, path_);
}

result<std::shared_ptr<const secret_text>> tls_material::read(std::string_view name) const {
  if (text_) {
    if (text_->get().size() > largest)
      return failure(errc::limit, fmt::format("{}: it is larger than {} MiB", name, largest >> 20), origin::user);
    return text_;
  }
  result<std::string> text = read_file(path_, std::string(name), largest);
  if (text.has_error()) return text.error();
  return std::make_shared<const secret_text>(std::move(*text));
}

}  // namespace peelbox::transport
