#include <fmt/format.h>

#include <optional>

#include "cli/pool/choose.hpp"
#include "cli/pool/commands.hpp"
#include "cli/pool/decide.hpp"
#include "cli/pool/view.hpp"
#include "engine/data/json.hpp"

namespace peelbox::cli::pool {

namespace json = boost::json;
using kubernetes::pool_pod;
using kubernetes::pool_set;

task<int> run_address(pool_args_cptr args, const surroundings& with) {
  auto opening = open_pool(args, with);
  result<pool_view_ptr> pool = co_await std::move(opening);
  if (pool.has_error()) co_return told(pool.error(), with);
  args = (*pool)->args;
  auto asking = (*pool)->set(args->arch);
  result<pool_set> set = co_await std::move(asking);
  if (set.has_error()) co_return told(set.error(), with);
  auto listing = (*pool)->pods(*set, args->policy != "random");
  result<std::vector<pool_pod>> pods = co_await std::move(listing);
  if (pods.has_error()) co_return told(pods.error(), with);
  auto choosing = choose(*pool, *pods);
  const std::optional<pool_pod> chosen = co_await std::move(choosing);
  if (!chosen) {
    with.say(fmt::format("error: {} has no pod that is ready: {}. `peelbox pool scale up --only {} --wait` starts one", set->name,
                         obstacles(*pods), args->arch));
    co_return pool_nothing;
  }
  const std::string address = address_of(*chosen, *args, (*pool)->name_space());
  if (!args->as_json) {
    with.answer(address);
    co_return pool_ok;
  }
  json::array all;
  for (const pool_pod& pod : *pods) all.push_back(as_json(pod));
  with.answer(data::to_text(json::object{{"address", address}, {"pod", chosen->name}, {"policy", args->policy}, {"pods", std::move(all)}}));
  co_return pool_ok;
}

}  // namespace peelbox::cli::pool
