#include "transport/stdcopy.hpp"

#include <gmock/gmock.h>

#include "engine/async/task_group.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"
#include "transport/stdcopy_stream.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;

std::string frame(char kind, std::string_view content) {
  std::string bytes{kind, 0, 0, 0};
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(content.size() >> shift & 0xff);
  return bytes + std::string(content);
}

TEST(Stdcopy, TakesFramesApartWhateverThePieces) {
  const std::string bytes = frame(1, "hello ") + frame(2, "oops") + frame(1, "") + frame(1, "world") + frame(0, "!");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    stdcopy frames;
    std::string out;
    std::string error;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const auto fed = frames.feed(as_bytes(std::string_view(bytes).substr(at, piece)),
                                   [&](stdcopy::source from, byte_view content) {
                                     (from == stdcopy::source::out ? out : error) += as_text(content);
                                   });
      ASSERT_TRUE(fed.has_value()) << fed.error().text;
    }
    EXPECT_EQ(out, "hello world!");
    EXPECT_EQ(error, "oops");
    EXPECT_TRUE(frames.at_boundary());
  }
}

TEST(Stdcopy, RefusesOtherForms) {
  const auto feed = [](std::string_view bytes) {
    stdcopy frames;
    return frames.feed(as_bytes(bytes), [](stdcopy::source, byte_view) {});
  };
  EXPECT_EQ(feed("HTTP/1.1 200 OK").error().code, errc::protocol);
  EXPECT_EQ(feed(std::string("\4\0\0\0\0\0\0\1x", 9)).error().code, errc::protocol);
  EXPECT_THAT(feed(frame(3, "container is gone")).error().text, HasSubstr("container is gone"));
}

TEST(Stdcopy, AnErrorOfTheEngineIsWholeInPiecesOfAnySize) {
  const std::string bytes = frame(3, "container is gone");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    stdcopy frames;
    std::string said;
    for (std::size_t at = 0; at < bytes.size() && said.empty(); at += piece) {
      const auto fed = frames.feed(as_bytes(std::string_view(bytes).substr(at, piece)), [](stdcopy::source, byte_view) {});
      if (fed.has_error()) said = fed.error().text;
    }
    EXPECT_EQ(said, "the engine says: container is gone") << piece;
  }
}

result<std::string> read_through(std::string bytes) {
  asio::io_context io;
  auto pair = test::make_memory_pair(io.get_executor());
  auto reader = make_stdcopy_stream(std::move(pair.a), "docker-container://x");
  return test::run_task(io, [](stream& from, stream& to, std::string text) -> task<result<std::string>> {
    byte_chain chain(byte_slice::of(std::move(text)));
    (void)co_await to.write(std::move(chain));
    (void)co_await to.shutdown_write();
    std::string all;
    for (;;) {
      const auto got = co_await from.read();
      if (got.has_error()) co_return got.error();
      if (got->empty()) co_return all;
      all += as_text(*got);
    }
  }(*reader, *pair.b, std::move(bytes)));
}

TEST(StdcopyStream, GivesStdoutAndEndsInOrder) { EXPECT_EQ(*read_through(frame(1, "a") + frame(1, "bc")), "abc"); }

TEST(StdcopyStream, TheProgramsLastWordsAreTheFailure) {
  const auto got = read_through(frame(2, "exec: \"buildctl\": not found\n"));
  ASSERT_TRUE(got.has_error());
  EXPECT_THAT(got.error().text, HasSubstr("docker-container://x: exec: \"buildctl\": not found"));
  EXPECT_THAT(read_through("").error().text, HasSubstr("without a word"));
  EXPECT_THAT(read_through(frame(1, "abc").substr(0, 9)).error().text, HasSubstr("middle of a frame"));
}

}  // namespace
}  // namespace peelbox::transport
