#include "transport/tls_stream.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <fstream>
#include <sys/stat.h>
#include <thread>

#include "engine/async/task_group.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/transport/tls_peer.hpp"

namespace peelbox::transport {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Tls : public testing::Test {
 protected:
  // The server is OpenSSL over a plain socket, which signals a broken pipe.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  Tls() {
    server_.shown = ca_.issue({.common_name = "daemon", .alternative_names = "DNS:buildkit.test,IP:127.0.0.1"});
    options_.limits.handshake = 5s;
    options_.tls.ca = pem("ca.pem", ca_.certificate());
  }
  std::string file(const std::string& name, const std::string& text) {
    test::write_file(scratch_.file(name), text);
    return scratch_.file(name);
  }
  tls_material pem(const std::string& name, const std::string& text) { return tls_material::file(file(name, text)); }
  void show_client_certificate(const test::identity& who) {
    options_.tls.certificate = pem("client.pem", who.certificate);
    options_.tls.key = pem("client-key.pem", who.key);
  }
  result<stream_ptr> dial_to(std::uint16_t port) {
    return test::run_task(io_, dial(test::tcp_endpoint("127.0.0.1", port), options_));
  }
  failure refused(std::uint16_t port) {
    auto s = dial_to(port);
    EXPECT_TRUE(s.has_error());
    return s.has_error() ? s.error() : failure();
  }

  test::scratch_directory scratch_;
  test::authority ca_{"right authority"};
  test::authority other_ca_{"other authority"};
  test::tls_server_options server_;
  dial_options options_;
  asio::io_context io_;
};

/// Sends `text` in slices of odd sizes, ends, and gives what comes back.
task<result<std::string>> echo(stream& s, std::string text) {
  std::string got;
  auto body = [&s, &text, &got](task_group& group) -> task<result<void>> {
    byte_chain chain;
    std::size_t size = 9;
    for (std::size_t at = 0; at < text.size(); at += size, size = size == 9 ? 16384 : size == 16384 ? 40'000 : 9)
      chain.append(byte_slice::of(text.substr(at, size)));
    struct sender {
      static task<result<void>> run(stream& to, byte_chain bytes) {
        auto sent = co_await to.write(std::move(bytes));
        if (sent.has_error()) co_return sent;
        co_return co_await to.shutdown_write();
      }
    };
    group.spawn(sender::run(s, std::move(chain)));
    for (;;) {
      auto some = co_await s.read();
      if (some.has_error()) co_return some.error();
      if (some->empty()) co_return result<void>();
      got += as_text(*some);
    }
  };
  auto r = co_await task_group::run(body);
  if (r.has_error()) co_return r.error();
  co_return got;
}

std::string long_text() {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + ' ';
  return text;
}

TEST_F(Tls, EchoesAndEndsInOrderWithBothVersions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server_.version = version;
    test::tls_server server(server_);
    auto s = dial_to(server.port());
    ASSERT_TRUE(s.has_value()) << s.error().text;
    const std::string text = long_text();
    auto got = test::run_task(io_, echo(**s, text));
    ASSERT_TRUE(got.has_value()) << got.error().text;
    EXPECT_TRUE(*got == text);
    EXPECT_EQ(server.outcome(), "");
    EXPECT_EQ(server.asked_name(), "");  // no SNI for an IP address
  }
}

TEST_F(Tls, AServerNameIsAskedForAndVerified) {
  options_.tls.server_name = "buildkit.test";
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value()) << s.error().text;
  auto got = test::run_task(io_, echo(**s, "x"));
  EXPECT_EQ(server.outcome(), "");
  EXPECT_EQ(server.asked_name(), "buildkit.test");
}

TEST_F(Tls, APeerWithoutAlpnIsAccepted) {
  server_.alpn.clear();
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value()) << s.error().text;
  EXPECT_EQ(test::run_task(io_, echo(**s, "x")).value(), "x");
}

TEST_F(Tls, APeerThatSelectsAnotherProtocolIsRefused) {
  server_.alpn = "\x08http/1.1";
  test::tls_server server(server_);
  const failure f = refused(server.port());
  EXPECT_EQ(f.code, errc::tls);
  EXPECT_THAT(f.text, HasSubstr("selected a protocol other than h2"));
}

