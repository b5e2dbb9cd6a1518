// A registry, or its token server, behind memory streams: what was pushed is kept, and one step can go wrong.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "engine/async/task_group.hpp"
#include "engine/oci/digest.hpp"
#include "engine/registry/client.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::registry::test {

/// What happens to the step with the number fake_registry::fault_at.
enum class fault {
  none,
  no_answer,      ///< the connection ends before the answer
  lost_answer,    ///< what was asked is done, but the connection ends before the answer
  half_answer,    ///< the connection ends in the middle of it
  unavailable,    ///< 503
  too_many,       ///< 429 with Retry-After
};

struct fake_registry {
  std::map<std::string, std::pair<std::string, std::string>> manifests;  ///< "repo@digest" or "repo:tag" -> type, bytes
  std::map<std::string, std::string> blobs;                             ///< "repo@digest"
  std::map<std::string, std::string> uploads;
  /// "bearer", "basic" or empty.
  std::string wants;
  bool mounts = true;
  bool knows_forms = true;
  int expires_in = 300;
  /// Steps are requests, from 0.
  int fault_at = -1;
  fault what = fault::none;
  int steps = 0;
  std::vector<std::string> asked;  ///< "POST http://auth.example/token"
  std::vector<std::string> dialled;
  /// Not even a connection to these.
  std::string refuses;
  task_group* group = nullptr;

  http::dial_function dial() {
    return [this](const http::origin_address& to) { return connect(to); };
  }

  std::string blob(const std::string& repo, const std::string& bytes) {
    const std::string digest = oci::digest_of(bytes);
    blobs[repo + "@" + digest] = bytes;
    return digest;
  }
  void manifest(const std::string& repo, const std::string& tag, const std::string& type, const std::string& bytes) {
    manifests[repo + "@" + oci::digest_of(bytes)] = {type, bytes};
    if (!tag.empty()) manifests[repo + ":" + tag] = {type, bytes};
  }
  /// An image of one layer; gives its manifest's digest.
  std::string image(const std::string& repo, const std::string& tag, const std::string& arch, const std::string& layer) {
    const std::string config = R"({"os":"linux","architecture":")" + arch + R"(","rootfs":{"type":"layers","diff_ids":[]}})";
    const std::string text = fmt::format(
        R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{}","size":{}}}]}})",
        oci::media_oci_manifest, blob(repo, config), config.size(), blob(repo, layer), layer.size());
    manifest(repo, tag, std::string(oci::media_oci_manifest), text);
    return oci::digest_of(text);
  }

 private:
  struct heard {
    std::string method, target, query, authorization, type, range, body;
  };
  struct said {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
  };

  task<result<transport::stream_ptr>> connect(http::origin_address to) {
    dialled.push_back(to.text());
    if (to.text() == refuses) co_return failure(errc::connection, "nothing listens at " + to.text());
    auto pair = peelbox::test::make_memory_pair(co_await asio::this_coro::executor);
    group->spawn(serve(to.text(), std::move(pair.b)));
    co_return std::move(pair.a);
  }

