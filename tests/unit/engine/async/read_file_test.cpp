#include "engine/async/read_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace peelbox {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class ReadFile : public testing::Test {
 protected:
  ReadFile() {
    char name[] = "/tmp/peelbox-read-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~ReadFile() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(ReadFile, FilesAndWhatIsWrongWithThem) {
  std::ofstream(directory_ + "/f") << "text";
  EXPECT_EQ(read_file(directory_ + "/f", "--f", 10).value(), "text");
  EXPECT_EQ(read_file(directory_ + "/f", "--f", 3).error().code, errc::limit);
  EXPECT_EQ(read_file(directory_ + "/none", "--f", 3).error().code, errc::not_found);
  EXPECT_EQ(read_file(directory_, "--f", 3).error().code, errc::io);
}

TEST_F(ReadFile, APipeIsReadToItsEnd) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::this_thread::sleep_for(20ms);
    std::ofstream to(pipe);
    to << "one " << std::flush;
    std::this_thread::sleep_for(20ms);
    to << "two";
  });
  const auto text = read_file(pipe, "--f", 100);
  writer.join();
  EXPECT_EQ(text.value(), "one two");
}

TEST_F(ReadFile, APipeThatNobodyWritesToIsGivenUp) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto text = read_file(pipe, "--f " + pipe, 100, 30ms);
  ASSERT_TRUE(text.has_error());
  EXPECT_EQ(text.error().code, errc::timed_out);
  EXPECT_THAT(text.error().text, HasSubstr("nobody has written"));
}

}  // namespace
}  // namespace peelbox
