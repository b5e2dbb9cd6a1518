// Gleam projects on Erlang.
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

void analyse_gleam(analysis& work) {
  work.out.language = "Gleam";
  const std::string* text = work.files.read(work.self.manifest);
  const auto tree = parse_toml(text ? *text : "");
  const std::string name = tree.has_value() ? (*tree)["name"].text : "";
  if (tree.has_error()) work.files.add_note(work.self.manifest, tree.error().text);
  const std::string* main = work.read("src/" + name + ".gleam");
  if (name.empty() || !main || !contains(*main, "pub fn main(")) {
    work.out.no_service = "no main function in src/: a library";
    return;
  }
  if (tree.has_value() && (*tree)["target"].text == "javascript") {
    work.out.no_service = "its target is JavaScript";
    return;
  }
  work.out.name = name;
  work.because("program", name, work.path("src/" + name + ".gleam"));
  for (const char* tool : {"gleam", "erlang", "git"}) work.needs(tool);
  work.needs_at_runtime("erlang");
  work.run("gleam export erlang-shipment");
  work.copy("build/erlang-shipment/", "/app/");
  work.starts(rank::source, {"/app/entrypoint.sh", "run"}, work.self.manifest);
  apply(work, look_at_sources(work, work.sources({".gleam"}), {"mist.port(", "port("}), 0, "");
}

}  // namespace

const build_system gleam_system{.name = "Gleam", .manifests = {"gleam.toml"}, .analyse = analyse_gleam};

}  // namespace peelbox::detect