TEST_F(Tls, WrongAuthority) {
  options_.tls.ca = pem("other.pem", other_ca_.certificate());
  test::tls_server server(server_);
  const failure f = refused(server.port());
  EXPECT_EQ(f.code, errc::tls);
  EXPECT_THAT(f.text, AllOf(HasSubstr("the certificate of tcp://127.0.0.1:"), HasSubstr("is not signed by"),
                            HasSubstr("other.pem")));
  EXPECT_THAT(server.outcome(), HasSubstr("unknown ca"));  // the peer is told why
}

TEST_F(Tls, TheSystemsAuthoritiesDoNotKnowThisOne) {
  options_.tls.ca = {};
  options_.tls.server_name = "buildkit.test";
  test::tls_server server(server_);
  const failure f = refused(server.port());
  EXPECT_EQ(f.code, errc::tls);
  EXPECT_THAT(f.text, HasSubstr("--tlscacert"));
}

TEST_F(Tls, AnotherAuthorityCountsBesideTheSystems) {
  options_.tls.system_too = true;
  test::tls_server server(server_);
  EXPECT_TRUE(dial_to(server.port()).has_value());
  options_.tls.ca = pem("other.pem", other_ca_.certificate());
  test::tls_server again(server_);
  EXPECT_EQ(refused(again.port()).code, errc::tls);
}

TEST_F(Tls, NothingIsVerifiedWhereThatIsWished) {
  options_.tls = {};
  options_.tls.verify = false;
  options_.tls.server_name = "another.name";
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  EXPECT_TRUE(s.has_value()) << s.error().text;
}

TEST_F(Tls, WrongNameSaysBothNames) {
  options_.tls.server_name = "elsewhere.test";
  test::tls_server server(server_);
  const failure f = refused(server.port());
  EXPECT_EQ(f.code, errc::tls);
  EXPECT_THAT(f.text, AllOf(HasSubstr("is for buildkit.test, 127.0.0.1, not for elsewhere.test"),
                            HasSubstr("--tlsservername")));
}

TEST_F(Tls, AnIntermediateAuthorityCanBeTheOneThatIsTrusted) {
  const test::authority between("between", ca_);
  server_.shown = between.issue({.alternative_names = "IP:127.0.0.1"});
  options_.tls.ca = pem("between.pem", between.certificate());
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value()) << s.error().text;
  EXPECT_EQ(test::run_task(io_, echo(**s, "x")).value(), "x");
}

TEST_F(Tls, TheDaemonsOwnCertificateCanBeTheOneThatIsTrusted) {
  for (const bool by_itself : {true, false}) {
    const test::certificate_wish wish{.alternative_names = "IP:127.0.0.1"};
    server_.shown = by_itself ? test::self_signed(wish) : ca_.issue(wish);
    options_.tls.ca = pem("own.pem", server_.shown.certificate);
    test::tls_server server(server_);
    auto s = dial_to(server.port());
    ASSERT_TRUE(s.has_value()) << s.error().text;
    EXPECT_EQ(test::run_task(io_, echo(**s, "x")).value(), "x");
  }
  // Trusting another certificate of the same authority is not trusting the authority.
  options_.tls.ca = pem("another.pem", ca_.issue({.alternative_names = "IP:127.0.0.1"}).certificate);
  test::tls_server server(server_);
  EXPECT_THAT(refused(server.port()).text, HasSubstr("is not signed by"));
}

TEST_F(Tls, ACommonNameIsNoName) {
  options_.tls.server_name = "buildkit.test";
  server_.shown = ca_.issue({.common_name = "buildkit.test"});
  {
    test::tls_server server(server_);
    EXPECT_THAT(refused(server.port()).text,
                AllOf(HasSubstr("has no subjectAltName"), HasSubstr("subjectAltName=DNS:buildkit.test")));
  }
  options_.tls.server_name.clear();
  server_.shown = ca_.issue({.common_name = "127.0.0.1"});
  test::tls_server server(server_);
  EXPECT_THAT(refused(server.port()).text, HasSubstr("subjectAltName=IP:127.0.0.1"));
}

