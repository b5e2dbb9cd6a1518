#include "transport/address_race.hpp"

#include <utility>

namespace peelbox::transport {

using boost::asio::ip::tcp;

std::vector<tcp::endpoint> in_turn(const std::vector<tcp::endpoint>& addresses) {
  std::vector<tcp::endpoint> first;
  std::vector<tcp::endpoint> second;
  for (const tcp::endpoint& one : addresses)
    (one.protocol() == addresses.front().protocol() ? first : second).push_back(one);
  std::vector<tcp::endpoint> turns;
  for (std::size_t i = 0; i < first.size() || i < second.size(); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < second.size()) turns.push_back(second[i]);
  }
  return turns;
}

std::optional<std::size_t> address_race::next(time_point now) {
  if (begun_ == count_ || (!at_once_ && now < next_)) return std::nullopt;
  at_once_ = false;
  next_ = now + pause_;
  return begun_++;
}

std::optional<address_race::time_point> address_race::next_at() const {
  if (begun_ == count_) return std::nullopt;
  return at_once_ ? time_point::min() : next_;
}

void address_race::failed() noexcept {
  ++failed_;
  at_once_ = true;
}

}  // namespace peelbox::transport
