#include "engine/detect/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {

namespace {

bool is_for_clusters(std::string_view dir) {
  constexpr std::array<std::string_view, 10> names{"chart", "charts", "helm", "k8s", "kube", "kubernetes", "kubernetes-manifests", "kustomize", "manifests", "openshift"};
  for (std::size_t begin = 0; begin < dir.size();) {
    const std::size_t end = std::min(dir.find('/', begin), dir.size());
    if (std::binary_search(names.begin(), names.end(), dir.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::vector<std::string_view> documents_of_yaml(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find("\n---", begin);
    out.push_back(text.substr(begin, end == std::string_view::npos ? end : end + 1 - begin));
    if (end == std::string_view::npos) return out;
    begin = std::min(text.find('\n', end + 1), text.size() - 1) + 1;
  }
}

bool is_dockerfile(std::string_view name) {
  if (name == "Containerfile") return true;
  constexpr std::size_t shortest = 10;  // "Dockerfile"
  if (name.size() < shortest) return false;
  const bool named = name.starts_with("Dockerfile") || name.ends_with(".Dockerfile") || name.ends_with(".dockerfile");
  return named && !name.ends_with(".dockerignore") && !name.ends_with(".md") && !name.ends_with(".j2") && !name.ends_with(".tmpl");
}

bool is_evidence(std::string_view name) {
  constexpr std::array<std::string_view, 17> whole{".env.example", ".env.sample",  ".env.template",   ".mise.toml",  ".node-version",
                                                   ".nvmrc",       ".python-version", ".ruby-version", ".sdkmanrc", ".tool-versions",
                                                   "Containerfile", "Procfile",     "README.md",   "global.json",     "mise.toml",   "runtime.txt",
                                                   "system.properties"};
  const auto is_yaml = [&] { return name.ends_with(".yml") || name.ends_with(".yaml"); };
  return is_dockerfile(name) ||
         ((name.starts_with("compose") || name.starts_with("docker-compose")) && is_yaml()) ||
         std::binary_search(whole.begin(), whole.end(), name);
}

repository::repository(std::shared_ptr<const filesync::file_tree> tree, std::vector<directory> directories, std::vector<std::string> hidden)
    : tree_(std::move(tree)), directories_(std::move(directories)), hidden_(std::move(hidden)) {
  std::sort(hidden_.begin(), hidden_.end());
  std::sort(directories_.begin(), directories_.end(),
            [](const directory& a, const directory& b) { return a.path < b.path; });
  by_path_.reserve(directories_.size());
  for (const directory& d : directories_) {
    files_ += d.files.size();
    for (const std::string_view name : d.files)
      if (is_dockerfile(name)) dockerfiles_.push_back(join(d.path, name));
    if (is_for_clusters(d.path))
      for (const std::string_view name : d.files)
        if (cluster_manifests_.size() < max_manifests && (name.ends_with(".yaml") || name.ends_with(".yml"))) cluster_manifests_.push_back(join(d.path, name));
    by_path_.emplace(d.path, &d);
  }
  for (const std::string& path : hidden_)
    if (is_dockerfile(name_of(path))) dockerfiles_.push_back(path);
  std::sort(dockerfiles_.begin(), dockerfiles_.end());
}

const directory* repository::find(std::string_view path) const {
  const auto at = by_path_.find(path);
  return at == by_path_.end() ? nullptr : at->second;
}

bool repository::has_file(std::string_view path) const {
  const directory* d = find(parent_of(path));
  return d && d->files.contains(name_of(path));
}

bool repository::has_evidence(std::string_view path) const {
  return has_file(path) || std::binary_search(hidden_.begin(), hidden_.end(), path);
}

bool repository::has_directory(std::string_view path) const {
  if (path.empty()) return true;
  const directory* d = find(parent_of(path));
  return d && d->directories.contains(name_of(path));
}

const std::string* repository::read(std::string_view path) {
  if (const auto known = texts_.find(path); known != texts_.end()) return text_of(*known);
  if (const auto known = sources_.find(path); known != sources_.end())
    return text_of(*texts_.insert(sources_.extract(known)).position);
  if (!has_evidence(path)) return nullptr;
  const auto added = texts_.emplace(path, std::nullopt).first;
  if (kept_bytes_ < max_kept_bytes)
    added->second = load(path, kept_bytes_);
  else
    add_note(path, "not read: enough of the repository has been read");
  return text_of(*added);
}

const std::string* repository::read_source(std::string_view path) {
  if (const auto known = texts_.find(path); known != texts_.end()) return text_of(*known);
  if (const auto known = sources_.find(path); known != sources_.end()) return text_of(*known);
  if (source_bytes_ >= source_share_ || !has_file(path)) return nullptr;
  return text_of(*sources_.emplace(path, load(path, source_bytes_)).first);
}

void repository::begin_service(std::size_t services) {
  source_share_ = std::min(max_source_bytes_of_service, max_source_bytes / std::max<std::size_t>(services, 1));
  sources_.clear();
  source_bytes_ = 0;
}

std::optional<std::string> repository::load(std::string_view path, std::size_t& sum) {
  result<std::string> bytes = filesync::read_whole_file(*tree_, path, max_file_bytes);
  if (bytes.has_error()) {
    add_note(path, "not read: " + bytes.error().text);
    return std::nullopt;
  }
  sum += bytes->size();
  if (!is_utf8(*bytes)) {
    add_note(path, "not read: it is not UTF-8");
    return std::nullopt;
  }
  return normalised(*bytes);
}

const value* repository::shared_tree(const std::string& path, result<value> (*parse)(std::string_view)) {
  const auto [at, is_new] = trees_.try_emplace(path);
  if (is_new) {
    if (const std::string* text = read(path)) {
      auto tree = parse(*text);
      if (tree.has_value())
        at->second = std::move(*tree);
      else
        add_note(path, tree.error().text);
    }
  }
  return at->second ? &*at->second : nullptr;
}

const std::vector<value>& repository::yaml_documents(const std::string& path) {
  const auto [at, is_new] = documents_.try_emplace(path);
  const std::string* text = is_new ? read(path) : nullptr;
  if (!text) return at->second;
  for (const std::string_view document : documents_of_yaml(*text))
    if (auto tree = parse_yaml(document); tree.has_value()) at->second.push_back(std::move(*tree));
  return at->second;
}

const std::vector<named_task>& repository::named_tasks_in(const std::string& path, std::vector<named_task> (*reader)(repository&, const std::string& path)) {
  if (const auto known = named_tasks_.find(path); known != named_tasks_.end()) return known->second;
  return named_tasks_.emplace(path, reader(*this, path)).first->second;
}

void repository::add_note(std::string_view path, std::string text) {
  notes_.push_back({std::string(path), std::move(text)});
}

std::vector<note> repository::notes() const {
  std::vector<note> out = notes_;
  const auto key = [](const note& n) { return std::tie(n.path, n.text); };
  std::sort(out.begin(), out.end(), [&](const note& a, const note& b) { return key(a) < key(b); });
  out.erase(std::unique(out.begin(), out.end(), [&](const note& a, const note& b) { return key(a) == key(b); }),
            out.end());
  return out;
}

}  // namespace peelbox::detect
