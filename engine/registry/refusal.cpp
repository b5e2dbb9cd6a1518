#include "engine/registry/refusal.hpp"

#include <fmt/format.h>

#include "engine/data/json.hpp"
#include "engine/registry/retry.hpp"

namespace peelbox::registry {
namespace {

constexpr std::size_t longest_words = 500;

/// "MANIFEST_UNKNOWN: manifest unknown"
std::string words_of(const http::reply& got) {
  if (const auto tree = data::parse_json(got.body, "reply", {64 << 10, 16}); tree.has_value()) {
    const auto* errors = data::member(*tree, "errors");
    if (errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
      const auto& first = errors->get_array().front();
      std::string text(data::text_of(first, "code"));
      if (const auto message = data::text_of(first, "message"); !message.empty()) text += (text.empty() ? "" : ": ") + std::string(message);
      if (!text.empty()) return text.substr(0, longest_words);
    }
    // Token servers have words of their own.
    for (const char* name : {"details", "error_description", "error"})
      if (const auto text = data::text_of(*tree, name); !text.empty()) return std::string(text.substr(0, longest_words));
  }
  return got.words.substr(0, longest_words);
}

errc code_of(int status) {
  if (status == 404) return errc::not_found;
  if (status == 401 || status == 403) return errc::permission;
  if (status == 413) return errc::limit;
  return worth_retrying(status) ? errc::connection : errc::remote;
}

}  // namespace

failure refusal(std::string_view what, std::string_view host, const http::reply& got) {
  std::string text = fmt::format("{}: HTTP status {}", what, got.status);
  if (const std::string words = words_of(got); !words.empty()) text += ": " + words;
  if (got.status == 401) text += fmt::format("; log in with `docker login {}`, or check that this login may do it", host);
  if (got.status == 403) text += "; this login may not do it";
  if (got.status == 429) {
    const auto wait = retry_after(got.header("retry-after"));
    text += wait ? fmt::format("; too many requests: try again in {} s", wait->count()) : "; too many requests: try again later, or log in";
  }
  return failure(code_of(got.status), std::move(text), origin::peer);
}

}  // namespace peelbox::registry
