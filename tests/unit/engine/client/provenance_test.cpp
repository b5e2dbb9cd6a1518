#include "engine/client/provenance_reader.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/async/event.hpp"
#include "engine/async/task_group.hpp"
#include "engine/oci/digest.hpp"
#include "h2grpc/rpc/server.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/content.pb.h"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::client {
namespace {

namespace wire_v1 = moby::buildkit::v1;
namespace content = containerd::services::content::v1;
namespace json = boost::json;

constexpr const char* v02 = "https://slsa.dev/provenance/v0.2";
constexpr const char* v1 = "https://slsa.dev/provenance/v1";

void attest(wire_v1::BuildResultInfo& to, const std::string& blob, const std::string& type = v02,
            const std::string& media = "application/vnd.in-toto+json") {
  wire_v1::Descriptor& one = *to.add_attestations();
  one.set_media_type(media);
  one.set_digest(oci::digest_of(blob));
  one.set_size(static_cast<std::int64_t>(blob.size()));
  (*one.mutable_annotations())["in-toto.io/predicate-type"] = type;
}

TEST(Provenance, TheFirstOfEachResultIsChosen) {
  wire_v1::BuildHistoryRecord record;
  EXPECT_TRUE(choose_provenance(record)->empty());
  attest(*record.mutable_result(), "sbom", "https://spdx.dev/Document");
  attest(*record.mutable_result(), "layer", v02, "application/octet-stream");
  EXPECT_TRUE(choose_provenance(record)->empty());
  attest(*record.mutable_result(), "one", v1);
  attest(*record.mutable_result(), "two");
  auto chosen = choose_provenance(record);
  ASSERT_EQ(chosen->size(), 1u);
  EXPECT_EQ(chosen->front().key, "buildx.build.provenance");
  EXPECT_EQ(chosen->front().digest, oci::digest_of("one"));
  EXPECT_EQ(chosen->front().size, 3u);
  EXPECT_EQ(chosen->front().predicate_type, v1);

  attest((*record.mutable_results())["linux/arm64"], "arm");
  (*record.mutable_results())["linux/riscv64"];
  chosen = choose_provenance(record);
  ASSERT_EQ(chosen->size(), 1u) << "results by platform count instead";
  EXPECT_EQ(chosen->front().key, "buildx.build.provenance/linux/arm64");
}

TEST(Provenance, TooMuchOrNoDigestIsRefused) {
  wire_v1::BuildHistoryRecord record;
  attest((*record.mutable_results())["linux/amd64"], "a");
  attest((*record.mutable_results())["linux/arm64"], "b");
  wire_v1::Descriptor& one = *(*record.mutable_results())["linux/amd64"].mutable_attestations(0);
  one.set_size(static_cast<std::int64_t>(most_provenance_bytes) - 1);
  EXPECT_TRUE(choose_provenance(record).has_value());
  one.set_size(static_cast<std::int64_t>(most_provenance_bytes));
  EXPECT_EQ(choose_provenance(record).error().code, errc::unsupported) << "both together";
  EXPECT_NE(choose_provenance(record).error().text.find("32 MB"), std::string::npos);
  one.set_size(-1);
  EXPECT_EQ(choose_provenance(record).error().code, errc::protocol);
  one.set_size(1);
  one.set_digest("sha512:" + std::string(128, 'a'));
  EXPECT_EQ(choose_provenance(record).error().code, errc::protocol);
}

TEST(Provenance, MinIsWithoutStepsAndMetadata) {
  const std::string text = R"({"builder":{"id":"x"},"buildConfig":{"llbDefinition":[1]},"metadata":{"a":1},"more":2})";
  EXPECT_EQ(json::parse(*metadata_provenance(text, v02, provenance_mode::max)), json::parse(text));
  EXPECT_EQ(json::parse(*metadata_provenance(text, v02, provenance_mode::min)), json::parse(R"({"builder":{"id":"x"},"more":2})"));
  for (const char* bad : {"", "[]", "{", "{} x"})
    EXPECT_EQ(metadata_provenance(bad, v02, provenance_mode::max).error().code, errc::protocol) << bad;
  const std::string nested = std::string(deepest_provenance + 1, '[') + std::string(deepest_provenance + 1, ']');
  EXPECT_TRUE(metadata_provenance("{\"a\":" + nested + "}", v02, provenance_mode::max).has_error());
}

/// The names on both sides: BuildKit, solver/llbsolver/provenance/types/types.go.
TEST(Provenance, VersionOneIsToldAsVersionTwo) {
  const std::string theirs = R"({
    "buildDefinition": {"buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
      "externalParameters": {"configSource": {"uri": "u", "digest": {"sha1": "d"}, "path": "Dockerfile"},
                             "request": {"frontend": "gateway.v0", "locals": [{"name": "context"}]}},
      "internalParameters": {"buildConfig": {"llbDefinition": []}, "builderPlatform": "linux/amd64", "runner": {"id": 7}},
      "resolvedDependencies": [{"uri": "pkg:docker/a", "digest": {"sha256": "aa"}, "name": "dropped"}]},
    "runDetails": {"builder": {"id": "b", "version": {}},
      "metadata": {"invocationId": "i", "startedOn": "s", "finishedOn": "f", "buildkit_metadata": {"vcs": {"source": "git"}},
                   "buildkit_hermetic": true, "buildkit_completeness": {"request": true, "resolvedDependencies": false}}}})";
  const std::string ours = R"({
    "builder": {"id": "b"}, "buildType": "https://mobyproject.org/buildkit@v1",
    "materials": [{"uri": "pkg:docker/a", "digest": {"sha256": "aa"}}],
    "invocation": {"configSource": {"uri": "u", "digest": {"sha1": "d"}, "entryPoint": "Dockerfile"},
                   "parameters": {"frontend": "gateway.v0", "locals": [{"name": "context"}]},
                   "environment": {"platform": "linux/amd64", "runner": {"id": 7}}},
    "buildConfig": {"llbDefinition": []},
    "metadata": {"buildInvocationID": "i", "buildStartedOn": "s", "buildFinishedOn": "f",
                 "completeness": {"parameters": true, "environment": true, "materials": false}, "reproducible": false,
                 "https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"source": "git"}},
                 "https://mobyproject.org/buildkit@v1#hermetic": true}})";
  EXPECT_EQ(json::parse(*metadata_provenance(theirs, v1, provenance_mode::max)), json::parse(ours));
  EXPECT_EQ(json::parse(*metadata_provenance("{}", v1, provenance_mode::max)), json::parse(R"({
    "builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1",
    "invocation": {"configSource": {}, "parameters": {}, "environment": {"platform": ""}}})"));
}

