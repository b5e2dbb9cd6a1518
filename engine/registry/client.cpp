#include "engine/registry/client.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/async/percent.hpp"
#include "engine/async/sleep.hpp"
#include "engine/oci/digest.hpp"
#include "engine/registry/refusal.hpp"

namespace peelbox::registry {
namespace {

const std::string accepted = fmt::format("{}, {}, {}, {}", oci::media_oci_index, oci::media_docker_index, oci::media_oci_manifest,
                                         oci::media_docker_manifest);

/// A storage may take its time to put a large blob together.
constexpr std::chrono::milliseconds storing{300'000};

result<void> check_digest(std::string_view what, std::string_view digest) {
  auto parts = oci::parse_digest(digest);
  if (parts.has_error()) return parts.error().in(what);
  if (parts->algorithm != "sha256")
    return failure(errc::unsupported, fmt::format("{}: its digest is {}, and only sha256 can be verified", what, parts->algorithm), origin::peer);
  return {};
}

failure other_digest(std::string_view what, std::string_view wanted, std::string_view got) {
  return failure(errc::protocol, fmt::format("{}: what the registry sent is {}, not {}", what, got, wanted), origin::peer);
}

std::string media_type_of(std::string_view header) { return lower(header.substr(0, header.find_first_of("; "))); }

/// "0-4095" or "bytes=0-4095" -> 4096; "0-0" is what registries say for nothing, too.
std::optional<std::uint64_t> stored_of(std::string_view range) {
  const auto dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  range.remove_prefix(dash + 1);
  std::uint64_t last = 0;
  const auto [end, error] = std::from_chars(range.data(), range.data() + range.size(), last);
  if (error != std::errc() || end != range.data() + range.size()) return std::nullopt;
  return last == 0 ? 0 : last + 1;
}

/// The reply to a step of an upload that is not there any more. It may be complete, with only that answer lost, or
/// forgotten; looking for the blob tells, and else another upload is begun.
failure upload_refused(const std::string& what, const std::string& registry, const http::reply& got) {
  if (got.status != 404) return refusal(what, registry, got);
  return failure(errc::connection, what + ": the registry does not know the upload any more", origin::peer);
}

std::string with_query(std::string url, std::string_view query) {
  url += url.find('?') == url.npos ? '?' : '&';
  return url.append(query);
}

}  // namespace

repository repository_of(const oci::image_reference& reference) { return {reference.registry, reference.repository}; }

struct client::upload {
  host* at = nullptr;
  repository in;
  std::string what;
  std::string url;
  std::uint64_t offset = 0;
};

client::client(client_options options) : options_(std::move(options)) {}
client::~client() = default;

result<host*> client::host_of(const std::string& registry) {
  std::unique_ptr<host>& known = hosts_[registry];
  if (!known) {
    host_settings settings;
    if (options_.settings) {
      auto found = options_.settings(address_of(registry));
      if (found.has_error()) return found.error().in("registry " + registry);
      settings = std::move(*found);
    }
    known = std::make_unique<host>(registry, std::move(settings), options_);
  }
  return known.get();
}

task<result<manifest_text>> client::manifest(oci::image_reference which) {
  const std::string what = "manifest of " + which.text();
  if (!which.digest.empty())
    if (auto fine = check_digest(what, which.digest); fine.has_error()) co_return fine.error();
  result<host*> at = host_of(which.registry);
  if (at.has_error()) co_return at.error();
  question asked;
  asked.what = what;
  asked.target = fmt::format("/v2/{}/manifests/{}", which.repository, which.digest.empty() ? which.tag : which.digest);
  asked.needed = {pull_scope(which.repository)};
  asked.request.headers.emplace_back("Accept", accepted);
  asked.most.body = oci::max_manifest_bytes;
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (!got->ok()) co_return refusal(what, which.registry, *got);
  manifest_text found;
  found.digest = oci::digest_of(got->body);
  // A tag's digest is the registry's word; that it fits shows that nothing was lost on the way.
  std::string announced(got->header("docker-content-digest"));
  if (!announced.starts_with("sha256:")) announced.clear();
  const std::string& wanted = which.digest.empty() ? announced : which.digest;
  if (!wanted.empty() && wanted != found.digest) co_return other_digest(what, wanted, found.digest);
  result<oci::manifest_document> parsed = oci::parse_manifest(got->body);
  if (parsed.has_error()) co_return parsed.error().in(what);
  // What the document says counts; the header is for those that do not say it (OCI image specification, manifest.md).
  found.media_type = std::visit([](const auto& document) { return document.media_type; }, *parsed);
  found.bytes = std::move(got->body);
  co_return found;
}

task<result<std::optional<manifest_head>>> client::find_manifest(repository in, std::string tag_or_digest) {
  const std::string what = fmt::format("manifest {} of {}", tag_or_digest, in.text());
  result<host*> at = host_of(in.registry);
  if (at.has_error()) co_return at.error();
  question asked;
  asked.what = what;
  asked.target = fmt::format("/v2/{}/manifests/{}", in.name, tag_or_digest);
  asked.needed = {pull_scope(in.name)};
  asked.request.method = "HEAD";
  asked.request.headers.emplace_back("Accept", accepted);
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (got->status == 404) co_return std::optional<manifest_head>();
  if (!got->ok()) co_return refusal(what, in.registry, *got);
  manifest_head head{media_type_of(got->header("content-type")), std::string(got->header("docker-content-digest"))};
  // Without the header (it is optional) only the content tells.
  if (head.digest.empty() && tag_or_digest.find(':') != tag_or_digest.npos) head.digest = tag_or_digest;
  if (head.digest.empty()) {
    oci::image_reference which{in.registry, in.name, tag_or_digest, {}};
    auto reading = manifest(std::move(which));
    result<manifest_text> whole = co_await std::move(reading);
    if (whole.has_error()) co_return whole.error();
    head = {whole->media_type, whole->digest};
  }
  co_return head;
}

task<result<void>> client::put_manifest(repository in, std::string tag_or_digest, manifest_text what) {
  const std::string name = fmt::format("pushing the manifest {} to {}", tag_or_digest, in.text());
  result<host*> at = host_of(in.registry);
  if (at.has_error()) co_return at.error();
  question asked;
  asked.what = name;
  asked.target = fmt::format("/v2/{}/manifests/{}", in.name, tag_or_digest);
  asked.needed = {push_scope(in.name)};
  asked.request.method = "PUT";
  asked.request.headers.emplace_back("Content-Type", what.media_type);
  asked.request.body = what.bytes;
  asked.most.reply = storing;
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (!got->ok()) co_return refusal(name, in.registry, *got);
  const std::string_view stored = got->header("docker-content-digest");
  if (stored.starts_with("sha256:") && stored != what.digest) co_return other_digest(name, what.digest, stored);
  co_return result<void>();
}

task<result<bool>> client::has_blob(repository in, std::string digest) { return find_blob(std::move(in), std::move(digest), true); }

task<result<bool>> client::find_blob(repository in, std::string digest, bool repeats) {
  const std::string what = fmt::format("blob {} of {}", digest, in.text());
  result<host*> at = host_of(in.registry);
  if (at.has_error()) co_return at.error();
  question asked;
  asked.what = what;
  asked.target = fmt::format("/v2/{}/blobs/{}", in.name, digest);
  asked.needed = {pull_scope(in.name)};
  asked.request.method = "HEAD";
  asked.repeats = repeats;
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (got->status == 404) co_return false;
  if (!got->ok()) co_return refusal(what, in.registry, *got);
  co_return true;
}

task<result<void>> client::read_blob(repository in, std::string digest, std::uint64_t size, http::body_sink sink) {
  const std::string what = fmt::format("blob {} of {}", digest, in.text());
  if (auto fine = check_digest(what, digest); fine.has_error()) co_return fine.error();
  result<host*> at = host_of(in.registry);
  if (at.has_error()) co_return at.error();
  struct arriving {
    oci::sha256 hash;
    std::uint64_t size = 0;
    std::uint64_t announced = 0;
    http::body_sink sink;
    std::string what;

    task<result<void>> take(byte_view piece) {
      size += piece.size();
      if (size > announced)
        co_return failure(errc::protocol, fmt::format("{}: more comes than the {} bytes that were announced", what, announced), origin::peer);
      hash.update(piece);
      auto taking = sink(piece);
      co_return co_await std::move(taking);
    }
  };
  arriving body;
  body.announced = size;
  body.sink = std::move(sink);
  body.what = what;
  question asked;
  asked.what = what;
  asked.target = fmt::format("/v2/{}/blobs/{}", in.name, digest);
  asked.needed = {pull_scope(in.name)};
  asked.request.sink = [&body](byte_view piece) { return body.take(piece); };
  asked.repeats = false;  // what the sink has taken cannot be taken back
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (!got->ok()) co_return refusal(what, in.registry, *got);
  if (body.size != size)
    co_return failure(errc::protocol, fmt::format("{}: {} bytes came of {}", what, body.size, size), origin::peer);
  const std::string actual = body.hash.finish();
  if (actual != digest) co_return other_digest(what, digest, actual);
  co_return result<void>();
}

namespace {

/// Runs `once` until it succeeds or is not worth another try.
task<result<void>> repeat(const client_options& options, std::function<task<result<void>>()> once) {
  for (int tried = 1;; ++tried) {
    auto work = once();
    result<void> done = co_await std::move(work);
    if (done.has_value()) co_return done;
    const auto wait = wait_after(options.retry, tried, done.error(), 0.5);
    if (!wait) co_return done;
    if (options.waits) options.waits(fmt::format("{}; trying again in {:.1f} s", done.error().text, static_cast<double>(wait->count()) / 1000));
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace

task<result<std::string>> client::small_blob(repository in, std::string digest, std::uint64_t size, std::size_t most) {
  if (size > most)
    co_return failure(errc::limit, fmt::format("blob {} of {}: it has {} bytes, more than {}", digest, in.text(), size, most), origin::peer);
  struct gathered {
    std::string bytes;
    task<result<void>> take(byte_view piece) {
      bytes.append(as_text(piece));
      co_return result<void>();
    }
  };
  gathered all;
  auto once = [&] {
    all.bytes.clear();
    return read_blob(in, digest, size, [&all](byte_view piece) { return all.take(piece); });
  };
  auto work = repeat(options_, once);
  result<void> done = co_await std::move(work);
  if (done.has_error()) co_return done.error();
  co_return std::move(all.bytes);
}

task<result<std::optional<client::upload>>> client::begin_upload(repository in, std::string digest, std::optional<repository> mount_from) {
  result<host*> at = host_of(in.registry);
  if (at.has_error()) co_return at.error();
  upload made;
  made.at = *at;
  made.in = in;
  made.what = fmt::format("pushing the blob {} to {}", digest, in.text());
  question asked;
  asked.what = made.what;
  asked.target = fmt::format("/v2/{}/blobs/uploads/", in.name);
  asked.needed = {push_scope(in.name)};
  if (mount_from) {
    asked.target += fmt::format("?mount={}&from={}", digest, percent_encoded(mount_from->name, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; }));
    asked.needed.push_back(pull_scope(mount_from->name));
  }
  asked.request.method = "POST";
  asked.repeats = false;  // all of the blob is
  const std::string target = asked.target;
  auto asking = (*at)->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (mount_from && got->status == 201) co_return std::optional<upload>();
  if (mount_from && !got->ok()) {
    // A source that this login may not read, or a registry that does not know mounts: the blob can still be copied.
    auto plain = begin_upload(std::move(in), std::move(digest), std::nullopt);
    co_return co_await std::move(plain);
  }
  if (!got->ok()) co_return refusal(made.what, in.registry, *got);
  const auto location = (*at)->location_of(*got, target);
  if (!location) co_return failure(errc::protocol, made.what + ": the registry does not say where to", origin::peer);
  made.url = *location;
  co_return made;
}

task<result<void>> client::append(upload& to, std::string piece) {
  const std::uint64_t end = to.offset + piece.size();
  for (int tried = 1;; ++tried) {
    question asked;
    asked.what = to.what;
    asked.target = to.url;
    asked.needed = {push_scope(to.in.name)};
    asked.request.method = "PATCH";
    asked.request.headers.emplace_back("Content-Type", "application/octet-stream");
    asked.request.headers.emplace_back("Content-Range", fmt::format("{}-{}", to.offset, end - 1));
    asked.request.body = piece;
    asked.most.reply = storing;
    asked.repeats = false;
    auto asking = to.at->ask(std::move(asked));
    result<http::reply> got = co_await std::move(asking);
    std::optional<std::chrono::milliseconds> wait;
    if (got.has_value() && got->ok()) {
      if (auto next = to.at->location_of(*got, to.url)) to.url = *next;
      to.offset = end;
      co_return result<void>();
    }
    wait = got.has_error() ? wait_after(options_.retry, tried, got.error(), 0.5) : wait_after(options_.retry, tried, *got, 0.5);
    failure why = got.has_error() ? got.error() : upload_refused(to.what, to.in.registry, *got);
    // 416: a piece came twice, or not in order.
    if (!wait && got.has_value() && got->status == 416 && tried == 1) wait = options_.retry.first;
    if (!wait) co_return why;
    if (co_await sleep_for(*wait) == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    // The piece may have arrived, with only its answer lost.
    question progress;
    progress.what = to.what;
    progress.target = to.url;
    progress.needed = {push_scope(to.in.name)};
    auto looking = to.at->ask(std::move(progress));
    result<http::reply> state = co_await std::move(looking);
    if (state.has_error()) co_return state.error();
    if (!state->ok()) co_return why;  // the registry has forgotten the upload
    const auto stored = stored_of(state->header("range"));
    if (auto next = to.at->location_of(*state, to.url)) to.url = *next;
    if (stored && *stored == end) {
      to.offset = end;
      co_return result<void>();
    }
    if (!stored || *stored != to.offset) co_return why;  // a part of a piece: begin again
  }
}

task<result<void>> client::finish(upload& to, std::string digest, std::string rest) {
  question asked;
  asked.what = to.what;
  asked.target = with_query(to.url, "digest=" + digest);
  asked.needed = {push_scope(to.in.name)};
  asked.request.method = "PUT";
  if (!rest.empty()) asked.request.headers.emplace_back("Content-Type", "application/octet-stream");
  asked.request.body = std::move(rest);
  asked.most.reply = storing;
  asked.repeats = false;
  auto asking = to.at->ask(std::move(asked));
  result<http::reply> got = co_await std::move(asking);
  if (got.has_error()) co_return got.error();
  if (!got->ok()) co_return upload_refused(to.what, to.in.registry, *got);
  co_return result<void>();
}

task<result<void>> client::put_once(repository to, std::string digest, const std::string& bytes) {
  auto looking = find_blob(to, digest, false);
  result<bool> there = co_await std::move(looking);
  if (there.has_error()) co_return there.error();
  if (*there) co_return result<void>();
  auto beginning = begin_upload(to, digest, std::nullopt);
  result<std::optional<upload>> begun = co_await std::move(beginning);
  if (begun.has_error()) co_return begun.error();
  upload& at = **begun;
  if (bytes.size() > options_.chunk) {
    for (std::size_t from = 0; from < bytes.size(); from += options_.chunk) {
      auto sending = append(at, bytes.substr(from, options_.chunk));
      result<void> sent = co_await std::move(sending);
      if (sent.has_error()) co_return sent;
    }
    auto ending = finish(at, digest, {});
    co_return co_await std::move(ending);
  }
  auto ending = finish(at, digest, bytes);
  co_return co_await std::move(ending);
}

task<result<void>> client::put_blob(repository in, std::string digest, std::string bytes) {
  auto once = [&] { return put_once(in, digest, bytes); };
  auto work = repeat(options_, once);
  co_return co_await std::move(work);
}

task<result<void>> client::stream_blob(repository from, std::string digest, std::uint64_t size, upload& to) {
  struct pieces {
    client& by;
    upload& into;
    std::string held;

    task<result<void>> take(byte_view some) {
      held.append(as_text(some));
      while (held.size() >= by.options_.chunk) {
        auto sending = by.append(into, held.substr(0, by.options_.chunk));
        result<void> sent = co_await std::move(sending);
        if (sent.has_error()) co_return sent;
        held.erase(0, by.options_.chunk);
      }
      co_return result<void>();
    }
  };
  pieces body{*this, to, {}};
  auto reading = read_blob(from, digest, size, [&body](byte_view some) { return body.take(some); });
  result<void> read = co_await std::move(reading);
  if (read.has_error()) co_return read;
  if (!body.held.empty()) {
    auto sending = append(to, std::move(body.held));
    result<void> sent = co_await std::move(sending);
    if (sent.has_error()) co_return sent;
  }
  auto last = finish(to, digest, {});
  co_return co_await std::move(last);
}

task<result<void>> client::copy_blob(repository from, repository to, std::string digest, std::uint64_t size) {
  if (from == to) co_return result<void>();
  struct copy {
    static task<result<void>> once(client& by, repository source, repository target, std::string name, std::uint64_t bytes) {
      auto looking = by.find_blob(target, name, false);
      result<bool> there = co_await std::move(looking);
      if (there.has_error()) co_return there.error();
      if (*there) co_return result<void>();
      std::optional<repository> mount;
      if (source.registry == target.registry) mount = source;
      auto beginning = by.begin_upload(target, name, mount);
      result<std::optional<upload>> begun = co_await std::move(beginning);
      if (begun.has_error()) co_return begun.error();
      if (!*begun) co_return result<void>();
      auto streaming = by.stream_blob(source, name, bytes, **begun);
      co_return co_await std::move(streaming);
    }
  };
  auto once = [&] { return copy::once(*this, from, to, digest, size); };
  auto work = repeat(options_, once);
  co_return co_await std::move(work);
}

}  // namespace peelbox::registry
