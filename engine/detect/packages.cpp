#include "engine/detect/packages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct row {
  std::string_view tool;
  std::string_view wolfi;   ///< names with blanks between; "{}" is the version
  std::string_view family;  ///< what stands before the version in the index; "": no version
  std::size_t parts;        ///< of the version in names
  std::string_view debian;
  std::string_view debian_version;  ///< what Debian 12 has
};

/// Wolfi's names, and those of Debian 12. An empty column: no package.
constexpr std::array<row, 107> known_packages{{
    {"bazel", "bazel-{}", "bazel-", 1, "bazel-bootstrap", "4"},
    {"bun", "bun", "", 0, "", ""},
    {"bundler", "ruby{}-bundler", "ruby-", 2, "bundler", ""},
    {"c++-build", "build-base", "", 0, "g++ make", ""},
    {"c++-runtime", "glibc libgcc libstdc++", "", 0, "libstdc++6", ""},
    {"c-build", "build-base", "", 0, "gcc make libc6-dev", ""},
    {"c-runtime", "glibc", "", 0, "", ""},
    {"ca-certificates", "ca-certificates", "", 0, "ca-certificates", ""},
    {"cabal", "cabal", "", 0, "cabal-install", ""},
    {"caddy", "caddy", "", 0, "caddy", ""},
    {"cairo-dev", "cairo-dev", "", 0, "libcairo2-dev", ""},
    {"cairo-runtime", "cairo", "", 0, "libcairo2", ""},
    {"chromium", "chromium", "", 0, "chromium", ""},
    {"clojure", "", "", 0, "", ""},
    {"cmake", "cmake", "", 0, "cmake", ""},
    {"composer", "composer", "", 0, "composer", ""},
    {"cpanm", "perl-app-cpanminus", "", 0, "cpanminus", ""},
    {"crystal", "crystal", "", 0, "crystal", ""},
    {"curl-dev", "curl-dev", "", 0, "libcurl4-openssl-dev", ""},
    {"curl-runtime", "libcurl-openssl4", "", 0, "libcurl4", ""},
    {"dart", "dart", "", 0, "", ""},
    {"deno", "deno", "", 0, "", ""},
    {"dotnet-asp", "aspnet-{}-runtime", "dotnet-", 1, "", ""},
    {"dotnet-runtime", "dotnet-{}-runtime", "dotnet-", 1, "", ""},
    {"dotnet-sdk", "dotnet-{}-sdk", "dotnet-", 1, "", ""},
    {"elixir", "elixir-{}", "elixir-", 2, "elixir", "1.14"},
    {"erlang", "erlang-{}", "erlang-", 1, "erlang-base", "25"},
    {"ffi-dev", "libffi-dev", "", 0, "libffi-dev", ""},
    {"ffmpeg", "ffmpeg", "", 0, "ffmpeg", ""},
    {"gc-dev", "gc-dev", "", 0, "libgc-dev", ""},
    {"gc-runtime", "gc", "", 0, "libgc1", ""},
    {"ghc", "ghc-{}", "ghc-", 2, "ghc", "9.0"},
    {"ghostscript", "ghostscript", "", 0, "ghostscript", ""},
    {"git", "git", "", 0, "git", ""},
    {"gleam", "gleam", "", 0, "", ""},
    {"gmp-dev", "gmp-dev", "", 0, "libgmp-dev", ""},
    {"gmp-runtime", "gmp", "", 0, "libgmp10", ""},
    {"go", "go-{}", "go-", 2, "golang-go", "1.19"},
    {"gradle", "gradle-{}", "gradle-", 1, "gradle", "4.4"},
    {"graphicsmagick", "graphicsmagick", "", 0, "graphicsmagick", ""},
    {"haskell-stack", "", "", 0, "haskell-stack", ""},
    {"hugo", "hugo", "", 0, "hugo", ""},
    {"imagemagick", "imagemagick", "", 0, "imagemagick", ""},
    {"jdk", "openjdk-{} openjdk-{}-default-jdk", "openjdk-", 1, "openjdk-17-jdk-headless", "17"},
    {"jre", "openjdk-{}-jre openjdk-{}-default-jvm", "openjdk-", 1, "openjdk-17-jre-headless", "17"},
    {"ldap-dev", "openldap-dev", "", 0, "libldap-dev libsasl2-dev", ""},
    {"ldap-runtime", "libldap", "", 0, "libldap-2.5-0", ""},
    {"leiningen", "", "", 0, "leiningen", ""},
    {"libev-dev", "libev-dev", "", 0, "libev-dev", ""},
    {"libev-runtime", "libev", "", 0, "libev4", ""},
    {"libevent-dev", "libevent-dev", "", 0, "libevent-dev", ""},
    {"libevent-runtime", "libevent", "", 0, "libevent-2.1-7", ""},
    {"make", "make", "", 0, "make", ""},
    {"maven", "maven-{}", "maven-", 2, "maven", "3.8"},
    {"meson", "meson", "", 0, "meson", ""},
    {"mysql-dev", "mariadb-connector-c-dev", "", 0, "default-libmysqlclient-dev", ""},
    {"mysql-runtime", "mariadb-connector-c", "", 0, "libmariadb3", ""},
    {"ncurses", "ncurses", "", 0, "", ""},
    {"nim", "", "", 0, "nim", ""},
    {"ninja", "ninja", "", 0, "ninja-build", ""},
    {"node", "nodejs-{}", "nodejs-", 1, "nodejs", "18"},
    {"npm", "npm", "", 0, "npm", ""},
    {"ocaml", "ocaml", "", 0, "ocaml", ""},
    {"opam", "opam", "", 0, "opam", ""},
    {"openssl-dev", "openssl-dev", "", 0, "libssl-dev", ""},
    {"openssl-runtime", "libssl3 libcrypto3", "", 0, "libssl3", ""},
    {"pango-dev", "pango-dev", "", 0, "libpango1.0-dev", ""},
    {"pango-runtime", "pango", "", 0, "libpango-1.0-0 libpangocairo-1.0-0 libpangoft2-1.0-0", ""},
    {"pcre-runtime", "pcre", "", 0, "libpcre3", ""},
    {"pcre2-dev", "pcre2-dev", "", 0, "libpcre2-dev libpcre3-dev", ""},
    {"pcre2-runtime", "pcre2", "", 0, "libpcre2-8-0 libpcre3", ""},
    {"perl", "perl", "", 0, "perl", ""},
    {"php", "php-{}", "php-", 2, "php-cli", "8.2"},
    {"pip", "py{}-pip", "python-", 2, "python3-venv", ""},
    {"pkgconf", "pkgconf", "", 0, "pkg-config", ""},
    {"plack", "", "", 0, "libplack-perl", ""},
    {"pnpm", "pnpm", "", 0, "", ""},
    {"poppler", "poppler-utils", "", 0, "poppler-utils", ""},
    {"postgresql-dev", "postgresql-dev", "", 0, "libpq-dev", ""},
    {"postgresql-runtime", "libpq-17", "", 0, "libpq5", ""},
    {"python", "python-{}", "python-", 2, "python3", "3.11"},
    {"python-dev", "python-{}-dev", "python-", 2, "python3-dev", ""},
    {"python-native", "libgcc libstdc++", "", 0, "libstdc++6", ""},
    {"ruby", "ruby-{}", "ruby-", 2, "ruby", "3.1"},
    {"ruby-dev", "ruby-{}-dev", "ruby-", 2, "ruby-dev", ""},
    {"rust", "rust-{}", "rust-", 2, "cargo rustc", "1.63"},
    {"rust-runtime", "glibc libgcc", "", 0, "libgcc-s1", ""},
    {"sass-dev", "", "", 0, "libsass-dev", ""},
    {"sbt", "sbt", "", 0, "", ""},
    {"shards", "shards", "", 0, "", ""},
    {"shell", "bash", "", 0, "bash", ""},
    {"sqlite-dev", "sqlite-dev", "", 0, "libsqlite3-dev", ""},
    {"sqlite-runtime", "sqlite-libs", "", 0, "libsqlite3-0", ""},
    {"swift", "", "", 0, "", ""},
    {"tesseract", "tesseract", "", 0, "tesseract-ocr", ""},
    {"tzdata", "tzdata", "", 0, "tzdata", ""},
    {"unzip", "unzip", "", 0, "unzip", ""},
    {"uv", "uv", "", 0, "", ""},
    {"vips", "vips", "", 0, "libvips42", ""},
    {"xml-dev", "libxml2-dev", "", 0, "libxml2-dev", ""},
    {"xml-runtime", "libxml2", "", 0, "libxml2", ""},
    {"yaml-dev", "yaml-dev", "", 0, "libyaml-dev", ""},
    {"yaml-runtime", "yaml", "", 0, "libyaml-0-2", ""},
    {"yarn", "yarn", "", 0, "yarnpkg", ""},
    {"zig", "zig", "", 0, "", ""},
    {"zlib-dev", "zlib-dev", "", 0, "zlib1g-dev", ""},
    {"zlib-runtime", "zlib", "", 0, "zlib1g", ""},
}};