TEST_F(Tls, FilesCanBePipes) {
  const test::identity client = ca_.issue({.common_name = "client"});
  const std::string key = scratch_.file("key.fifo");
  ASSERT_EQ(::mkfifo(key.c_str(), 0600), 0);
  // Written late and in two parts, as `--tlskey <(vault …)` may be.
  std::thread writer([&] {
    std::this_thread::sleep_for(20ms);
    std::ofstream to(key);
    to << client.key.substr(0, 50) << std::flush;
    std::this_thread::sleep_for(20ms);
    to << client.key.substr(50);
  });
  auto prepared = prepare_tls({.ca = {}, .certificate = pem("c.pem", client.certificate), .key = tls_material::file(key),
                               .server_name = {}});
  writer.join();
  EXPECT_TRUE(prepared.has_value()) << prepared.error().text;
}

TEST_F(Tls, WrongIpAddress) {
  server_.shown = ca_.issue({.common_name = "127.0.0.1", .alternative_names = "DNS:buildkit.test,IP:10.0.0.1"});
  test::tls_server server(server_);
  EXPECT_THAT(refused(server.port()).text, HasSubstr("is for buildkit.test, 10.0.0.1, not for 127.0.0.1"));
}

TEST_F(Tls, ExpiredAndNotYetValid) {
  server_.shown = ca_.issue({.alternative_names = "IP:127.0.0.1", .valid_from_days = -9, .valid_to_days = -2});
  {
    test::tls_server server(server_);
    EXPECT_THAT(refused(server.port()).text, HasSubstr("expired on "));
  }
  server_.shown = ca_.issue({.alternative_names = "IP:127.0.0.1", .valid_from_days = 2, .valid_to_days = 3});
  test::tls_server server(server_);
  EXPECT_THAT(refused(server.port()).text, HasSubstr("are the clocks right"));
}

TEST_F(Tls, AClientCertificateIsShown) {
  server_.client_authority = ca_.certificate();
  show_client_certificate(ca_.issue({.common_name = "client"}));
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value()) << s.error().text;
  EXPECT_EQ(test::run_task(io_, echo(**s, "x")).value(), "x");
  EXPECT_EQ(server.outcome(), "");
}

TEST_F(Tls, AMissingClientCertificateIsExplainedWithBothVersions) {
  server_.client_authority = ca_.certificate();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server_.version = version;
    test::tls_server server(server_);
    auto s = dial_to(server.port());
    failure f;
    if (s.has_error()) {
      f = s.error();
    } else {  // TLS 1.3: the client's handshake is over before the server has missed the certificate
      auto r = test::run_task(io_, (*s)->read());
      ASSERT_TRUE(r.has_error());
      f = r.error();
    }
    EXPECT_EQ(f.code, errc::tls);
    EXPECT_THAT(f.text, AllOf(HasSubstr("requires a client certificate"), HasSubstr("--tlscert/--tlskey")));
  }
}

TEST_F(Tls, AWriteThatBreaksGivesThePeersReason) {
  server_.client_authority = ca_.certificate();
  server_.version = TLS1_3_VERSION;
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value());
  server.outcome();  // the server has sent its alert and closed
  auto r = test::run_task(io_, echo(**s, long_text()));
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::tls) << r.error().text;
}

TEST_F(Tls, AClientCertificateOfAnUnknownAuthorityIsExplained) {
  server_.client_authority = ca_.certificate();
  show_client_certificate(other_ca_.issue({.common_name = "client"}));
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  const failure f = s.has_error() ? s.error() : test::run_task(io_, (*s)->read()).error();
  EXPECT_EQ(f.code, errc::tls);
  EXPECT_THAT(f.text, AllOf(HasSubstr("client certificate"), HasSubstr("client.pem")));
}

/// A listener that answers every connection with `text` (without TLS) or, when that is empty, with silence.
struct plain_server {
  plain_server(asio::io_context& io, std::string text) : listener(io, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(io, run(listener, std::move(text), kept), asio::detached);
  }
  static task<void> run(asio::ip::tcp::acceptor& from, std::string text,
                        std::vector<asio::ip::tcp::socket>& sockets) {
    for (;;) {
      auto [error, socket] = co_await from.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      char hello[16];
      co_await socket.async_read_some(asio::buffer(hello), asio::use_awaitable);
      if (text == "close") continue;
      if (!text.empty()) co_await socket.async_write_some(asio::buffer(text), asio::use_awaitable);
      sockets.push_back(std::move(socket));
    }
  }
  std::vector<asio::ip::tcp::socket> kept;
  asio::ip::tcp::acceptor listener;
  std::uint16_t port() const { return listener.local_endpoint().port(); }
};

