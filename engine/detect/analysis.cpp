#include "engine/detect/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {

std::string_view to_string(confidence how) noexcept {
  switch (how) {
    case confidence::certain: return "certain";
    case confidence::likely: return "likely";
    case confidence::guess: return "guess";
  }
  return "guess";
}

analysis::analysis(repository& f, const candidate& s, const std::vector<candidate>& a, distro t, draft& o)
    : files(f), self(s), all(a), target(t), out(o) {}

std::string analysis::path(std::string_view name) const { return join(self.dir, name); }
bool analysis::has(std::string_view name) const { return files.has_file(path(name)); }
const std::string* analysis::read(std::string_view name) { return files.read(path(name)); }

std::string analysis::first_of(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names)
    if (has(name)) return std::string(name);
  return {};
}

std::string analysis::first_evidence(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names)
    if (files.has_evidence(path(name))) return path(name);
  return {};
}

std::string analysis::first_upwards(std::initializer_list<std::string_view> names) const {
  std::string_view dir = self.dir;
  while (true) {
    for (const std::string_view name : names)
      if (files.has_evidence(join(dir, name))) return join(dir, name);
    if (dir.empty()) return {};
    dir = parent_of(dir);
  }
}

void analysis::because(std::string_view what, std::string_view value, std::string_view from, confidence how) {
  out.reasons.push_back({std::string(what), std::string(value), std::string(from), how, {}});
}

std::string analysis::command_in(std::string_view dir, std::string_view command) {
  if (dir.empty()) return std::string(command);
  return fmt::format("cd {} && {}", shell_word(dir), command);
}

void analysis::run(std::string_view command) { out.commands.push_back(command_in(self.dir, command)); }
void analysis::run_at_root(std::string_view command) { out.commands.push_back(command_in(self.root, command)); }

void analysis::copy(std::string_view from, std::string_view to) {
  // "." of the root is the whole context, "dir/." would be one more way to write "dir/".
  std::string source = from == "." ? (self.dir.empty() ? "." : self.dir + "/") : path(from);
  out.copy.push_back({std::move(source), std::string(to)});
}

void analysis::needs(std::string_view name, std::string_view version) {
  out.build_tools.push_back({std::string(name), std::string(version)});
}
void analysis::needs_at_runtime(std::string_view name, std::string_view version) {
  out.runtime_tools.push_back({std::string(name), std::string(version)});
}

void analysis::listens(rank of, std::uint16_t port, std::string_view from, confidence how) {
  if (port != 0) out.port.add({port, of, std::string(from), how});
}

void analysis::starts(rank of, way_to_start how_to, std::string_view from, confidence how) {
  if (!how_to.words.empty()) out.start.add({std::move(how_to), of, std::string(from), how});
}

void analysis::starts(rank of, std::vector<std::string> words, std::string_view from, confidence how) {
  starts(of, way_to_start{std::move(words), {}, {}}, from, how);
}

void analysis::starts_program(std::string_view installed, std::string_view from, confidence how) {
  out.program = installed;
  starts(rank::source, std::vector<std::string>{out.program}, from, how);
  // The arguments that a Dockerfile gives the same program, unless they name files of its image.
  std::vector<std::string> words = hint.command;
  if (words.size() < 2 || name_of(words.front()) != name_of(out.program)) return;
  words.front() = out.program;
  if (std::none_of(words.begin() + 1, words.end(), [](const std::string& w) { return contains(w, "/"); })) starts(rank::deployment, std::move(words), hint.command_from);
}

std::vector<std::string> analysis::sources(std::initializer_list<std::string_view> endings) const { return find_sources({}, endings); }

std::vector<std::string> analysis::sources_without(std::string_view manifest, std::initializer_list<std::string_view> endings) const {
  return find_sources(manifest, endings);
}

namespace {

/// "app.test.ts", "app_test.go", "test_app.py": what stands in it is of a test.
bool is_test_file(std::string_view name) {
  constexpr std::array<std::string_view, 7> marks{".test.", ".spec.", ".stories.", ".cy.", "_test.", "_spec.", "_tests."};
  return (name.starts_with("test_") && name.ends_with(".py")) || name == "conftest.py" || std::any_of(marks.begin(), marks.end(), [&](std::string_view m) { return contains(name, m); });
}

}  // namespace