/// "php-ext:pdo_mysql" -> the package of the extension.
constexpr std::string_view php_extension = "php-ext:";

const row* find(std::string_view tool_name) {
  const auto at = std::find_if(known_packages.begin(), known_packages.end(), [&](const row& r) { return r.tool == tool_name; });
  return at == known_packages.end() ? nullptr : &*at;
}

std::string with_version(std::string_view pattern, std::string_view version) {
  std::string out(pattern);
  for (std::size_t at = out.find("{}"); at != std::string::npos; at = out.find("{}", at + version.size()))
    out.replace(at, 2, version);
  return out;
}

resolved php_package(std::string_view extension, const tool& wanted, distro target, const package_index& index) {
  resolved out;
  if (target == distro::wolfi) {
    out.version = index.nearest("php-", version_prefix(wanted.version, 2));
    out.names = {fmt::format("php-{}-{}", out.version, extension)};
    return out;
  }
  // php-cli of Debian has these compiled in, or in php-common.
  static const std::set<std::string_view> within{"ctype", "phar",  "openssl", "fileinfo", "iconv",
                                                 "pdo",   "posix", "session", "tokenizer", "filter"};
  static const std::map<std::string_view, std::string_view> other{
      {"dom", "php-xml"},        {"simplexml", "php-xml"},   {"xmlwriter", "php-xml"}, {"pdo_mysql", "php-mysql"},
      {"mysqli", "php-mysql"},   {"pdo_pgsql", "php-pgsql"}, {"pdo_sqlite", "php-sqlite3"}, {"xmlreader", "php-xml"}};
  if (within.contains(extension)) return out;
  const auto known = other.find(extension);
  out.names.push_back(known == other.end() ? fmt::format("php-{}", extension) : std::string(known->second));
  return out;
}

}  // namespace

