#include "engine/detect/native_needs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct native_need {
  ecosystem of;
  std::string_view package;
  std::string_view build;    ///< tools of packages.cpp, with blanks between
  std::string_view runtime;
};

/// Each row from the package's own instructions for installing it. Packages with a binary for every platform
/// (psycopg[binary], sharp, better-sqlite3) need nothing.
constexpr std::array known_needs{
    native_need{ecosystem::node, "canvas", "c++-build pkgconf python cairo-dev pango-dev", "cairo-runtime pango-runtime"},
    native_need{ecosystem::node, "fluent-ffmpeg", "", "ffmpeg"},
    native_need{ecosystem::node, "playwright", "", "chromium"},
    native_need{ecosystem::node, "puppeteer", "", "chromium"},
    native_need{ecosystem::node, "node-gyp", "c++-build python", ""},
    native_need{ecosystem::python, "ffmpeg-python", "", "ffmpeg"},
    native_need{ecosystem::python, "mysqlclient", "c-build pkgconf python-dev mysql-dev", "mysql-runtime"},
    native_need{ecosystem::python, "pdf2image", "", "poppler"},
    native_need{ecosystem::python, "playwright", "", "chromium"},
    native_need{ecosystem::python, "psycopg", "", "postgresql-runtime"},
    native_need{ecosystem::python, "psycopg2", "c-build python-dev postgresql-dev", "postgresql-runtime"},
    native_need{ecosystem::python, "pycairo", "c-build pkgconf python-dev cairo-dev", "cairo-runtime"},
    native_need{ecosystem::python, "pycurl", "c-build python-dev curl-dev openssl-dev", "curl-runtime"},
    native_need{ecosystem::python, "pydub", "", "ffmpeg"},
    native_need{ecosystem::python, "pytesseract", "", "tesseract"},
    native_need{ecosystem::python, "python-ldap", "c-build python-dev ldap-dev", "ldap-runtime"},
    native_need{ecosystem::python, "uwsgi", "c-build python-dev", ""},
    native_need{ecosystem::python, "weasyprint", "", "pango-runtime"},
    native_need{ecosystem::ruby, "execjs", "", "node"},
    native_need{ecosystem::ruby, "image_processing", "", "vips"},
    native_need{ecosystem::ruby, "mini_magick", "", "imagemagick"},
    native_need{ecosystem::ruby, "mini_racer", "c++-build python", ""},
    native_need{ecosystem::ruby, "mysql2", "mysql-dev", "mysql-runtime"},
    native_need{ecosystem::ruby, "pg", "postgresql-dev", "postgresql-runtime"},
    native_need{ecosystem::ruby, "rails", "yaml-dev", ""},
    native_need{ecosystem::ruby, "ruby-vips", "", "vips"},
    native_need{ecosystem::ruby, "sqlite3", "sqlite-dev", "sqlite-runtime"},
};

}  // namespace

void add_native_needs(analysis& work, ecosystem of, const std::set<std::string>& dependencies) {
  // Headers of an interpreter belong to its version.
  const auto version_of = [&](std::string_view tool) -> std::string {
    const std::string_view family = tool == "python-dev" ? "python" : tool;
    const auto at = std::find_if(work.out.build_tools.begin(), work.out.build_tools.end(), [&](const auto& t) { return t.name == family; });
    return at == work.out.build_tools.end() ? "" : at->version;
  };
  for (const native_need& r : known_needs) {
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
