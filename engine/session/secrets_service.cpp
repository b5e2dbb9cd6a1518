#include "engine/session/secrets_service.hpp"

#include <memory>
#include <utility>

#include "engine/async/read_file.hpp"
#include "engine/session/unary_handler.hpp"
#include "proto/secrets.pb.h"

namespace peelbox::session {

namespace {

namespace secrets_wire = moby::buildkit::secrets::v1;

grpc_status no_secret(const failure& why) {
  return h2grpc::make_status(h2grpc::code::failed_precondition, why.text);
}

task<grpc_status> get_secret(h2grpc::server_call& call, std::shared_ptr<const secret_book> book, blocking_pool& pool) {
  result<secrets_wire::GetSecretRequest> request = co_await receive_request<secrets_wire::GetSecretRequest>(call, "Secrets/GetSecret");
  if (request.has_error()) co_return no_request(request.error());
  const std::string id = request->id();
  const auto found = book->find(id);
  if (found == book->end()) co_return h2grpc::make_status(h2grpc::code::not_found, "secret " + id + ": not found");
  secrets_wire::GetSecretResponse reply;
  if (const auto* value = std::get_if<secret_value>(&found->second)) {
    reply.set_data(value->bytes);
  } else {
    auto read = [path = std::get<secret_file>(found->second).path, id] {
      return read_file(path, "secret " + id + ": " + path, largest_secret);
    };
    result<std::string> bytes = co_await pool.run(std::move(read));
    if (bytes.has_error()) co_return no_secret(bytes.error());
    reply.set_data(std::move(*bytes));
  }
  co_return co_await answer_with(call, std::move(reply));
}

}  // namespace

attachable secrets(secret_book book, blocking_pool& pool) {
  return [book = std::make_shared<const secret_book>(std::move(book)), &pool](h2grpc::method_table& methods) {
    methods.add("/moby.buildkit.secrets.v1.Secrets/GetSecret",
                [book, &pool](h2grpc::server_call& call) { return get_secret(call, book, pool); });
  };
}

}  // namespace peelbox::session
