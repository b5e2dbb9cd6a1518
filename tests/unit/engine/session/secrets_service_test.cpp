#include "engine/session/secrets_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "h2grpc/rpc/typed.hpp"
#include "proto/secrets.pb.h"
#include "tests/support/service_call.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::session {
namespace {

namespace secrets_wire = moby::buildkit::secrets::v1;
using testing::HasSubstr;

task<result<std::string>> get(std::shared_ptr<h2grpc::connection> daemon, std::string id) {
  secrets_wire::GetSecretRequest request;
  request.set_id(id);
  result<secrets_wire::GetSecretResponse> reply =
      co_await h2grpc::unary<secrets_wire::GetSecretResponse>(daemon, "/moby.buildkit.secrets.v1.Secrets/GetSecret", request);
  if (reply.has_error()) co_return reply.error();
  co_return reply->data();
}

void put(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

task<void> ask_everything(std::shared_ptr<h2grpc::connection> daemon, std::string file) {
  result<std::string> value = co_await get(daemon, "value");
  EXPECT_EQ(value.value(), std::string("a\0b", 3));
  result<std::string> none = co_await get(daemon, "none");
  EXPECT_EQ(none.error().status->code, static_cast<int>(h2grpc::code::not_found));
  result<std::string> first = co_await get(daemon, "file");
  EXPECT_EQ(first.value(), "before");
  put(file, "after");
  result<std::string> second = co_await get(daemon, "file");
  EXPECT_EQ(second.value(), "after");
  put(file, std::string(largest_secret, 'x'));
  result<std::string> largest = co_await get(daemon, "file");
  EXPECT_EQ(largest.value().size(), largest_secret);
  put(file, std::string(largest_secret + 1, 'x'));
  result<std::string> grown = co_await get(daemon, "file");
  EXPECT_THAT(grown.error().text, HasSubstr("secret file: " + file + ": it is larger than 500 KiB"));
  EXPECT_EQ(grown.error().text.find("xxx"), std::string::npos);
  (void)::unlink(file.c_str());
  result<std::string> gone = co_await get(daemon, "file");
  EXPECT_EQ(gone.error().status->code, static_cast<int>(h2grpc::code::failed_precondition));
  EXPECT_THAT(gone.error().text, HasSubstr("No such file"));
}

TEST(SecretsService, GivesWhatTheBookHas) {
  test::temp_dir dir;
  const std::string file = dir.path() + "/secret";
  put(file, "before");
  blocking_pool pool(1);
  secret_book book;
  book.emplace("value", secret_value{std::string("a\0b", 3)});
  book.emplace("file", secret_file{file});
  test::run_task(test::ask_service(secrets(std::move(book), pool), [&](std::shared_ptr<h2grpc::connection> daemon) {
    return ask_everything(std::move(daemon), file);
  }));
}

}  // namespace
}  // namespace peelbox::session
