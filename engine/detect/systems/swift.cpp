// Swift packages, read as text.
#include <fmt/format.h>

#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

void analyse_swift(analysis& work) {
  work.out.language = "Swift";
  const std::string* text = work.files.read(work.self.manifest);
  const std::size_t at = text ? text->find(".executableTarget(") : std::string::npos;
  const std::size_t name_at = at == std::string::npos ? at : text->find("name:", at);
  const auto name = name_at == std::string::npos ? std::nullopt : quoted_after(*text, name_at);
  if (!name || name->empty()) {
    work.out.no_service = "no executableTarget: a library";
    return;
  }
  work.out.name = *name;
  work.because("program", *name, "executableTarget in " + work.self.manifest);
  work.needs("swift");
  work.needs("git");
  work.needs_at_runtime("c++-runtime");
  work.run(fmt::format("swift build -c release --static-swift-stdlib --product {}", shell_word(*name)));
  const std::string installed = "/usr/local/bin/" + *name;
  work.copy(".build/release/" + *name, installed);
  work.starts_program(installed, work.self.manifest);
  if (contains(*text, "vapor")) {
    constexpr std::uint16_t usual = 8080;
    work.out.framework = "Vapor";
    work.because("framework", "Vapor", work.self.manifest);
    const std::string_view port = told_port(work, usual, "Vapor's usual port");
    work.starts(rank::configured, {installed, "serve", "--hostname", "0.0.0.0", "--port", std::string(port)}, "Vapor");
  }
  apply(work, look_at_sources(work, work.sources({".swift"}), {"port: "}), 0, "");
}

}  // namespace

const build_system swift_system{.name = "Swift", .manifests = {"Package.swift"}, .analyse = analyse_swift};

}  // namespace peelbox::detect