result<package_index> package_index::parse(std::string_view text, std::string source) {
  package_index out;
  out.source_ = std::move(source);
  std::vector<std::string_view> families;
  for (const row& r : known_packages)
    if (!r.family.empty()) families.push_back(r.family);
  const bool is_apkindex = text.starts_with("C:") || text.starts_with("P:") || contains(text, "\nP:");
  std::size_t count = 0;
  for (std::string_view line : lines_of(text)) {
    line = trim(line);
    if (is_apkindex && !line.starts_with("P:")) continue;
    if (is_apkindex) line.remove_prefix(2);
    if (line.empty() || line.starts_with('#')) continue;
    ++count;
    for (const std::string_view family : families) {
      if (!line.starts_with(family)) continue;
      std::string version(line.substr(family.size()));
      // .NET has no package with the bare name.
      if (family == "dotnet-" && version.ends_with("-sdk")) version.resize(version.size() - 4);
      if (version.empty() || !std::all_of(version.begin(), version.end(), [](char c) { return is_digit(c) || c == '.'; }))
        continue;
      auto& versions = out.versions_[std::string(family)];
      if (std::find(versions.begin(), versions.end(), version) == versions.end()) versions.push_back(version);
    }
  }
  if (count == 0)
    return failure(errc::usage, out.source_ + ": no package names in it; expected an APKINDEX or one name per line",
                   origin::user);
  for (auto& [family, versions] : out.versions_)
    std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) { return version_less(b, a); });
  return out;
}

