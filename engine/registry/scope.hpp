// What a token is to allow: "repository:library/alpine:pull,push". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace peelbox::registry {

/// Sorted, so that equal sets of rights are equal lists; actions of one resource stand in one entry. As the token
/// specification of the distribution project (docs/spec/auth/scope.md) writes them.
using scopes = std::vector<std::string>;

std::string pull_scope(std::string_view repository);
std::string push_scope(std::string_view repository);

/// All of both. `more` may hold several scopes in one entry, separated by blanks, as a challenge does.
scopes merge(const scopes& some, const scopes& more);

}  // namespace peelbox::registry
