// Runs one coroutine on an io_context of its own, with a bound, so that no test can hang.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include "engine/async/asio.hpp"

namespace peelbox::test {

/// Returns the coroutine's value, or throws what it threw. Fails the test when it has not ended within `limit`.
template <class T>
T run_task(asio::io_context& io, task<T> work, std::chrono::seconds limit = std::chrono::seconds(20)) {
  std::exception_ptr thrown;
  bool done = false;
  io.restart();
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
      thrown = e;
      done = true;
      io.stop();
    });
    io.run_for(limit);
    if (!done) throw std::runtime_error("the coroutine did not end in time");
    if (thrown) std::rethrow_exception(thrown);
  } else {
    std::optional<T> value;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T v) {
      thrown = e;
      done = true;
      if (!e) value.emplace(std::move(v));
      io.stop();
    });
    io.run_for(limit);
    if (!done) throw std::runtime_error("the coroutine did not end in time");
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
}

/// The context lives as long as the program, because threads of a blocking_pool may use it shortly after the coroutine's end.
template <class T>
T run_task(task<T> work, std::chrono::seconds limit = std::chrono::seconds(20)) {
  static asio::io_context io;
  return run_task(io, std::move(work), limit);
}

}  // namespace peelbox::test
