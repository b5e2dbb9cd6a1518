#include "cli/result_files.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "cli/summary.hpp"
#include "engine/data/indented.hpp"
#include "engine/async/base64.hpp"

namespace peelbox::cli {

namespace {

namespace json = boost::json;

json::object metadata_of(const client::service_outcome& outcome) {
  json::object all;
  for (const auto& [key, value] : outcome.exporter_response) {
    // Go adds padding (base64.StdEncoding).
    if (const auto plain = value.size() % 4 == 0 ? decode_base64(value) : std::nullopt) {
      boost::system::error_code error;
      json::value parsed = json::parse(*plain, error);
      if (!error && parsed.is_object()) {
        all[key] = std::move(parsed);
        continue;
      }
    }
    all[key] = value;
  }
  all["buildx.build.ref"] = outcome.ref;
  json::parse_options deep;
  deep.max_depth = client::deepest_provenance;
  for (const auto& [key, text] : outcome.provenance) all[key] = json::parse(text, {}, deep);
  return all;
}

result<std::unique_ptr<session::output_file>> open_file(const std::string& flag, const std::string& path) {
  if (path.empty()) return std::unique_ptr<session::output_file>();
  result<std::unique_ptr<session::output_file>> file = session::output_file::create(path);
  if (file.has_error()) return file.error().in(flag);
  return file;
}

}  // namespace

client::provenance_mode metadata_provenance_mode(std::string_view variable) {
  constexpr std::array<std::string_view, 7> no{"disabled", "0", "f", "F", "false", "FALSE", "False"};
  if (variable == "max") return client::provenance_mode::max;
  return std::find(no.begin(), no.end(), variable) != no.end() ? client::provenance_mode::disabled
                                                               : client::provenance_mode::min;
}

std::string metadata_text(const prepared_build& prepared, const client::build_outcome& outcome, const std::string& warnings) {
  json::object all;
  if (prepared.services.size() == 1) {
    all = metadata_of(*outcome.services.front());
  } else {
    for (std::size_t i = 0; i < prepared.services.size(); ++i)
      if (outcome.services[i].has_value()) all[prepared.services[i].name] = metadata_of(*outcome.services[i]);
  }
  if (!warnings.empty()) all["buildx.build.warnings"] = json::parse(warnings);
  return data::indented(all) + "\n";
}

std::string image_id(const client::service_outcome& outcome) {
  const auto config = outcome.exporter_response.find("containerimage.config.digest");
  return config == outcome.exporter_response.end() ? image_digest(outcome) : config->second;
}

result<result_files> result_files::open(const build_args& args, std::size_t services) {
  if (services > 1 && (!args.iid_file.empty() || !args.ref_file.empty()))
    return failure(errc::usage,
                   fmt::format("{} holds one value; for several services use --metadata-file, which has all of them",
                               args.iid_file.empty() ? "--ref-file" : "--iidfile"),
                   origin::user);
  result_files files;
  struct wanted {
    const char* flag;
    const std::string& path;
    std::unique_ptr<session::output_file>& file;
  };
  const std::array<wanted, 3> all{{{"--metadata-file", args.metadata_file, files.metadata_},
                                   {"--iidfile", args.iid_file, files.image_id_},
                                   {"--ref-file", args.ref_file, files.ref_}}};
  for (const wanted& one : all) {
    result<std::unique_ptr<session::output_file>> opened = open_file(one.flag, one.path);
    if (opened.has_error()) return opened.error();
    one.file = std::move(*opened);
  }
  return files;
}

result<void> result_files::stage_ref(const std::string& ref) {
  if (!ref_) return {};
  staged_.push_back(ref_.get());
  result<void> written = ref_->write(ref);
  return written.has_error() ? written.error().in("--ref-file") : written;
}

result<void> result_files::stage(const prepared_build& prepared, const client::build_outcome& outcome, const std::string& warnings) {
  for (std::size_t i = 0; i < prepared.options.services.size(); ++i) {
    if (outcome.services[i].has_error()) continue;
    for (const client::export_request& one : prepared.options.services[i].exports)
      if (const auto* file = std::get_if<session::file_target>(&one.where)) staged_.push_back(file->file.get());
  }
  const result<client::service_outcome>& first = outcome.services.front();
  if (image_id_ && first.has_value()) {
    staged_.push_back(image_id_.get());
    if (result<void> done = image_id_->write(image_id(*first)); done.has_error()) return done.error().in("--iidfile");
  }
  if (metadata_) {
    staged_.push_back(metadata_.get());
    result<void> done = metadata_->write(metadata_text(prepared, outcome, warnings));
    if (done.has_error()) return done.error().in("--metadata-file");
  }
  return {};
}

result<void> result_files::commit() { return session::commit_all(std::exchange(staged_, {})); }

result<void> leave_results(result_files& files, const prepared_build& prepared,
                           const result<client::build_outcome>& outcome, bool began, const std::string& warnings) {
  bool any = false;
  bool all = false;
  bool stopped = false;
  if (outcome.has_value()) {
    const auto built = [](const auto& one) { return one.has_value(); };
    any = std::any_of(outcome->services.begin(), outcome->services.end(), built);
    all = std::all_of(outcome->services.begin(), outcome->services.end(), built);
    stopped = std::any_of(outcome->services.begin(), outcome->services.end(),
                          [](const auto& one) { return one.has_error() && one.error().code == errc::cancelled; });
  } else if (!began) {
    return {};  // a build that reached no daemon has no reference that anybody knows
  }
  const bool known = any && outcome->services.front().has_value();
  result<void> done = files.stage_ref(known ? outcome->services.front()->ref : prepared.options.services.front().ref);
  if (done.has_value() && outcome.has_value() && !stopped && (all || prepared.services.size() > 1))
    done = files.stage(prepared, *outcome, warnings);
  return done.has_error() ? done : files.commit();
}

}  // namespace peelbox::cli
