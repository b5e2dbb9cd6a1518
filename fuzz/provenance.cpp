// A daemon's provenance in --metadata-file: in the form of v0.2, and an object that can be read again.
#include "engine/client/provenance.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peelbox;
  // The first byte chooses version and mode.
  const std::string_view text(reinterpret_cast<const char*>(data) + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0);
  const bool first = size > 0 && (data[0] & 1) != 0;
  const auto mode = size > 0 && (data[0] & 2) != 0 ? client::provenance_mode::min : client::provenance_mode::max;
  const auto told = client::metadata_provenance(
      text, first ? "https://slsa.dev/provenance/v1" : "https://slsa.dev/provenance/v0.2", mode);
  if (told.has_error()) return 0;
  boost::json::parse_options options;
  options.max_depth = client::deepest_provenance;
  boost::system::error_code error;
  const boost::json::value again = boost::json::parse(*told, error, {}, options);
  if (error || !again.is_object()) std::abort();
  const boost::json::object& all = again.get_object();
  if (mode == client::provenance_mode::min && (all.contains("buildConfig") || all.contains("metadata"))) std::abort();
  if (first && (!all.at("builder").is_object() || !all.at("invocation").at("environment").is_object())) std::abort();
  return 0;
}
