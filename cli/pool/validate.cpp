#include "cli/pool/validate.hpp"

#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
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

task<int> run_validate(pool_args_cptr args, const surroundings& with) {
  auto reading = read_config(args->config, with);
  const result<pool_config> config = co_await std::move(reading);
  if (config.has_error()) co_return told(config.error(), with);
  if (!config->bastion.empty()) with.say("note: the bastion is not used: connections go through the API server of " + config->cluster);
  with.say(args->config + ": fine");
  co_return pool_ok;
}

}  // namespace peelbox::cli::pool
