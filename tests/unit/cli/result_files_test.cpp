#include "cli/result_files.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace peelbox::cli {
namespace {

build::service_outcome outcome_of(std::map<std::string, std::string> response) {
  build::service_outcome outcome;
  outcome.exporter_response = std::move(response);
  outcome.ref = "theref";
  return outcome;
}

prepared_build prepared(std::vector<std::string> names) {
  prepared_build all;
  for (std::string& name : names) all.services.push_back({std::move(name), {}, {}});
  return all;
}

TEST(ResultFiles, MetadataHasTheKeysOfBuildx) {
  build::build_outcome outcome;
  outcome.services.emplace_back(outcome_of({{"containerimage.digest", "sha256:aa"},
                                            {"containerimage.descriptor", "eyJzaXplIjo3fQ=="},   // {"size":7}
                                            {"list", "WzFd"},                                    // [1]
                                            {"image.name", "docker.io/library/a:1"},
                                            {"broken", "eyJzaXplIjo3fQ="}}));
  const auto parsed = boost::json::parse(metadata_text(prepared({""}), outcome)).as_object();
  EXPECT_EQ(parsed.at("containerimage.digest").as_string(), "sha256:aa");
  EXPECT_EQ(parsed.at("containerimage.descriptor").at("size").as_int64(), 7);
  EXPECT_EQ(parsed.at("list").as_string(), "WzFd") << "only objects are opened";
  EXPECT_EQ(parsed.at("broken").as_string(), "eyJzaXplIjo3fQ=");
  EXPECT_EQ(parsed.at("image.name").as_string(), "docker.io/library/a:1");
  EXPECT_EQ(parsed.at("buildx.build.ref").as_string(), "theref");
}

TEST(ResultFiles, SeveralServicesAreKeptApart) {
  build::build_outcome outcome;
  outcome.services.emplace_back(outcome_of({{"containerimage.digest", "sha256:aa"}}));
  outcome.services.emplace_back(failure(errc::remote, "no"));
  const auto parsed = boost::json::parse(metadata_text(prepared({"api", "web"}), outcome)).as_object();
  EXPECT_EQ(parsed.at("api").at("containerimage.digest").as_string(), "sha256:aa");
  EXPECT_FALSE(parsed.contains("web"));
}

TEST(ResultFiles, TheIdIsThatOfTheConfiguration) {
  EXPECT_EQ(image_id(outcome_of({{"containerimage.digest", "sha256:aa"}, {"containerimage.config.digest", "sha256:cc"}})), "sha256:cc");
  EXPECT_EQ(image_id(outcome_of({{"containerimage.digest", "sha256:aa"}})), "sha256:aa");
  EXPECT_EQ(image_id(outcome_of({})), "");
}

TEST(ResultFiles, OneValueIsNotForSeveralServices) {
  build_args args;
  args.iid_file = "x";
  const auto opened = result_files::open(args, 2);
  ASSERT_TRUE(opened.has_error());
  EXPECT_EQ(opened.error().code, errc::usage);
}

}  // namespace
}  // namespace peelbox::cli
