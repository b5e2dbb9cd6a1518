#include "cli/pool/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "cli/pool/decide.hpp"
#include "engine/async/ascii.hpp"
#include "engine/async/closest.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/spec/json_tree.hpp"
#include "transport/helper_command.hpp"

namespace peelbox::cli::pool {

namespace {

using spec::json_value;

struct key {
  std::string_view name;
  std::string pool_config::* into;
  bool required;
  /// What is wrong with a text that is not empty; empty: nothing.
  std::string (*fault)(const std::string& text);
};

std::string fault_of_registry(const std::string& text) {
  if (text.find("://") != text.npos) return "a host without a scheme, such as registry.example.com:5000";
  const auto whole = oci::parse_image_reference(text + "/app:1");
  if (whole.has_error()) return whole.error().text;
  if (whole->registry == "docker.io" && !text.starts_with("docker.io")) return "a host has a dot or a port, such as registry.example.com:5000";
  return {};
}

/// Names of buckets as S3 has them (Amazon S3 user guide, "General purpose bucket naming rules").
std::string fault_of_bucket(const std::string& text) {
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.'; });
  if (!letters || text.size() < 3 || text.size() > 63) return "3 to 63 lower case letters, digits, dots and hyphens";
  return {};
}

std::string fault_of_region(const std::string& text) {
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
  return letters ? "" : "a region's name, such as eu-central-1";
}

std::string fault_of_bastion(const std::string& text) {
  const auto argv = transport::ssh_forward_command(text, "127.0.0.1", daemon_port);
  return argv.has_error() ? "a name of your ssh configuration or [USER@]HOST[:PORT] is wanted" : "";
}

std::string any_text(const std::string&) { return {}; }

constexpr std::array<key, 5> keys{{
    {"registry", &pool_config::registry, true, fault_of_registry},
    {"cluster", &pool_config::cluster, true, any_text},
    {"cache_bucket", &pool_config::cache_bucket, false, fault_of_bucket},
    {"cache_bucket_region", &pool_config::cache_bucket_region, false, fault_of_region},
    {"bastion", &pool_config::bastion, false, fault_of_bastion},
}};
constexpr std::string_view sign_command = "bastion_sign_command";

constexpr spec::json_limits limits{1 << 20, 16, 10'000};

class reader {
 public:
  reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  void complain(std::size_t offset, std::string_view what) {
    mistakes_ += fmt::format("{}{}:{}: {}", mistakes_.empty() ? "" : "\n", name_, spec::line_of(text_, offset), what);
  }

  void read(const spec::json_member& member, const key& known) {
    std::string& into = made_.*known.into;
    if (member.value.type != json_value::kind::string) return complain(member.value.offset, fmt::format("{}: a string is wanted", known.name));
    if (!into.empty()) return complain(member.offset, fmt::format("{}: it is there twice", known.name));
    if (member.value.text.empty()) return complain(member.value.offset, fmt::format("{}: it is empty", known.name));
    into = member.value.text;
    if (const std::string fault = known.fault(into); !fault.empty()) complain(member.value.offset, fmt::format("{}: {}: {}", known.name, into, fault));
  }

  void read_words(const spec::json_member& member, std::vector<std::string>& into) {
    const json_value& list = member.value;
    const bool words = list.type == json_value::kind::array && !list.items.empty() && std::all_of(list.items.begin(), list.items.end(), [](const json_value& one) {
      return one.type == json_value::kind::string && !one.text.empty() && one.text.find('\0') == std::string::npos;
    });
    if (!words) return complain(list.offset, fmt::format("{}: a list of strings is wanted, a program and its arguments: [\"sh\", \"-c\", …]", member.key));
    if (!into.empty()) return complain(member.offset, fmt::format("{}: it is there twice", member.key));
    for (const json_value& one : list.items) into.push_back(one.text);
  }

  result<pool_config> read(const json_value& tree) {
    const auto wrong = [](std::string text) { return failure(errc::usage, std::move(text), origin::user); };
    if (tree.type != json_value::kind::object) return wrong(fmt::format("{}:{}: an object is wanted: {{\"registry\": …, \"cluster\": …}}", name_, spec::line_of(text_, tree.offset)));
    std::vector<std::string> names;
    for (const key& known : keys) names.emplace_back(known.name);
    names.emplace_back(sign_command);
    for (const spec::json_member& member : tree.members) {
      const auto known = std::find_if(keys.begin(), keys.end(), [&](const key& one) { return one.name == member.key; });
      if (known != keys.end()) read(member, *known);
      else if (member.key == sign_command) read_words(member, made_.bastion_sign_command);
      else if (const std::string meant = did_you_mean(member.key, names); !meant.empty())
        made_.remarks.push_back(fmt::format("{}:{}: {} is not known{}", name_, spec::line_of(text_, member.offset), member.key, meant));
    }
    for (const key& known : keys)
      if (known.required && std::none_of(tree.members.begin(), tree.members.end(), [&](const auto& one) { return one.key == known.name; }))
        complain(tree.offset, fmt::format("{} is missing", known.name));
    if (made_.cache_bucket.empty() != made_.cache_bucket_region.empty()) complain(tree.offset, "cache_bucket and cache_bucket_region belong together");
    if (made_.bastion.empty() && !made_.bastion_sign_command.empty()) complain(tree.offset, fmt::format("{} needs bastion", sign_command));
    if (!mistakes_.empty()) return wrong(std::move(mistakes_));
    return std::move(made_);
  }

 private:
  std::string_view text_;
  const std::string& name_;
  pool_config made_;
  std::string mistakes_;
};

}  // namespace

result<pool_config> parse_config(std::string_view text, const std::string& name) {
  const result<json_value> tree = spec::parse_json(text, name, limits);
  if (tree.has_error()) return tree.error();
  return reader(text, name).read(*tree);
}

void apply(const pool_config& config, pool_args& args) {
  if (!args.repository.starts_with(config.registry + '/')) args.repository = config.registry + '/' + args.repository;
  if (args.access.context.empty()) args.access.context = config.cluster;
  args.bastion = config.bastion;
  args.bastion_sign = config.bastion_sign_command;
  args.bucket = config.cache_bucket;
  args.bucket_region = config.cache_bucket_region;
}

}  // namespace peelbox::cli::pool
