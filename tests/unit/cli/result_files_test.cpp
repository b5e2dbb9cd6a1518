#include "cli/result_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "cli/warning_list.hpp"

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;

client::service_outcome outcome_of(std::map<std::string, std::string> response) {
  client::service_outcome outcome;
  outcome.exporter_response = std::move(response);
  outcome.ref = "theref";
  return outcome;
}

prepared_build prepared(std::vector<std::string> names) {
  prepared_build all;
  for (std::string& name : names) all.services.push_back({std::move(name), {}});
  return all;
}

TEST(ResultFiles, MetadataHasTheKeysOfBuildx) {
  client::build_outcome outcome;
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

TEST(ResultFiles, WarningsAreThereWhenAskedFor) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) EXPECT_TRUE(wants_metadata_warnings(yes));
  for (const char* no : {"", "0", "false", "yes", "tRUE"}) EXPECT_FALSE(wants_metadata_warnings(no)) << no;

  client::build_outcome outcome;
  outcome.services.emplace_back(outcome_of({}));
  warning_list list;
  const progress::trace picture;
  EXPECT_EQ(list.json(), "");
  EXPECT_FALSE(boost::json::parse(metadata_text(prepared({""}), outcome, list.json())).as_object().contains("buildx.build.warnings"));

  progress::batch events;
  progress::warning one;
  one.vertex = "sha256:aa";
  one.level = 1;
  one.brief = "old";
  one.detail = {"text"};
  one.url = "https://example.com";
  one.source = progress::source_info{"Dockerfile", "FROM x", "Dockerfile"};
  one.ranges = {{{2, 0}, {3, 1}}};
  events.warnings = {one, one};
  list.update(events, picture, {});
  const auto parsed = boost::json::parse(metadata_text(prepared({""}), outcome, list.json())).as_object();
  ASSERT_EQ(parsed.at("buildx.build.warnings").as_array().size(), 2u);
  EXPECT_EQ(parsed.at("buildx.build.warnings").as_array()[0], boost::json::parse(
            R"({"vertex":"sha256:aa","level":1,"short":"b2xk","detail":["dGV4dA=="],"url":"https://example.com",)"
            R"("sourceInfo":{"filename":"Dockerfile","data":"RlJPTSB4","language":"Dockerfile"},)"
            R"("range":[{"start":{"line":2},"end":{"line":3,"character":1}}]})"));

  for (int i = 0; i < 600; ++i) list.update(events, picture, {});
  EXPECT_EQ(boost::json::parse(list.json()).as_array().size(), 1000u);
}

TEST(ResultFiles, ProvenanceStandsBesideTheRest) {
  using mode = client::provenance_mode;
  for (const char* no : {"disabled", "0", "f", "F", "false", "FALSE", "False"}) EXPECT_EQ(metadata_provenance_mode(no), mode::disabled) << no;
  for (const char* min : {"", "min", "1", "true", "MAX", "none"}) EXPECT_EQ(metadata_provenance_mode(min), mode::min) << min;
  EXPECT_EQ(metadata_provenance_mode("max"), mode::max);

  client::build_outcome outcome;
  client::service_outcome one = outcome_of({});
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  one.provenance = {{"buildx.build.provenance/linux/arm64", "{\"builder\":{\"id\":\"\"},\"deep\":" + deep + "}"}};
  outcome.services.emplace_back(one);
  const std::string text = metadata_text(prepared({""}), outcome);
  boost::json::parse_options options;
  options.max_depth = client::deepest_provenance;
  const auto parsed = boost::json::parse(text, {}, options).as_object();
  EXPECT_EQ(boost::json::serialize(parsed.at("buildx.build.provenance/linux/arm64").at("deep")), deep);
}

TEST(ResultFiles, SeveralServicesAreKeptApart) {
  client::build_outcome outcome;
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

class LeaveResults : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "peelbox-results-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { fs::remove_all(dir_); }

  /// A build of services with files that have arrived; `outcomes` are their ends.
  result<void> leave(std::vector<result<client::service_outcome>> outcomes) {
    build_args args;
    args.metadata_file = dir_ / "meta";
    args.ref_file = dir_ / "ref";
    if (outcomes.size() == 1) args.iid_file = dir_ / "iid";
    else args.ref_file.clear();
    prepared_build all;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      all.services.push_back({"s" + std::to_string(i), {}});
      client::solve_request& request = all.options.services.emplace_back();
      request.ref = "asked";
      auto file = session::output_file::create(dir_ / ("image" + std::to_string(i)));
      EXPECT_TRUE(file.has_value() && (*file)->write("image").has_value());
      request.exports.push_back({{}, session::file_target{std::move(*file)}});
    }
    auto files = result_files::open(args, outcomes.size());
    if (files.has_error()) return files.error();
    client::build_outcome outcome;
    outcome.services = std::move(outcomes);
    return leave_results(*files, all, result<client::build_outcome>(std::move(outcome)), true, "");
  }
  std::string there() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& name : names) all += name + " ";
    return all;
  }

  fs::path dir_;
};

TEST_F(LeaveResults, ABuildThatSucceededLeavesAll) {
  EXPECT_TRUE(leave({outcome_of({})}).has_value());
  EXPECT_EQ(there(), "iid image0 meta ref ");
  std::ifstream ref(dir_ / "ref");
  std::string text;
  ref >> text;
  EXPECT_EQ(text, "theref");
}

TEST_F(LeaveResults, OneThatFailedOrWasStoppedLeavesItsReference) {
  EXPECT_TRUE(leave({failure(errc::remote, "no")}).has_value());
  EXPECT_EQ(there(), "ref ");
  EXPECT_TRUE(leave({failure(errc::cancelled, "stopped")}).has_value());
  EXPECT_EQ(there(), "ref ");
}

TEST_F(LeaveResults, OfSeveralThoseThatSucceededUnlessItWasStopped) {
  EXPECT_TRUE(leave({outcome_of({}), failure(errc::cancelled, "stopped")}).has_value());
  EXPECT_EQ(there(), "");
  EXPECT_TRUE(leave({outcome_of({}), failure(errc::remote, "no")}).has_value());
  EXPECT_EQ(there(), "image0 meta ");
}

}  // namespace
}  // namespace peelbox::cli
