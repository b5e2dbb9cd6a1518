// The names of Asio that the whole project uses.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

namespace peelbox {

namespace asio = boost::asio;

/// A coroutine of this project. All coroutines of one build run on one thread; only blocking_pool uses others.
///
/// Cancellation: a cancelled coroutine leaves its current wait and then unwinds with
/// boost::system::system_error(asio::error::operation_aborted) at its next co_await. Everything else that can go
/// wrong in normal life is a result<T>.
template <class T = void>
using task = asio::awaitable<T>;

using executor = asio::any_io_executor;

}  // namespace peelbox