std::string package_index::nearest(std::string_view family, std::string_view wanted) const {
  const auto at = versions_.find(family);
  if (at == versions_.end() || at->second.empty()) return {};
  const std::vector<std::string>& newest_first = at->second;
  // The odd releases of Node are nobody's wish: they are supported for half a year.
  const auto is_odd = [&](const std::string& v) { return family == "nodejs-" && (v.back() - '0') % 2 == 1; };
  const auto best = std::find_if_not(newest_first.begin(), newest_first.end(), is_odd);
  const std::string& newest = best == newest_first.end() ? newest_first.front() : *best;
  if (wanted.empty()) return newest;
  // "3" is asked for and "3.4" is there.
  for (const std::string& version : newest_first)
    if (version == wanted || version.starts_with(std::string(wanted) + ".")) return version;
  for (auto version = newest_first.rbegin(); version != newest_first.rend(); ++version)
    if (version_less(wanted, *version)) return *version;
  return newest;
}

bool is_known_tool(std::string_view name) { return find(name) != nullptr || name.starts_with(php_extension); }

bool has_package(std::string_view tool_name, distro target) {
  const row* r = find(tool_name);
  return r && !(target == distro::wolfi ? r->wolfi : r->debian).empty();
}

bool is_in_every_image(std::string_view tool_name) { return tool_name == "c-runtime" || tool_name == "ncurses"; }

resolved resolve(const tool& wanted, distro target, const package_index& index) {
  if (std::string_view(wanted.name).starts_with(php_extension))
    return php_package(std::string_view(wanted.name).substr(php_extension.size()), wanted, target, index);
  resolved out;
  const row* r = find(wanted.name);
  if (!r) {
    out.note = fmt::format("no package is known for {}", wanted.name);
    return out;
  }
  const std::string asked = version_prefix(wanted.version, r->parts);
  if (target == distro::debian) {
    out.names = words_of(r->debian);
    out.version = r->debian_version;
    if (!asked.empty() && !out.version.empty() && asked != out.version && !out.version.starts_with(asked + "."))
      out.note = fmt::format("{} {} is asked for, Debian 12 has {}", wanted.name, asked, out.version);
    if (out.names.empty() && !is_in_every_image(wanted.name))
      out.note = fmt::format("Debian 12 has no package for {}", wanted.name);
    return out;
  }
  if (r->family.empty()) {
    out.names = words_of(r->wolfi);
    if (out.names.empty()) out.note = fmt::format("no package of Wolfi is known for {}", wanted.name);
    return out;
  }
  out.version = index.nearest(r->family, asked);
  if (out.version.empty()) {
    // The index is of no help; the name that was asked for is the best there is.
    out.version = asked;
    out.note = fmt::format("{} has no version of {}", index.source(), wanted.name);
    if (asked.empty()) return out;
  } else if (!asked.empty() && out.version != asked && !out.version.starts_with(asked + ".")) {
    // One family, one remark: ruby, ruby-dev and bundler go together.
    const std::string_view family = r->family.substr(0, r->family.size() - 1);
    out.note = fmt::format("{} {} is not in the {}; {} is the nearest", family, asked, index.source(), out.version);
  }
  out.names = words_of(with_version(r->wolfi, out.version));
  return out;
}

}  // namespace peelbox::detect
