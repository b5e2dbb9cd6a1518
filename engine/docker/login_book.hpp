// The logins that one build asks for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/docker/credentials.hpp"

namespace peelbox::docker {

/// Asks for each registry's login once, however many calls of the daemon want it at the same time, and keeps the answer
/// for a minute. A look-up goes on when the call that began it is given up (a daemon waits 30 s, somebody who types a
/// passphrase may need longer); who asks again gets its result. On one thread.
class login_book {
 public:
  /// `waiting` is told once for each look-up that takes longer than 5 s, with a line for people.
  login_book(config from, blocking_pool& pool, std::function<void(std::string)> waiting);
  /// Ends the helpers that still run.
  ~login_book();
  login_book(const login_book&) = delete;
  login_book& operator=(const login_book&) = delete;

  /// As find_credentials(); cancelling it ends only the waiting.
  task<result<credentials>> find(std::string host);

 private:
  struct look_up;

  config from_;
  blocking_pool& pool_;
  std::function<void(std::string)> waiting_;
  std::map<std::string, std::shared_ptr<look_up>> by_registry_;
};

}  // namespace peelbox::docker
