#include "engine/session/filesync_service.hpp"

#include <gtest/gtest.h>

namespace peelbox::session {
namespace {

TEST(FileSyncHeaders, ListsAreTakenInOrder) {
  const h2grpc::metadata headers{{"dir-name", "context"},
                                 {"include-patterns", "a"},
                                 {"exclude-patterns", "x/**"},
                                 {"include-patterns", "b c"},
                                 {"followpaths", "link"}};
  const filesync::request_filters filters = filters_of(headers);
  EXPECT_EQ(filters.include, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(filters.exclude, (std::vector<std::string>{"x/**"}));
  EXPECT_EQ(filters.follow_paths, (std::vector<std::string>{"link"}));
}

TEST(FileSyncHeaders, EncodedListsAreUnescaped) {
  const h2grpc::metadata headers{{"include-patterns", "caf%C3%A9+x%2By%"},
                                 {"include-patterns-encoded", "1"},
                                 {"exclude-patterns", "a%20b+c"}};
  const filesync::request_filters filters = filters_of(headers);
  EXPECT_EQ(filters.include, (std::vector<std::string>{"caf\xc3\xa9 x+y%"}));
  EXPECT_EQ(filters.exclude, (std::vector<std::string>{"a%20b+c"}));
}

}  // namespace
}  // namespace peelbox::session
