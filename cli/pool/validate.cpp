#include "cli/pool/validate.hpp"

#include <fmt/format.h>

#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
#include "cli/wrong.hpp"
#include "engine/async/read_file.hpp"

namespace peelbox::cli::pool {

task<result<pool_config>> read_config(std::string path, const surroundings& with) {
  constexpr std::size_t most = 1 << 20;
  auto read = [path] { return read_file(path, path, most); };
  const result<std::string> text = co_await with.pool.run(std::move(read));
  if (text.has_error()) co_return failure(errc::usage, text.error().text, origin::user);
  result<pool_config> config = parse_config(*text, path);
  if (config.has_value())
    for (const std::string& remark : config->remarks) with.say("warning: " + remark);
  co_return config;
}

task<result<pool_args_cptr>> configured(pool_args_cptr args, const surroundings& with) {
  auto whole = std::make_shared<pool_args>(*args);
  if (!args->config.empty()) {
    auto reading = read_config(args->config, with);
    const result<pool_config> config = co_await std::move(reading);
    if (config.has_error()) co_return config.error();
    apply(*config, *whole);
    whole->config.clear();
  }
  if (whole->via_bastion && whole->bastion.empty())
    co_return wrong(args->config.empty() ? "--via-bastion: --config names the buildkit.json whose bastion it is"
                                         : fmt::format("--via-bastion: {} has no \"bastion\"", args->config));
  co_return pool_args_cptr(std::move(whole));
}

task<int> run_validate(pool_args_cptr args, const surroundings& with) {
  auto reading = read_config(args->config, with);
  const result<pool_config> config = co_await std::move(reading);
  if (config.has_error()) co_return told(config.error(), with);
  with.say(args->config + ": fine");
  co_return pool_ok;
}

}  // namespace peelbox::cli::pool
