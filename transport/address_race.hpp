// In which order, and when, the addresses of a host are tried (RFC 8305, "Happy Eyeballs"). Pure.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace peelbox::transport {

/// The addresses with their families in turn, beginning with the family of the first; within a family the order stays
/// (RFC 8305, 4). So a host of which one family leads nowhere costs one pause, however many addresses it has.
std::vector<boost::asio::ip::tcp::endpoint> in_turn(const std::vector<boost::asio::ip::tcp::endpoint>& addresses);

/// Decides when the next of `count` addresses is tried: `pause` after the one before, or at once when an attempt has
/// failed. Whoever connects first wins; attempts that have begun go on until then.
class address_race {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// RFC 8305, 5: the recommended Connection Attempt Delay.
  static constexpr std::chrono::milliseconds usual_pause{250};

  explicit address_race(std::size_t count, std::chrono::milliseconds pause = usual_pause) : count_(count), pause_(pause) {}

  /// The address to try now, if there is one; ask again until there is none.
  std::optional<std::size_t> next(time_point now);
  /// When to ask again, if nothing happens before; std::nullopt: all have been begun.
  std::optional<time_point> next_at() const;
  /// An attempt has failed.
  void failed() noexcept;
  /// All have failed.
  bool lost() const noexcept { return failed_ == count_; }

 private:
  std::size_t count_;
  std::chrono::milliseconds pause_;
  std::size_t begun_ = 0;
  std::size_t failed_ = 0;
  time_point next_;
  bool at_once_ = true;
};

}  // namespace peelbox::transport
