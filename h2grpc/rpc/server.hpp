// Serves a table of methods on one connection.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "h2grpc/rpc/connection.hpp"

namespace peelbox::h2grpc {

/// Handles one call and returns its status. It may call server_call::finish itself before it returns.
using method_handler = std::function<task<grpc_status>(server_call& call)>;

struct method {
  method_handler handle;
  bool urgent = false;
};

/// Full method path -> handler.
class method_table {
 public:
  void add(std::string path, method_handler handle, bool urgent = false) {
    methods_[std::move(path)] = method{std::move(handle), urgent};
  }
  const method* find(const std::string& path) const {
    const auto it = methods_.find(path);
    return it == methods_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& [path, m] : methods_) all.push_back(path);
    return all;
  }

 private:
  std::map<std::string, method> methods_;
};

/// Runs the connection and a task for each incoming call until the connection ends; unknown paths are answered with
/// unimplemented. Returns why it ended, after all handlers have ended. `table` must outlive it.
/// A handler is cancelled when its caller resets the call, when the call's deadline passes, and when the connection
/// ends. An exception of a handler is answered with Internal and a generic text.
task<failure> serve(std::shared_ptr<connection> connection, const method_table& table);

}  // namespace peelbox::h2grpc