std::vector<std::string> analysis::find_sources(std::string_view manifest, std::initializer_list<std::string_view> endings) const {
  constexpr std::size_t most_of_service = 400;
  constexpr std::size_t most_of_all = 100'000;
  const std::size_t most = std::clamp<std::size_t>(most_of_all / std::max<std::size_t>(all.size(), 1), 1, most_of_service);
  struct place {
    const directory* dir;
    std::ptrdiff_t depth;
  };
  std::vector<place> places;
  const auto& dirs = files.directories();
  // Ascending by directory.
  const auto is_boundary = [&](std::string_view dir) {
    if (!manifest.empty()) return files.has_file(join(dir, manifest));
    const auto c = std::lower_bound(all.begin(), all.end(), dir, [](const candidate& o, std::string_view d) { return o.dir < d; });
    return c != all.end() && c->dir == dir;
  };
  // Directories of the service are neighbours of it in the sorted list, apart from names such as "a-b" between "a"
  // and "a/b".
  auto at = std::lower_bound(dirs.begin(), dirs.end(), self.dir,
                             [](const directory& d, const std::string& p) { return d.path < p; });
  for (; at != dirs.end() && at->path.starts_with(self.dir); ++at) {
    if (!is_inside(at->path, self.dir)) continue;
    bool of_another = false;
    for (std::string_view dir = at->path; !of_another && dir.size() > self.dir.size(); dir = parent_of(dir)) of_another = is_boundary(dir);
    const std::string padded = "/" + lower(at->path) + "/";
    const bool of_tests = contains(padded, "/test/") || contains(padded, "/tests/") || contains(padded, "/spec/") ||
                          contains(padded, "/__tests__/") || contains(padded, "/examples/") ||
                          contains(padded, "/testdata/") || contains(padded, "/fixtures/") ||
                          contains(padded, "/e2e/") || contains(padded, "/playwright/") || contains(padded, "/cypress/");
    if (of_another || (of_tests && !is_inside(self.dir, at->path))) continue;
    places.push_back({&*at, at->path.empty() ? -1 : std::count(at->path.begin(), at->path.end(), '/')});
  }
  std::stable_sort(places.begin(), places.end(), [](const place& a, const place& b) { return a.depth < b.depth; });
  std::vector<std::string> found;
  for (const place& p : places)
    for (const std::string_view name : p.dir->files) {
      if (std::none_of(endings.begin(), endings.end(), [&](std::string_view e) { return name.ends_with(e); }) || is_test_file(name)) continue;
      found.push_back(join(p.dir->path, name));
      if (found.size() == most) return found;
    }
  return found;
}

namespace {

std::optional<std::uint16_t> port_at(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\"'`(");
  if (begin == std::string_view::npos || begin > 4) return std::nullopt;
  unsigned number = 0;
  std::size_t i = begin;
  for (; i < text.size() && is_digit(text[i]) && i < begin + 6; ++i)
    number = number * 10 + static_cast<unsigned>(text[i] - '0');
  if (i == begin || number == 0 || number > 65535 || (i < text.size() && (is_word(text[i]) || text[i] == '.')))
    return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

/// Where programs of other people listen: a literal of these is an address to call.
bool is_of_another_service(std::uint16_t port) {
  constexpr std::array<std::uint16_t, 16> ports{22, 25, 53, 465, 587, 1433, 2181, 3306, 4317, 5432, 5672, 6379, 9042, 9092, 11211, 27017};
  return std::binary_search(ports.begin(), ports.end(), port);
}

/// The line in which `at` lies is a comment.
bool in_comment(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind('\n', at);
  const std::string_view line = trim(text.substr(before == std::string_view::npos ? 0 : before + 1, 200));
  // "#[default(80)]" is Rust's, "#define" is C's.
  const bool hash = line.starts_with('#') && !line.starts_with("#[") && !line.starts_with("#define");
  return hash || line.starts_with("//") || line.starts_with("* ") || line.starts_with("/*") || line.starts_with("--") || line.starts_with(";");
}

std::optional<std::uint16_t> find_port(std::string_view text, std::initializer_list<std::string_view> before) {
  std::size_t best = std::string_view::npos;
  std::optional<std::uint16_t> port;
  for (const std::string_view prefix : before) {
    for (std::size_t at = text.find(prefix); at != std::string_view::npos && at < best;
         at = text.find(prefix, at + 1)) {
      // "port=" is not the end of "support=".
      if (at > 0 && is_word(prefix.front()) && is_word(text[at - 1]) ) continue;
      const auto number = port_at(text.substr(at + prefix.size()));
      // 80 and 443 stand in everything that takes addresses apart; below that nothing of ours listens.
      constexpr std::uint16_t http = 80;
      constexpr std::uint16_t https = 443;
      const bool listens = contains(prefix, "isten") || contains(prefix, "run(") || contains(prefix, "Run(") || contains(prefix, "tart(") || contains(prefix, "0.0.0.0") || contains(prefix, "erver(");
      if (number && (*number < http || ((*number == http || *number == https) && !listens))) continue;
      if (number && !is_of_another_service(*number) && !in_comment(text, at)) {
        best = at;
        port = number;
        break;
      }
    }
  }
  return port;
}

/// The words of a name: "parseServerPort" and "server-port" -> "server", "port".
std::vector<std::string> words_of_name(std::string_view name) {
  std::vector<std::string> out;
  bool upper_before = true;
  std::string word;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (c == '_' || c == '-' || (upper && !upper_before)) {
      if (!word.empty()) out.push_back(lower(word));
      word.clear();
    }
    if (c != '_' && c != '-') word += c;
    upper_before = upper;
  }
  if (!word.empty()) out.push_back(lower(word));
  return out;
}

