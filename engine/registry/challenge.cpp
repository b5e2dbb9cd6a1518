#include "engine/registry/challenge.hpp"

#include <algorithm>
#include <optional>

#include "engine/async/ascii.hpp"

namespace peelbox::registry {
namespace {

constexpr std::size_t most = 16;

bool is_token(char c) { return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }

/// Reads from the front.
class reader {
 public:
  explicit reader(std::string_view text) : rest_(text) {}

  bool done() const noexcept { return rest_.empty(); }
  void skip(std::string_view any) {
    while (!rest_.empty() && any.find(rest_.front()) != any.npos) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token);
    const std::string_view found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }
  /// A token, or a quoted string without its quotes and escapes; std::nullopt when the quotes do not end.
  std::optional<std::string> value() {
    if (!take('"')) return std::string(token());
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\') {
        text.push_back(c);
      } else if (!rest_.empty()) {
        text.push_back(rest_.front());
        rest_.remove_prefix(1);
      }
    }
    return std::nullopt;
  }
  reader fork() const { return *this; }
  /// Whether "name =" follows, so that what follows is a parameter and no scheme.
  bool at_parameter() const {
    reader ahead = fork();
    if (ahead.token().empty()) return false;
    ahead.skip(" \t");
    return ahead.take('=');
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string_view challenge::parameter(std::string_view name) const noexcept {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [name](const auto& one) { return one.first == name; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<challenge> parse_challenges(std::string_view field) {
  std::vector<challenge> all;
  reader in(field);
  for (in.skip(" \t,"); !in.done() && all.size() < most; in.skip(" \t,")) {
    challenge one;
    one.scheme = lower(in.token());
    if (one.scheme.empty()) return all;
    in.skip(" \t");
    while (in.at_parameter() && one.parameters.size() < most) {
      std::string name = lower(in.token());
      in.skip(" \t");
      in.take('=');
      in.skip(" \t");
      std::optional<std::string> value = in.value();
      if (!value) return all;
      one.parameters.insert_or_assign(std::move(name), std::move(*value));
      in.skip(" \t,");
    }
    all.push_back(std::move(one));
  }
  return all;
}

const challenge* choose(const std::vector<challenge>& among) noexcept {
  const auto first = [&](auto fits) {
    const auto found = std::find_if(among.begin(), among.end(), fits);
    return found == among.end() ? nullptr : &*found;
  };
  if (const challenge* bearer = first([](const challenge& c) { return c.scheme == "bearer" && !c.parameter("realm").empty(); }))
    return bearer;
  return first([](const challenge& c) { return c.scheme == "basic"; });
}

}  // namespace peelbox::registry