TEST_F(Tls, PeersWithoutTls) {
  {
    plain_server h2(io_, std::string("\0\0\6\4\0\0\0\0\0\0\4\0\0\xff\xff", 15));  // SETTINGS of a plain daemon
    EXPECT_THAT(refused(h2.port()).text, HasSubstr("does not speak TLS"));
    plain_server http(io_, "HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_THAT(refused(http.port()).text, HasSubstr("does not speak TLS"));
    plain_server gone(io_, "close");
    const failure closed = refused(gone.port());
    EXPECT_EQ(closed.code, errc::tls);
    EXPECT_THAT(closed.text, HasSubstr("perhaps it does not speak TLS"));
    plain_server silent(io_, "");
    options_.limits.handshake = 100ms;
    const failure late = refused(silent.port());
    EXPECT_EQ(late.code, errc::timed_out);
    EXPECT_THAT(late.text, HasSubstr("did not end within 100 ms"));
  }
}

TEST_F(Tls, ACutConnectionIsNotAnOrderlyEnd) {
  server_.cut = true;
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value());
  auto r = test::run_task(io_, (*s)->read());
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::connection);
  EXPECT_THAT(r.error().text, HasSubstr("the connection was cut"));
}

TEST_F(Tls, CloseEndsAPendingRead) {
  test::tls_server server(server_);
  auto s = dial_to(server.port());
  ASSERT_TRUE(s.has_value());
  std::optional<result<byte_view>> read;
  asio::co_spawn(io_, (*s)->read(), [&](std::exception_ptr e, result<byte_view> r) {
    if (!e) read = r;
  });
  io_.restart();
  io_.poll();
  EXPECT_FALSE(read.has_value());
  (*s)->close();
  io_.restart();
  io_.run_for(5s);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->error().code, errc::cancelled);
}

TEST_F(Tls, WrongFilesAreNamed) {
  const auto reason = [&](tls_options o) {
    auto r = prepare_tls(std::move(o));
    EXPECT_TRUE(r.has_error());
    return r.has_error() ? r.error() : failure();
  };
  const test::identity client = ca_.issue({});
  const test::identity other = ca_.issue({});
  const tls_material cert = pem("c.pem", client.certificate);
  const tls_material key = pem("k.pem", client.key);
  EXPECT_TRUE(prepare_tls({.ca = {}, .certificate = cert, .key = key, .server_name = {}}).has_value());

  const failure alone = reason({.ca = {}, .certificate = cert, .key = {}, .server_name = {}});
  EXPECT_EQ(alone.code, errc::usage);
  EXPECT_THAT(alone.text, HasSubstr("--tlskey is missing"));
  EXPECT_THAT(reason({.ca = {}, .certificate = {}, .key = key, .server_name = {}}).text,
              HasSubstr("--tlscert is missing"));

  const failure missing = reason({.ca = tls_material::file(scratch_.file("none.pem")), .certificate = {}, .key = {}, .server_name = {}});
  EXPECT_EQ(missing.code, errc::not_found);
  EXPECT_THAT(missing.text, AllOf(HasSubstr("--tlscacert"), HasSubstr("none.pem")));
  EXPECT_THAT(reason({.ca = pem("text.pem", "hello"), .certificate = {}, .key = {}, .server_name = {}}).text,
              HasSubstr("no certificate in PEM form"));
  const std::string half = client.certificate.substr(0, client.certificate.size() / 2);
  EXPECT_THAT(reason({.ca = pem("half.pem", half), .certificate = {}, .key = {}, .server_name = {}}).text,
              HasSubstr("cannot be read"));
  EXPECT_THAT(reason({.ca = {}, .certificate = cert, .key = cert, .server_name = {}}).text,
              HasSubstr("no private key in PEM form"));
  EXPECT_THAT(reason({.ca = {}, .certificate = cert, .key = pem("o.pem", other.key), .server_name = {}}).text,
              HasSubstr("does not belong to the certificate"));
}

