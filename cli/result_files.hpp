// What a build leaves for programs: --metadata-file, --iidfile, --ref-file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/build_plan.hpp"
#include "engine/client/build.hpp"
#include "engine/session/output_file.hpp"

namespace peelbox::cli {

/// What BUILDX_METADATA_PROVENANCE asks for: "min", "max", "disabled" or false in the words of Go's strconv.ParseBool.
/// Everything else means min (buildx, util/confutil/metadata.go).
client::provenance_mode metadata_provenance_mode(std::string_view variable);

/// The document of --metadata-file, with buildx's keys (buildx, commands/build.go): everything that the exporter answered,
/// where values that are base64 of a JSON object become that object, "buildx.build.ref" and the provenance. For several services an
/// object of such objects by name, without those that failed (as `buildx bake` writes it). Ends with a line end.
/// `warnings` is a JSON array for "buildx.build.warnings", or empty.
std::string metadata_text(const prepared_build& prepared, const client::build_outcome& outcome, const std::string& warnings = "");

/// The content of --iidfile: the digest of the image's configuration, else that of its manifest; empty without an image.
std::string image_id(const client::service_outcome& outcome);

/// Files are opened before the build, so that a wrong name is known at once. What is staged waits for the build's point of no
/// return: commit() gives everything its name, also the files that the exporters wrote.
class result_files {
 public:
  /// errc::usage when one of them is wanted for several services; other failures as of output_file::create.
  static result<result_files> open(const build_args& args, std::size_t services);

  /// Writes the reference of a build that began, even if it failed.
  result<void> stage_ref(const std::string& ref);
  /// Of services that succeeded.
  result<void> stage(const prepared_build& prepared, const client::build_outcome& outcome, const std::string& warnings);
  /// Does not wait for anybody, so no signal is looked at between the first name and the last.
  result<void> commit();

 private:
  std::unique_ptr<session::output_file> metadata_;
  std::unique_ptr<session::output_file> image_id_;
  std::unique_ptr<session::output_file> ref_;
  std::vector<session::output_file*> staged_;
};

/// The end of a build: everything that it leaves, or after a failure or an interruption its reference only. Nothing when
/// the build did not begin.
result<void> leave_results(result_files& files, const prepared_build& prepared,
                           const result<client::build_outcome>& outcome, bool began, const std::string& warnings);

}  // namespace peelbox::cli
