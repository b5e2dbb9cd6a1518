#include "engine/spec/packages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace peelbox::spec {
namespace {

// Each script gets the packages as its arguments, so no name is ever shell text.

constexpr std::string_view install_with_apk = R"(for p; do
  apk info -e "$p" >/dev/null 2>&1 || exec apk add --no-cache "$@"
done
echo "already installed: $*")";

/// $missing is split into words on purpose: names have neither blanks nor patterns (spec/validate). Translations of
/// descriptions are not fetched: they would be 40 % of the download.
constexpr std::string_view install_with_apt = R"(missing=
for p; do
  case $(dpkg-query -W -f='${Status}' "$p" 2>/dev/null) in
    'install ok installed') ;;
    *) missing="$missing $p" ;;
  esac
done
if [ -z "$missing" ]; then echo "already installed: $*"; exit 0; fi
mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial
export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Languages=none update
apt-get install -y --no-install-recommends $missing)";

constexpr std::string_view remove_apt_files = "\nrm -rf /var/lib/apt/lists/* /var/cache/apt/*";

/// Adds only what the package database of the target, if there is one, does not list.
constexpr std::string_view install_into_root = R"(root=/.peelbox/root
init=--initdb
if [ -e "$root/lib/apk/db/installed" ] || [ -e "$root/usr/lib/apk/db/installed" ]; then init=; fi
exec apk add --root "$root" $init --no-cache --keys-dir /etc/apk/keys \
  --repositories-file /etc/apk/repositories "$@")";

constexpr std::string_view root_target = "/.peelbox/root";

std::string probing_script() {
  return fmt::format(
      "if command -v apk >/dev/null 2>&1; then\n{}\nelif command -v apt-get >/dev/null 2>&1; "
      "then\n{}{}\nelse\n"
      "  echo 'this image has neither apk nor apt-get: choose another image, or one that has the packages "
      "and "
      "leave them out of the spec' >&2\n  exit 1\nfi",
      install_with_apk, install_with_apt, remove_apt_files);
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

void classify(const oci::image_reference& reference, base_image& out) {
  const std::string name = reference.name();
  const std::string_view last = std::string_view(name).substr(name.rfind('/') + 1);
  if (reference.registry == "cgr.dev" && last != "wolfi-base" && !reference.tag.ends_with("-dev")) {
    // Chainguard's images are made of apk packages, but only those with -dev have apk itself.
    out.is_distroless = true;
    out.manager = package_manager::apk;
  } else if (has(name, "distroless")) {
    out.is_distroless = true;
  } else if (has(name, "alpine") || has(name, "wolfi") || has(reference.tag, "alpine") ||
             reference.registry == "cgr.dev") {
    out.manager = package_manager::apk;
  } else if (has(name, "debian") || has(name, "ubuntu") || has(name, "buildpack-deps")) {
    out.manager = package_manager::apt;
  }
}

/// "[packages] apk add gcc make", shortened to fit a line.
std::string title(const std::string& stage, std::string_view verb, const std::vector<std::string>& packages) {
  constexpr std::size_t longest = 90;
  std::string out = fmt::format("{} {}", stage, verb);
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (i > 0 && out.size() + packages[i].size() > longest)
      return out + fmt::format(" and {} more", packages.size() - i);
    out += " " + packages[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> merged_environment(const std::optional<base_description>& base,
                                            const std::map<std::string, std::string>& own) {
  std::map<std::string, std::string> all;
  if (base)
    for (const std::string& entry : base->config.env) {
      const auto equals = entry.find('=');
      if (equals != 0 && equals != entry.npos) all[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
  for (const auto& [name, value] : own) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

std::string stage_title(std::string_view stage, const plan_options& options) {
  if (!options.names_platform) return fmt::format("[{}]", stage);
  return fmt::format("[{} {}]", oci::to_string(oci::normalise(options.platform)), stage);
}

result<base_image> make_base_image(const std::string& reference, const plan_options& options,
                                   const std::optional<base_description>& description, std::string_view what) {
  base_image out;
  if (reference == "scratch") {
    out.text = reference;
    out.is_scratch = out.is_distroless = true;
    out.manager = package_manager::apk;
    return out;
  }
  auto parsed = oci::parse_image_reference(reference);
  if (!parsed) return std::move(parsed).error().in(what);
  out.text = parsed->text();
  const oci::platform& platform = options.platform;
  std::string name = fmt::format("load image {}", parsed->familiar());
  if (options.names_platform) name = fmt::format("[{}] {}", oci::to_string(oci::normalise(platform)), name);
  oci::image_reference exact = *parsed;
  if (description && exact.digest.empty()) exact.digest = description->digest;
  out.tree = llb::image(exact.text(), platform, name);
  out.env = merged_environment(description, {});
  classify(*parsed, out);
  return out;
}

result<llb::state> install(const base_image& image, const base_image& tools,
                           std::vector<std::string> packages, std::string_view stage,
                           const plan_options& options) {
  if (packages.empty()) return image.tree;
  std::sort(packages.begin(), packages.end());
  packages.erase(std::unique(packages.begin(), packages.end()), packages.end());

  package_manager manager = options.packages == package_manager::automatic ? image.manager : options.packages;
  llb::run_options run;
  run.platform = options.platform;
  run.mounts.push_back(llb::tmpfs("/tmp"));
  std::string script;
  std::string_view verb = "install";
  llb::state root = image.tree;
  run.env = image.env;
  if (image.is_distroless) {
    if (manager != package_manager::apk || tools.is_distroless || tools.manager != package_manager::apk)
      return failure(
          errc::usage,
          fmt::format("{} cannot be installed: the image {} has no package manager that the build image {} "
                      "could stand in for; choose another runtime image or leave the packages out",
                      fmt::join(packages, ", "), image.text, tools.text),
          origin::user);
    // The build image's apk writes into the runtime image: the result is one layer on top, with nothing of the build
    // image in it.
    script = install_into_root;
    verb = "apk add";
    root = tools.tree;
    run.env = tools.env;
    run.root_read_only = true;
    run.mounts.push_back(llb::bind(std::string(root_target), image.tree));
  } else if (manager == package_manager::apk) {
    script = install_with_apk;
    verb = "apk add";
  } else if (manager == package_manager::apt) {
    script = install_with_apt;
    verb = "apt-get install";
    // Lists and archives stay out of the image, and a change of the packages downloads only what is new.
    const auto locked = llb::mount::cache_sharing::locked;
    run.mounts.push_back(llb::cache("/var/lib/apt/lists", "peelbox-apt-lists-" + image.text, locked));
    run.mounts.push_back(llb::cache("/var/cache/apt", "peelbox-apt-archives-" + image.text, locked));
  } else {
    script = probing_script();
  }
  run.args = {"sh", "-e", "-c", script, "install"};
  run.args.insert(run.args.end(), packages.begin(), packages.end());
  const bool into_mount = image.is_distroless;
  const llb::run_result done = llb::run(root, std::move(run), title(stage_title(stage, options), verb, packages));
  return into_mount ? done.at(std::string(root_target)) : done.root;
}

}  // namespace peelbox::spec
