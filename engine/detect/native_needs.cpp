#include "engine/detect/native_needs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct row {
  ecosystem of;
  std::string_view package;
  std::string_view build;    ///< tools of packages.cpp, with blanks between
  std::string_view runtime;
};

/// Each row from the package's own instructions for installing it. Packages with a binary for every platform
/// (psycopg[binary], sharp, better-sqlite3) need nothing.
constexpr std::array table{
    row{ecosystem::node, "canvas", "c++-build pkgconf python cairo-dev pango-dev", "cairo-runtime pango-runtime"},
    row{ecosystem::node, "fluent-ffmpeg", "", "ffmpeg"},
    row{ecosystem::node, "playwright", "", "chromium"},
    row{ecosystem::node, "puppeteer", "", "chromium"},
    row{ecosystem::node, "node-gyp", "c++-build python", ""},
    row{ecosystem::python, "ffmpeg-python", "", "ffmpeg"},
    row{ecosystem::python, "mysqlclient", "c-build pkgconf python-dev mysql-dev", "mysql-runtime"},
    row{ecosystem::python, "pdf2image", "", "poppler"},
    row{ecosystem::python, "playwright", "", "chromium"},
    row{ecosystem::python, "psycopg", "", "postgresql-runtime"},
    row{ecosystem::python, "psycopg2", "c-build python-dev postgresql-dev", "postgresql-runtime"},
    row{ecosystem::python, "pycairo", "c-build pkgconf python-dev cairo-dev", "cairo-runtime"},
    row{ecosystem::python, "pycurl", "c-build python-dev curl-dev openssl-dev", "curl-runtime"},
    row{ecosystem::python, "pydub", "", "ffmpeg"},
    row{ecosystem::python, "pytesseract", "", "tesseract"},
    row{ecosystem::python, "python-ldap", "c-build python-dev ldap-dev", "ldap-runtime"},
    row{ecosystem::python, "uwsgi", "c-build python-dev", ""},
    row{ecosystem::python, "weasyprint", "", "pango-runtime"},
    row{ecosystem::ruby, "execjs", "", "node"},
    row{ecosystem::ruby, "image_processing", "", "vips"},
    row{ecosystem::ruby, "mini_magick", "", "imagemagick"},
    row{ecosystem::ruby, "mini_racer", "c++-build python", ""},
    row{ecosystem::ruby, "mysql2", "mysql-dev", "mysql-runtime"},
    row{ecosystem::ruby, "pg", "postgresql-dev", "postgresql-runtime"},
    row{ecosystem::ruby, "rails", "yaml-dev", ""},
    row{ecosystem::ruby, "ruby-vips", "", "vips"},
    row{ecosystem::ruby, "sqlite3", "sqlite-dev", "sqlite-runtime"},
};

}  // namespace

void add_native_needs(analysis& work, ecosystem of, const std::set<std::string>& dependencies) {
  // Headers of an interpreter belong to its version.
  const auto version_of = [&](std::string_view tool) -> std::string {
    const std::string_view family = tool == "python-dev" ? "python" : tool;
    const auto at = std::find_if(work.out.build_tools.begin(), work.out.build_tools.end(), [&](const auto& t) { return t.name == family; });
    return at == work.out.build_tools.end() ? "" : at->version;
  };
  for (const row& r : table) {
    if (r.of != of || !dependencies.contains(std::string(r.package))) continue;
    for (const std::string& tool : words_of(r.build)) work.needs(tool, version_of(tool));
    for (const std::string& tool : words_of(r.runtime)) work.needs_at_runtime(tool, version_of(tool));
    const std::string what = fmt::format("{}{}{}", r.build, r.build.empty() || r.runtime.empty() ? "" : " ", r.runtime);
    work.because("native packages", what, fmt::format("dependency {}", r.package), confidence::likely);
  }
}

void needs_git(analysis& work, std::string_view from) {
  work.needs("git");
  work.because("git", "needed", fmt::format("a dependency from a Git repository in {}", from));
}

}  // namespace peelbox::detect