/// A daemon that answers what the test has put here.
struct daemon_script {
  std::optional<wire_v1::BuildHistoryRecord> record;
  int event_type = 1;
  std::vector<std::string> pieces;
  bool serves_content = true;
  bool answers = true;
};

using texts = std::map<std::string, std::string>;

result<texts> ask(const daemon_script& script, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  asio::io_context io;
  const logger log;
  h2grpc::method_table table;
  if (script.record)
    table.add("/moby.buildkit.v1.Control/ListenBuildHistory", [&](h2grpc::server_call& call) -> task<grpc_status> {
      auto request = co_await call.receive();
      const auto asked = h2grpc::decode<wire_v1::BuildHistoryRequest>(**request, "request");
      EXPECT_EQ(asked->ref(), "theref");
      EXPECT_TRUE(asked->earlyexit());
      wire_v1::BuildHistoryEvent told;
      told.set_type(script.event_type);
      *told.mutable_record() = *script.record;
      (void)co_await call.send(h2grpc::encode(told));
      event forever(co_await asio::this_coro::executor);
      if (!script.answers) (void)co_await forever.wait();
      co_return grpc_status{};
    });
  if (script.serves_content)
    table.add("/containerd.services.content.v1.Content/Read", [&](h2grpc::server_call& call) -> task<grpc_status> {
      (void)co_await call.receive();
      for (const std::string& piece : script.pieces) {
        content::ReadContentResponse message;
        message.set_data(piece);
        result<void> sent = co_await call.send(h2grpc::encode(message));
        if (sent.has_error()) break;
      }
      co_return grpc_status{};
    });
  auto streams = test::make_memory_pair(io.get_executor());
  auto client = h2grpc::connection::create(h2grpc::role::client, std::move(streams.a), {}, io.get_executor(), log);
  auto server = h2grpc::connection::create(h2grpc::role::server, std::move(streams.b), {}, io.get_executor(), log);
  result<texts> answer = failure(errc::internal, "not asked");
  auto run_client = [&]() -> task<result<void>> {
    (void)co_await client->run();
    co_return result<void>();
  };
  auto run_server = [&]() -> task<result<void>> {
    (void)co_await h2grpc::serve(server, table);
    co_return result<void>();
  };
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) -> task<result<void>> {
    group.spawn(run_client());
    group.spawn(run_server());
    answer = co_await read_provenance(client, "theref", provenance_mode::max, limit);
    group.cancel();
    co_return result<void>();
  };
  task<result<void>> running = task_group::run(std::move(all));
  (void)test::run_task(io, std::move(running));
  return answer;
}

daemon_script script_of(std::vector<std::string> pieces, const std::string& promised) {
  daemon_script script;
  script.record.emplace();
  attest(*script.record->mutable_result(), promised);
  script.pieces = std::move(pieces);
  return script;
}

TEST(ProvenanceReader, ABlobComesInPieces) {
  const auto answer = ask(script_of({"{\"a\"", "", ":1}"}, "{\"a\":1}"));
  ASSERT_TRUE(answer.has_value()) << answer.error().text;
  EXPECT_EQ(*answer, (texts{{"buildx.build.provenance", "{\"a\":1}"}}));
}

TEST(ProvenanceReader, ADaemonThatHasNothingIsNoFailure) {
  EXPECT_TRUE(ask(daemon_script())->empty()) << "no history";
  daemon_script script = script_of({"{}"}, "{}");
  script.event_type = 0;
  EXPECT_TRUE(ask(script)->empty()) << "the build still runs";
  script = daemon_script();
  script.record.emplace();
  EXPECT_TRUE(ask(script)->empty()) << "no provenance";
}

TEST(ProvenanceReader, WhatIsNotThePromisedBlobIsRefused) {
  EXPECT_EQ(ask(script_of({"{\"a\":2}"}, "{\"a\":1}")).error().code, errc::protocol);
  EXPECT_EQ(ask(script_of({"{\"a\""}, "{\"a\":1}")).error().code, errc::protocol);
  EXPECT_EQ(ask(script_of({"{\"a\":1}", "more", "and more"}, "{\"a\":1}")).error().code, errc::protocol);
  daemon_script script = script_of({}, "{}");
  script.serves_content = false;
  EXPECT_EQ(ask(script).error().code, errc::remote);
}

TEST(ProvenanceReader, ADaemonThatDoesNotAnswerIsLeft) {
  daemon_script script = script_of({}, "{}");
  script.answers = false;
  const auto answer = ask(script, std::chrono::milliseconds(50));
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().code, errc::timed_out);
}

}  // namespace
}  // namespace peelbox::client