TEST_F(Tls, MaterialFromMemory) {
  const test::identity client = ca_.issue({.common_name = "client"});
  options_.tls.ca = tls_material::data(ca_.certificate());
  options_.tls.certificate = tls_material::data(client.certificate);
  options_.tls.key = tls_material::data(client.key);
  server_.client_authority = ca_.certificate();
  for (int i = 0; i < 2; ++i) {  // the same options serve for several connections
    test::tls_server server(server_);
    auto s = dial_to(server.port());
    ASSERT_TRUE(s.has_value()) << s.error().text;
    EXPECT_EQ(test::run_task(io_, echo(**s, "x")).value(), "x");
    EXPECT_EQ(server.outcome(), "");
  }
  options_.tls.ca = tls_material::data(other_ca_.certificate());
  test::tls_server server(server_);
  EXPECT_THAT(refused(server.port()).text, HasSubstr("is not signed by the authorities given as data"));
}

TEST_F(Tls, WrongDataIsNamedAndNeverShown) {
  const test::identity client = ca_.issue({});
  const test::identity other = ca_.issue({});
  const auto data = [](std::string text) { return tls_material::data(std::move(text)); };
  const std::string secret = client.key.substr(client.key.size() / 2, 40);
  const auto reason = [&](tls_options o) {
    auto r = prepare_tls(std::move(o));
    EXPECT_TRUE(r.has_error());
    const std::string text = r.has_error() ? r.error().text : "";
    EXPECT_EQ(text.find(secret), text.npos);
    EXPECT_EQ(text.find("-tls"), text.npos) << text;  // nobody gave a flag
    return text;
  };
  const tls_material cert = data(client.certificate);
  const tls_material key = data(client.key);
  EXPECT_THAT(reason({.ca = {}, .certificate = cert, .key = {}, .server_name = {}}), HasSubstr("the key is missing"));
  EXPECT_THAT(reason({.ca = {}, .certificate = {}, .key = key, .server_name = {}}), HasSubstr("the certificate is missing"));
  // Base64 that nobody has decoded.
  EXPECT_THAT(reason({.ca = data("LS0tLS1CRUdJTg=="), .certificate = {}, .key = {}, .server_name = {}}),
              AllOf(HasSubstr("the data given as CA: "), HasSubstr("no certificate in PEM form")));
  EXPECT_THAT(reason({.ca = data(""), .certificate = {}, .key = {}, .server_name = {}}), HasSubstr("no certificate in PEM form"));
  EXPECT_THAT(reason({.ca = {}, .certificate = key, .key = key, .server_name = {}}),
              HasSubstr("the data given as certificate: it contains no certificate"));
  EXPECT_THAT(reason({.ca = {}, .certificate = cert, .key = data(client.key.substr(0, client.key.size() / 2)), .server_name = {}}),
              HasSubstr("the data given as key: it contains no private key in PEM form"));
  EXPECT_THAT(reason({.ca = {}, .certificate = cert, .key = data(other.key), .server_name = {}}),
              HasSubstr("the data given as key: the key does not belong to the certificate of the data given as certificate"));
  EXPECT_THAT(reason({.ca = data(std::string(5 << 20, 'x')), .certificate = {}, .key = {}, .server_name = {}}), HasSubstr("larger than"));
}

TEST_F(Tls, ADirectoryOfFiles) {
  EXPECT_EQ(tls_options_of_directory(scratch_.file("none")).error().code, errc::not_found);
  EXPECT_EQ(tls_options_of_directory(file("f", "")).error().code, errc::usage);
  const std::string directory = scratch_.file("d");
  std::filesystem::create_directory(directory);
  test::write_file(directory + "/ca.crt", "");
  test::write_file(directory + "/tls.crt", "");
  const auto incomplete = tls_options_of_directory(directory);
  ASSERT_TRUE(incomplete.has_error());
  EXPECT_THAT(incomplete.error().text, HasSubstr("neither key.pem nor tls.key"));
  test::write_file(directory + "/tls.key", "");
  auto second = tls_options_of_directory(directory);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->ca.path(), directory + "/ca.crt");
  EXPECT_EQ(second->certificate.path(), directory + "/tls.crt");
  EXPECT_EQ(second->key.path(), directory + "/tls.key");
  for (const char* name : {"/ca.pem", "/cert.pem", "/key.pem"}) test::write_file(directory + name, "");
  EXPECT_EQ(tls_options_of_directory(directory).value().key.path(), directory + "/key.pem");
}

}  // namespace
}  // namespace peelbox::transport