/// The default of a setting that is called like a port of our own, in whatever form the language has for that:
/// `"server-port = 3000"`, `parsePort k = fromMaybe 3000 …`, `option "port" 8081 "…"`.
std::optional<std::uint16_t> find_setting(std::string_view text) {
  constexpr std::array<std::string_view, 9> own{"server", "http", "listen", "listening", "web", "default", "api", "parse", "app"};
  constexpr std::uint16_t least = 1024;
  for (const std::string_view line : lines_of(text)) {
    if (!(contains(line, "ort") || contains(line, "ORT")) || in_comment(line, 0) || contains(line, "==")) continue;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!is_word(line[i])) continue;
      std::size_t end = i;
      while (end < line.size() && (is_word(line[end]) || line[end] == '-')) ++end;
      const std::vector<std::string> words = words_of_name(line.substr(i, end - i));
      i = end;
      if (words.empty() || words.back() != "port" || !std::all_of(words.begin(), words.end() - 1, [&](const std::string& w) { return std::find(own.begin(), own.end(), w) != own.end(); })) continue;
      const std::string_view rest = line.substr(end);
      const std::size_t digits = rest.find_first_of("0123456789");
      if (digits == std::string_view::npos || digits == 0 || is_word(rest[digits - 1])) continue;
      const std::string_view between = rest.substr(0, digits);
      const bool is_default = contains(between, "=") || contains(between, ":") || contains(between, "efault") || contains(between, "fromMaybe") || contains(between, "value");
      const auto number = port_at(rest.substr(digits));
      if (is_default && number && *number >= least && !is_of_another_service(*number)) return number;
    }
  }
  return std::nullopt;
}

bool reads_port_variable(std::string_view text) {
  for (const std::string_view form : {"process.env.PORT", "Bun.env.PORT", "import.meta.env.PORT"})
    for (std::size_t at = text.find(form); at != std::string_view::npos; at = text.find(form, at + 1))
      if (at + form.size() == text.size() || !is_word(text[at + form.size()])) return true;
  constexpr std::array<std::string_view, 13> forms{
      "env:\"PORT\"",      "env.get(\"PORT\")",    "environ[\"PORT\"]",  "environ['PORT']",
      "environ.get(\"PORT\"",  "environ.get('PORT'",   "getenv(\"PORT\")",   "getenv('PORT'",
      "Getenv(\"PORT\")",      "env::var(\"PORT\")",   "ENV[\"PORT\"]",      "ENV['PORT']",
      "getenv(\"PORT\","};
  return std::any_of(forms.begin(), forms.end(), [&](std::string_view f) { return contains(text, f); });
}

bool serves(std::string_view text) {
  constexpr std::array<std::string_view, 14> words{"scotty", "listen", "Listen", "bind", "Bind", "serve", "Serve", "Server", ".run(", ".Run(",
                                                   "Application", "Netty", "Plack", ".Start("};
  return std::any_of(words.begin(), words.end(), [&](std::string_view w) { return contains(text, w); });
}

std::string find_health(std::string_view text) {
  constexpr std::array<std::string_view, 6> usual{"/healthz", "/health", "/readyz", "/livez", "/api/health", "/_health"};
  for (const std::string_view path : usual)
    for (const char quote : {'"', '\'', '`'})
      if (contains(text, std::string(1, quote) + std::string(path) + quote)) return std::string(path);
  return {};
}

}  // namespace

source_facts look_at_sources(analysis& work, const std::vector<std::string>& paths,
                             std::initializer_list<std::string_view> before_port) {
  constexpr std::size_t most_bytes = 8 << 20;
  source_facts out;
  std::size_t bytes = 0;
  for (const std::string& path : paths) {
    if (bytes > most_bytes) break;
    // vite.config.js and its like are for development.
    if (contains(name_of(path), ".config.")) continue;
    const std::string* text = work.files.read_source(path);
    if (!text) continue;
    bytes += text->size();
    if (!out.port && (!work.out.framework.empty() || serves(*text))) {
      out.port = find_port(*text, before_port);
      if (out.port) out.port_from = path;
    }
    if (!out.setting && serves(*text)) {
      out.setting = find_setting(*text);
      if (out.setting) out.setting_from = path;
    }
    if (out.health.empty()) {
      out.health = find_health(*text);
      if (!out.health.empty()) out.health_from = path;
    }
    if (out.port_variable_from.empty() && reads_port_variable(*text)) out.port_variable_from = path;
  }
  return out;
}

std::string_view told_port(analysis& work, std::uint16_t usual, std::string_view usual_from) {
  work.listens(rank::framework, usual, usual_from);
  return port_mark;
}

void apply(analysis& work, const source_facts& facts, std::uint16_t usual, std::string_view usual_from) {
  if (facts.port) work.listens(rank::source, *facts.port, facts.port_from);
  work.listens(rank::framework, usual, usual_from);
  // Without the words that the language has for it, only the name says what the number is.
  if (work.out.port.empty() && facts.setting) work.listens(rank::framework, *facts.setting, facts.setting_from, confidence::guess);
  if (work.out.port_variable_from.empty()) work.out.port_variable_from = facts.port_variable_from;
  if (!facts.health.empty()) work.out.health_path.add({facts.health, rank::source, facts.health_from, confidence::likely});
}

}  // namespace peelbox::detect