  static std::string field(const std::string& head, const std::string& name) {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == head.npos) return {};
    const auto from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }

  task<result<void>> serve(std::string origin, transport::stream_ptr on) {
    std::string seen;
    for (;;) {
      auto end = seen.find("\r\n\r\n");
      std::size_t length = 0;
      if (end != seen.npos) {
        const std::string text = field(seen.substr(0, end + 2), "Content-Length");
        if (!text.empty()) length = std::stoul(text);
      }
      if (end == seen.npos || seen.size() < end + 4 + length) {
        const auto got = co_await on->read();
        if (got.has_error() || got->empty()) co_return result<void>();
        seen += as_text(*got);
        continue;
      }
      const std::string head = seen.substr(0, end + 2);
      heard what_came;
      what_came.method = head.substr(0, head.find(' '));
      std::string target = head.substr(what_came.method.size() + 1);
      target = target.substr(0, target.find(' '));
      what_came.target = target.substr(0, target.find('?'));
      if (target.find('?') != target.npos) what_came.query = target.substr(target.find('?') + 1);
      what_came.authorization = field(head, "Authorization");
      what_came.type = field(head, "Content-Type");
      what_came.range = field(head, "Content-Range");
      what_came.body = seen.substr(end + 4, length);
      seen.erase(0, end + 4 + length);
      asked.push_back(what_came.method + " " + origin + target);
      const fault now = steps++ == fault_at ? what : fault::none;
      if (now == fault::no_answer) co_return result<void>();
      said answer;
      if (now == fault::unavailable) answer.status = 503;
      else if (now == fault::too_many) answer = {429, {{"Retry-After", "0"}}, "slow down"};
      else answer = decide(what_came);
      if (now == fault::lost_answer) co_return result<void>();
      std::string text = fmt::format("HTTP/1.1 {} X\r\n", answer.status);
      for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
      text += fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
      if (what_came.method != "HEAD") text += answer.body;
      if (now == fault::half_answer) text.resize(text.size() / 2);
      byte_chain bytes(byte_slice::of(std::move(text)));
      (void)co_await on->write(std::move(bytes));
      if (now == fault::half_answer) co_return result<void>();
    }
  }

  said decide(const heard& came) {
    if (came.target == "/token") {
      if (came.method == "POST" && !knows_forms) return {404, {}, ""};
      const bool basic = came.authorization == http::basic_credentials("me", "secret");
      const bool form = came.body.find("username=me&password=secret") != came.body.npos;
      if (!basic && !form && (came.method == "POST" || !came.authorization.empty())) return {401, {}, R"({"details":"wrong password"})"};
      const std::string who = basic || form ? "me" : "anonymous";
      return {200, {}, fmt::format(R"({{"token":"of-{}","expires_in":{}}})", who, expires_in)};
    }
    if (wants == "bearer" && came.authorization != "Bearer of-me")
      return {401, {{"WWW-Authenticate", R"(Bearer realm="https://auth.example/token",service="reg")"}}, ""};
    if (wants == "basic" && came.authorization != http::basic_credentials("me", "secret"))
      return {401, {{"WWW-Authenticate", R"(Basic realm="reg")"}}, ""};
    if (came.target == "/v2/") return {};
    const auto path = came.target.substr(4);
    if (const auto at = path.find("/manifests/"); at != path.npos) return manifest_of(came, path.substr(0, at), path.substr(at + 11));
    if (const auto at = path.find("/blobs/uploads/"); at != path.npos) return upload_of(came, path.substr(0, at), path.substr(at + 15));
    if (const auto at = path.find("/blobs/"); at != path.npos) {
      const auto found = blobs.find(path.substr(0, at) + "@" + path.substr(at + 7));
      return found == blobs.end() ? said{404, {}, ""} : said{200, {}, found->second};
    }
    return {404, {}, ""};
  }

  said manifest_of(const heard& came, const std::string& repo, const std::string& name) {
    const std::string key = repo + (name.find(':') == name.npos ? ":" : "@") + name;
    if (came.method == "PUT") {
      manifest(repo, name.find(':') == name.npos ? name : "", came.type, came.body);
      return {201, {{"Docker-Content-Digest", oci::digest_of(came.body)}}, ""};
    }
    const auto found = manifests.find(key);
    if (found == manifests.end()) return {404, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]})"};
    return {200, {{"Content-Type", found->second.first}, {"Docker-Content-Digest", oci::digest_of(found->second.second)}}, found->second.second};
  }

  said upload_of(const heard& came, const std::string& repo, const std::string& id) {
    const auto value = [&](const std::string& key) {
      const auto at = came.query.find(key + "=");
      return at == came.query.npos ? std::string() : came.query.substr(at + key.size() + 1, came.query.find('&', at) - at - key.size() - 1);
    };
    if (came.method == "POST") {
      std::string from = value("from");
      if (const auto at = from.find("%2F"); at != from.npos) from.replace(at, 3, "/");
      if (const auto found = blobs.find(from + "@" + value("mount")); mounts && found != blobs.end()) {
        blobs[repo + "@" + value("mount")] = found->second;
        return {201, {}, ""};
      }
      const std::string made = std::to_string(uploads.size());
      uploads[made];
      return {202, {{"Location", "/v2/" + repo + "/blobs/uploads/" + made + "?state=x"}}, ""};
    }
    const auto found = uploads.find(id);
    if (found == uploads.end()) return {404, {}, ""};
    const auto where = std::pair<std::string, std::string>{"Location", "/v2/" + repo + "/blobs/uploads/" + id + "?state=x"};
    const auto range = [&] { return std::pair<std::string, std::string>{"Range", fmt::format("0-{}", found->second.empty() ? 0 : found->second.size() - 1)}; };
    if (came.method == "GET") return {204, {where, range()}, ""};
    if (!came.range.empty() && std::stoul(came.range) != found->second.size()) return {416, {where, range()}, ""};
    found->second += came.body;
    if (came.method == "PATCH") return {202, {where, range()}, ""};
    const std::string bytes = found->second;
    if (oci::digest_of(bytes) != value("digest")) return {400, {}, R"({"errors":[{"code":"DIGEST_INVALID"}]})"};
    uploads.erase(found);
    uploads["done " + id];
    blob(repo, bytes);
    return {201, {}, ""};
  }
};

/// Runs `body` with a client of that registry, whose login is me:secret.
inline void with_client(fake_registry& at, std::function<task<void>(client&)> body, std::size_t chunk = 8 << 20, bool insecure = false) {
  asio::io_context io;
  const auto ended = peelbox::test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    at.group = &group;
    client_options options;
    options.dial = at.dial();
    options.chunk = chunk;
    options.retry.first = std::chrono::milliseconds(1);
    options.login = [](std::string) -> task<result<docker::credentials>> {
      docker::credentials login;
      login.username = "me";
      login.secret = "secret";
      co_return login;
    };
    options.settings = [insecure](std::string_view) {
      host_settings settings;
      settings.insecure = insecure;
      return result<host_settings>(settings);
    };
    client made(std::move(options));
    auto work = body(made);
    co_await std::move(work);
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value()) << ended.error().text;
}

inline constexpr fault all_faults[] = {fault::no_answer, fault::lost_answer, fault::half_answer, fault::unavailable, fault::too_many};

}  // namespace peelbox::registry::test
