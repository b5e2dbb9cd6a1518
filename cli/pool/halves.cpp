#include "cli/pool/halves.hpp"

#include <fmt/format.h>

namespace peelbox::cli::pool {

build_args build_for(const build_args& wanted, const pool_args& args, const std::string& arch, const std::string& address) {
  build_args made = wanted;
  made.buildkit = address;
  made.platform = "linux/" + arch;
  made.tags.clear();
  made.outputs = {fmt::format("type=image,name={},push=true,push-by-digest=true", args.repository)};
  if (!args.cache.empty()) {
    // One for each: the manifests of one name would replace each other.
    made.cache_from.push_back(fmt::format("type=registry,ref={}-{}", args.cache, arch));
    made.cache_to.push_back(fmt::format("type=registry,ref={}-{},mode=max", args.cache, arch));
  } else if (!args.bucket.empty()) {
    const std::string where = fmt::format("type=s3,region={},bucket={},name={}-{}", args.bucket_region, args.bucket, args.repository, arch);
    made.cache_from.push_back(where);
    made.cache_to.push_back(where + ",mode=max");
  }
  if (made.progress == "auto" || made.progress == "tty") made.progress = "plain";
  made.quiet = false;
  std::erase(made.given, "--tag");
  std::erase(made.given, "--progress");
  std::erase(made.given, "--quiet");
  return made;
}

result<std::string> index_name(const build_args& wanted, const pool_args& args) {
  const auto wrong = [](std::string text) { return failure(errc::usage, std::move(text), origin::user); };
  const std::string last = args.repository.substr(args.repository.rfind('/') + 1);
  if (args.repository.find('@') != std::string::npos || last.find(':') != std::string::npos)
    return wrong(fmt::format("--repo {}: a repository without a tag; that is --tag", args.repository));
  if (wanted.tags.size() != 1) return wrong("--tag is needed once: it is the tag of the image in --repo");
  return args.repository + ":" + wanted.tags.front();
}

bool push_met_the_other(std::string_view why) {
  const auto has = [&](std::string_view words) { return why.find(words) != why.npos; };
  return has("failed to push ") && has("/manifests/") && (has(": 400 Bad Request") || has(": 404 Not Found"));
}

}  // namespace peelbox::cli::pool
