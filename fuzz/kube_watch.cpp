// Any bytes as the body of a watch, whole and in two pieces: no crash, both ways the same list; and its objects as pods and events.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/data/json.hpp"
#include "engine/kubernetes/kept_list.hpp"
#include "engine/kubernetes/pool_hold.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;
using namespace peelbox::kubernetes;

namespace {

std::string follow(std::string_view first, std::string_view second, kept_list& list) {
  watch_lines lines;
  std::string told;
  for (const std::string_view part : {first, second}) {
    const auto events = lines.feed(as_bytes(part));
    // Where a piece ends decides how many events were given before it, so nothing is compared after a failure.
    if (events.has_error()) return "failed";
    for (const watch_event& one : *events) {
      const auto done = list.apply(one);
      told += done.has_error() ? "e" : std::to_string(static_cast<int>(*done));
    }
  }
  return told + list.version();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  kept_list whole, pieces;
  const std::string once = follow(text, "", whole);
  require(once == follow(text.substr(0, cut), text.substr(cut), pieces));
  require(once == "failed" || whole.items() == pieces.items());
  require(whole.items().size() <= size);
  const boost::json::value items(whole.items());
  pool_set set;
  set.uid = "u";
  const std::vector<pool_pod> pods = read_pods(items, set);
  for (const pool_pod& pod : pods) require(pod.usable == pod.why_not.empty());
  (void)hold_of(pods, newest_event(items));
  (void)end_of_builds(pods.empty() ? pool_pod() : pods.front(), pods.empty() ? nullptr : &pods.back());
  (void)read_claims(items, set);
  (void)claims_in_use(items);
  for (const boost::json::value& one : whole.items()) (void)read_set(one, "a/b");
  return 0;
}
