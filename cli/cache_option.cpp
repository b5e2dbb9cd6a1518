#include "cli/cache_option.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/csv_fields.hpp"
#include "cli/output_fields.hpp"
#include "engine/async/ascii.hpp"

namespace peelbox::cli {

namespace {

using attributes = std::map<std::string, std::string>;

struct cache_type {
  std::string_view name;
  bool from;
  /// The attribute that says where the cache is; empty: none is needed.
  std::string_view place_from;
  std::string_view place_to;
  std::string_view example;
};
constexpr auto types = std::to_array<cache_type>({
    {"registry", true, "ref", "ref", "type=registry,ref=REGISTRY/NAME:TAG"},
    {"local", true, "src", "dest", "type=local,src=DIR or type=local,dest=DIR"},
    {"inline", false, "", "", "type=inline"},
    {"gha", true, "", "", "type=gha,scope=NAME"},
    {"s3", true, "", "", "type=s3,region=REGION,bucket=BUCKET"},
    {"azblob", true, "", "", "type=azblob,account_url=URL"},
});

struct cache_entry_text {
  std::string_view flag;
  std::string_view text;
  cache_way way;
  cache_spelling spelling;
  const environment& variables;

  failure wrong(std::string_view why) const {
    return failure(errc::usage, fmt::format("{} '{}': {}", flag, text, why), origin::user);
  }
};

void fill(attributes& of, const char* key, const std::optional<std::string>& value) {
  if (value && !value->empty()) of.emplace(key, *value);
}

/// What a cache of GitHub's actions lacks; empty: nothing.
std::string fill_gha(attributes& of, const environment& variables) {
  const auto version = of.find("version");
  const bool second = version != of.end() ? version->second == "2" : is_true(variables("ACTIONS_CACHE_SERVICE_V2").value_or(""));
  if (second) fill(of, "url_v2", variables("ACTIONS_RESULTS_URL"));
  std::optional<std::string> url = variables("ACTIONS_CACHE_URL");
  if (!url || url->empty()) url = variables("ACTIONS_RESULTS_URL");
  fill(of, "url", url);
  fill(of, "token", variables("ACTIONS_RUNTIME_TOKEN"));
  if (!of.contains("token")) return "a token: it is in ACTIONS_RUNTIME_TOKEN inside of a workflow's action, or give token=TOKEN";
  if (!of.contains("url") && !of.contains("url_v2"))
    return "an address: it is in ACTIONS_RESULTS_URL or ACTIONS_CACHE_URL inside of a workflow's action, or give url_v2=URL";
  return {};
}

/// Both keys belong together, so what is given is not mixed with what the environment has.
void fill_s3(attributes& of, const environment& variables) {
  if (of.contains("access_key_id") || of.contains("secret_access_key")) return;
  const std::optional<std::string> id = variables("AWS_ACCESS_KEY_ID");
  const std::optional<std::string> key = variables("AWS_SECRET_ACCESS_KEY");
  if (!id || id->empty() || !key || key->empty()) return;
  fill(of, "access_key_id", id);
  fill(of, "secret_access_key", key);
  fill(of, "session_token", variables("AWS_SESSION_TOKEN"));
}

result<void> check(const cache_entry_text& from, const cache_type& type, attributes& of) {
  const std::string_view needed = from.way == cache_way::from ? type.place_from : type.place_to;
  if (needed.empty()) return {};
  const auto place = of.find(std::string(needed));
  if (place == of.end() || place->second.empty())
    return from.wrong(fmt::format("a cache with type={} needs {}, as in {}", type.name, needed, type.example));
  return {};
}

result<void> parse_csv(const cache_entry_text& from, parsed_caches& into) {
  result<attributes> fields = parse_fields(from.text);
  if (fields.has_error()) return from.wrong(fields.error().text);
  attributes& of = *fields;
  const auto named = of.find("type");
  if (named == of.end() || named->second.empty())
    return from.wrong("type is missing, as in type=registry,ref=REGISTRY/NAME:TAG or type=local,dest=DIR");
  const std::string name = named->second;
  of.erase(named);
  const auto type = std::find_if(types.begin(), types.end(), [&](const cache_type& one) { return one.name == name; });
  if (type == types.end() || (from.way == cache_way::from && !type->from)) {
    std::vector<std::string_view> known;
    for (const cache_type& one : types)
      if (one.from || from.way == cache_way::to) known.push_back(one.name);
    const bool is_inline = type != types.end();
    return from.wrong(is_inline ? std::string("an inline cache is in the image; import it with type=registry,ref=IMAGE")
                                : fmt::format("type={} is not known; it is {}", name, fmt::join(known, ", ")));
  }
  if (from.way == cache_way::to) {
    const auto mode = of.find("mode");
    if (mode != of.end() && mode->second != "min" && mode->second != "max")
      return from.wrong(fmt::format("mode={} is not known; it is min or max", mode->second));
    if (mode == of.end() && from.spelling == cache_spelling::buildctl) of.emplace("mode", "min");
  }
  if (name == "gha") {
    const std::string missing = fill_gha(of, from.variables);
    if (!missing.empty() && from.spelling == cache_spelling::buildctl) return from.wrong("a cache with type=gha needs " + missing);
    if (!missing.empty()) {
      into.warnings.push_back(fmt::format("{} '{}' is left out: a cache with type=gha needs {}", from.flag, from.text, missing));
      return {};
    }
  }
  if (name == "s3") fill_s3(of, from.variables);
  result<void> complete = check(from, *type, of);
  if (complete.has_error()) return complete;
  into.places.push_back({name, std::move(of)});
  return {};
}

void add_registry(const cache_entry_text& from, std::string reference, parsed_caches& into) {
  client::cache_place place{"registry", {{"ref", std::move(reference)}}};
  if (from.way == cache_way::to && from.spelling == cache_spelling::buildctl) place.attributes.emplace("mode", "min");
  into.places.push_back(std::move(place));
}

}  // namespace

result<parsed_caches> parse_cache(std::string_view flag, std::string_view text, cache_way way, cache_spelling spelling,
                                  const environment& variables) {
  const cache_entry_text from{flag, text, way, spelling, variables};
  parsed_caches into;
  const bool fields = spelling == cache_spelling::buildctl ? text.find("type=") != text.npos : text.find('=') != text.npos;
  if (fields) {
    result<void> parsed = parse_csv(from, into);
    if (parsed.has_error()) return parsed.error();
    return into;
  }
  if (text.empty()) return from.wrong("it is empty; write type=registry,ref=REGISTRY/NAME:TAG or a reference alone");
  if (spelling == cache_spelling::buildctl) {
    add_registry(from, std::string(text), into);
    return into;
  }
  result<std::vector<std::string>> references = split_csv(text);
  if (references.has_error()) return from.wrong(references.error().text);
  for (std::string& reference : *references) add_registry(from, std::move(reference), into);
  return into;
}

bool has_credentials(const client::cache_place& place) {
  return std::any_of(place.attributes.begin(), place.attributes.end(), [](const auto& one) {
    return one.first == "token" || one.first == "ghtoken" || one.first == "session_token" || one.first == "secret_access_key";
  });
}

}  // namespace peelbox::cli
