#include "cli/frontend_door.hpp"

#include <fmt/format.h>

#include <utility>

#include "cli/local_option.hpp"
#include "cli/wrong.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::cli {

namespace {

constexpr std::string_view argument = "build-arg:";
constexpr std::string_view subrequests = "moby.buildkit.frontend.subrequests";

/// The last of equal keys counts. An argument without a value is the variable's, and does not count when there is none
/// (buildkit, cmd/buildctl/build/opt.go).
result<std::map<std::string, std::string>> parse_options(const std::vector<std::string>& texts, const environment& env) {
  std::map<std::string, std::string> all;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (key.empty()) return wrong(fmt::format("--opt {}: the key is missing; expected KEY=VALUE", text));
    if (equals != text.npos) {
      all[key] = text.substr(equals + 1);
    } else if (key.starts_with(argument)) {
      if (auto value = env(std::string_view(key).substr(argument.size()))) all[key] = std::move(*value);
    } else {
      return wrong(fmt::format("--opt {}: the value is missing; expected KEY=VALUE", text));
    }
  }
  return all;
}

}  // namespace

result<frontend_door> open_frontend_door(const build_args& args, const session::user_secret& user, const environment& env) {
  frontend_door door;
  door.frontend.name = args.frontend;
  auto options = parse_options(args.options, env);
  if (options.has_error()) return options.error();
  door.frontend.attributes = std::move(*options);
  auto& attributes = door.frontend.attributes;
  if (const auto asked = attributes.find("requestid"); asked != attributes.end()) {
    constexpr std::string_view prefix = "frontend.";
    const std::string_view method = asked->second;
    door.question = frontend_question{std::string(method.starts_with(prefix) ? method.substr(prefix.size()) : method), false, false};
    attributes.emplace("frontend.caps", subrequests);
  }
  auto locals = parse_locals(args.locals);
  if (locals.has_error()) return locals.error();
  std::string roots;
  for (const auto& [name, root] : *locals) {
    door.contexts[name] = whole_directory(root);
    roots += name + '=' + root + '\0';
  }
  door.shared_key = args.paranoid ? "peelbox-" + session::random_id() : session::shared_key_for(user, roots, "frontend");
  return door;
}

result<door_plan> plan_build(frontend_door door, const door_setting& with) {
  (void)with;
  door_plan plan;
  plan.requests.push_back(request_of(std::move(door.frontend), std::move(door.question), plan.asked));
  plan.contexts = std::move(door.contexts);
  plan.shared_key = std::move(door.shared_key);
  plan.attested = {false, false};
  return plan;
}

}  // namespace peelbox::cli
