#include "engine/client/error_hints.hpp"

#include <gtest/gtest.h>

namespace peelbox::client {
namespace {

std::string cause_of(const hint_question& about) {
  const auto hint = find_hint(about);
  return hint ? hint->cause : "";
}

hint_question of_daemon(std::string_view message, std::vector<log_line> tail = {},
                        std::optional<std::int64_t> exit_code = {}) {
  hint_question about;
  about.code = errc::remote;
  about.who = origin::peer;
  about.message = message;
  about.status = 2;
  about.log_tail = std::move(tail);
  about.exit_code = exit_code;
  return about;
}

// What the daemon says of a step that ended with this code.
hint_question failed_run(std::int64_t exit_code, std::vector<log_line> tail) {
  return of_daemon("process \"/bin/sh -c x\" did not complete successfully: exit code: 1", std::move(tail),
                   exit_code);
}

struct known_message {
  const char* message;
  const char* cause;  // how it begins; "" = no hint
};

class Messages : public testing::TestWithParam<known_message> {};

TEST_P(Messages, NameTheCause) {
  const std::string cause = cause_of(of_daemon(GetParam().message));
  EXPECT_TRUE(cause.starts_with(GetParam().cause) && cause.empty() == (*GetParam().cause == '\0')) << cause;
}

#define RESOLVE "failed to resolve source metadata for "

INSTANTIATE_TEST_SUITE_P(
    Known, Messages,
    testing::Values(
        known_message{"failed to compute cache key: failed to calculate checksum of ref a::b: "
                      "\"/src/app.py\": not found",
                      "the path /src/app.py is copied"},
        known_message{"secret token: not found", "the step mounts the secret token, which was not given"},
        known_message{"no SSH key \"default\" forwarded from the client", "the step mounts the SSH agent default, which was not"},
        known_message{"write /var/lib/x: no space left on device", "a disk is full where the daemon runs"},
        known_message{"process \"x\" did not complete successfully: cannot allocate memory",
                      "the daemon's machine ran out of memory"},
        known_message{RESOLVE "docker.io/library/nosuch:1: pull access denied, repository does not exist or "
                              "may require authorization: "
                              "server message: insufficient_scope: authorization failed",
                      "the image docker.io/library/nosuch:1 is private or does not exist"},
        known_message{RESOLVE "docker.io/library/alpine:9: docker.io/library/alpine:9: not found",
                      "the image docker.io/library/alpine:9 does not exist in its registry"},
        known_message{RESOLVE "r.example/a:1: failed to do request: Head \"https://r.example/v2/\": dial "
                              "tcp: lookup r.example: no such host",
                      "the daemon cannot reach the registry"},
        known_message{RESOLVE "r.example/a:1: failed to authorize: failed to fetch anonymous token: Get "
                              "\"https://r.example/t\": dial tcp "
                              "127.0.0.1:443: connect: connection refused",
                      "the daemon cannot reach the registry"},
        known_message{RESOLVE "r.example/a:1: failed to do request: Head \"https://r.example/v2/\": tls: "
                              "failed to verify certificate: x509: "
                              "certificate signed by unknown authority",
                      "the daemon does not trust the registry's certificate"},
        known_message{RESOLVE "r.example/a:1: unexpected status from HEAD request to "
                              "https://r.example/v2/a/manifests/1: 403 Forbidden",
                      "the image r.example/a:1 is private"},
        known_message{RESOLVE
                      "r.example/a:1: failed to copy: httpReadSeeker: failed open: unexpected status code "
                      "https://r.example/v2/a/blobs/x: 429 Too Many Requests - Server message: "
                      "toomanyrequests: slow down",
                      "the registry refuses more downloads"},
        known_message{RESOLVE "r.example/a:1: no match for platform in manifest sha256:0: not found",
                      "the image r.example/a:1 does not exist for the platform"},
        known_message{RESOLVE
                      "docker.io/docker/buildkit-syft-scanner:stable-1: failed to do request: dial tcp",
                      "the daemon cannot pull the image that writes the SBOM"},
        known_message{
            RESOLVE
            "docker.io/library/debian:12: failed to authorize: rpc error: code = FailedPrecondition desc = "
            "docker-credential-desktop is not installed (not found in PATH), but Docker's config.json names "
            "it",
            "the login for the registry of docker.io/library/debian:12"},
        known_message{"FailedPrecondition: " RESOLVE "r.example/a:1: FailedPrecondition: login for registry r.example: docker-credential-desktop "
                      "is not installed",
                      "the login for the registry of r.example/a:1"},
        known_message{"no active session for abc: context deadline exceeded",
                      "the daemon lost this client's session"},
        known_message{"exporter \"fancy\" could not be found", "this daemon has no exporter fancy"},
        known_message{"unsupported request frontend.lint: unsupported request frontend.lint",
                      "the daemon's own Dockerfile frontend is too old to be asked this"},
        known_message{"granting entitlement security.insecure is not allowed by build daemon configuration",
                      "the daemon's configuration does not allow the entitlement security.insecure"},
        known_message{"failed to load LLB: network.host is not allowed", "a step uses host networking"},
        known_message{"unknown API capability source.future", "this daemon is too old"},
        known_message{"runc run failed: unable to start container process: exec: \"nosuch\": executable file "
                      "not found in $PATH: unknown",
                      "the image has no such program"},
        known_message{"something nobody has seen", ""}));

TEST(Hints, TheCodeOfACallThatIsMissingCounts) {
  hint_question about = of_daemon("unknown service moby.buildkit.v1.Control");
  EXPECT_EQ(cause_of(about), "") << "a code that says something else";
  about.status = 12;
  EXPECT_EQ(cause_of(about), "this daemon is too old for what the build needs");
  about.message = "secrets: unknown service moby.buildkit.secrets.v1.Secrets";
  EXPECT_EQ(cause_of(about), "") << "what the daemon was answered by somebody else";
}

struct known_output {
  std::int64_t exit_code;
  const char* line;
  const char* cause;
};

class Output : public testing::TestWithParam<known_output> {};

TEST_P(Output, NamesTheCause) {
  const auto& [exit_code, line, cause] = GetParam();
  EXPECT_TRUE(cause_of(failed_run(exit_code, {{2, line}})).starts_with(cause))
      << cause_of(failed_run(exit_code, {{2, line}}));
}

INSTANTIATE_TEST_SUITE_P(
    Known, Output,
    testing::Values(
        known_output{137, "Killed", "the process was killed"},
        known_output{127, "sh: 1: x: not found", "the command x was not found"},
        known_output{127, "bash: line 1: cmake: command not found", "the command cmake was not found"},
        known_output{100, "E: Unable to locate package libfoo-dev", "the package libfoo-dev is not"},
        known_output{100, "E: Package 'libfoo' has no installation candidate",
                     "the package libfoo has no version"},
        known_output{1, "  foo (no such package):", "the package foo is not in Alpine"},
        known_output{1, "Error: Unable to find a match: foo bar", "the package foo is not"},
        known_output{1, "ERROR: No matching distribution found for nosuch==1",
                     "pip knows no fitting version of nosuch==1"},
        known_output{6, "curl: (6) Could not resolve host: h.example",
                     "the name h.example cannot be resolved"},
        known_output{128, "fatal: unable to access 'https://h/x/': Could not resolve host: h",
                     "names cannot be resolved"},
        known_output{100, "W: Failed to fetch http://d/I  Temporary failure resolving 'd'",
                     "names cannot be resolved"},
        known_output{2, "ping: h: Temporary failure in name resolution", "names cannot be resolved"},
        known_output{1, "/usr/bin/ld: cannot find -lfoo: No such file or directory",
                     "the linker did not find the library foo"},
        known_output{1, "/usr/bin/ld: cannot find -lfoo", "the linker did not find the library foo"},
        known_output{1, "runtime.copy[0]: nothing matches 'app' in /build",
                     "the commands ran, but they did not make app"},
        known_output{1, "exec /bin/sh: exec format error", "a program is for another processor"},
        known_output{2, "sh: 1: ./app: Exec format error", "a program is for another processor"},
        known_output{1, "tar: write error: No space left on device", "a disk is full where the daemon runs"},
        known_output{1, "OSError: [Errno 28] No space left on device",
                     "a disk is full where the daemon runs"},
        known_output{1, "error: failed to write x: No space left on device (os error 28)",
                     "a disk is full where the daemon runs"}));

TEST(Hints, AFullDiskIsFoundAboveTheLastLine) {
  EXPECT_EQ(cause_of(failed_run(
                1, {{2, "dd: error writing 'x': No space left on device"}, {2, "65+0 records in"}})),
            "a disk is full where the daemon runs");
}

TEST(Hints, AFullDiskIsSaidToBeWhereItIs) {
  hint_question about;
  about.code = errc::io;
  about.message = "cannot write output /dev/full: No space left on device";
  EXPECT_EQ(cause_of(about),
            "the disk of this machine that holds this file is full, or its quota is used up");
  about.message = "cannot write output /No space left on device: Permission denied";
  EXPECT_EQ(cause_of(about), "");
  about.who = origin::peer;
  about.message = "write /var/lib/docker/tmp/x: no space left on device";
  EXPECT_EQ(cause_of(about), "a disk is full where the Docker engine runs");
}

TEST(Hints, OfTheConnection) {
  hint_question about;
  about.code = errc::connection;
  about.who = origin::transport;
  about.message = "tcp://h:1: connection refused (tried 127.0.0.1)";
  EXPECT_EQ(cause_of(about), "nothing listens at that address and port");
  about.message = "tcp://h:1: the certificate of connection refused is for h";
  EXPECT_EQ(cause_of(about), "");
  about.code = errc::lost;
  EXPECT_EQ(cause_of(about), "the daemon was stopped or crashed, or the network broke");
  about.who = origin::peer;
  EXPECT_EQ(cause_of(about),
            "the daemon lost this client's session, through which it reads the build context");
}

/// Words that were once looked for anywhere, and what daemons and programs say when they mean them.
const char* const told[] = {"clippy::unimplemented",
                            "unimplemented",
                            "unknown API capability x",
                            "out of memory",
                            "cannot allocate memory",
                            "no space left on device",
                            "No space left on device",
                            "disk quota exceeded",
                            "no active session",
                            "dropped the session",
                            "was lost during the build",
                            "connection refused",
                            "granting entitlement x",
                            "network.host is not allowed",
                            "security.insecure is not allowed",
                            "exporter \"x\" could not be found",
                            "unknown cache exporter",
                            "invalid frontend",
                            "buildkit-syft-scanner",
                            "sbom scanner",
                            "failed to resolve source metadata for x",
                            "pull access denied",
                            "failed to authorize",
                            "unexpected status from",
                            "manifest unknown",
                            "failed to copy",
                            "failed to do request",
                            "toomanyrequests",
                            "429 too many",
                            "rate limit",
                            "no match for platform",
                            "insufficient_scope",
                            "unauthorized",
                            "authorization failed",
                            "401 unauthorized",
                            "403 forbidden",
                            "denied",
                            "x509",
                            "certificate",
                            "dial tcp",
                            "no such host",
                            "i/o timeout",
                            "tls handshake timeout",
                            "not found",
                            "no such file or directory",
                            "failed to calculate checksum",
                            "failed to compute cache key",
                            "E: Unable to locate package x",
                            "has no installation candidate",
                            "(no such package)",
                            "unable to find a match",
                            "no matching distribution found for x",
                            "temporary failure resolving",
                            "could not resolve host: x",
                            "temporary failure in name resolution",
                            "cannot find -lx",
                            "runtime.copy[0]: nothing matches 'x' in /build",
                            "exec format error",
                            "executable file not found in $PATH",
                            "exit code: 137",
                            "Unimplemented"};

// Go's %q.
std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// As far as a reference may be spelled so.
std::string image_of(const std::string& words) {
  std::string name = "docker.io/library/" + words + ":1";
  for (char& c : name)
    if (c == ' ' || c == '"' || c == '\'' || c == '(' || c == ')') c = '-';
  return name;
}

TEST(OwnWords, InACommand) {
  for (const std::string words : told) {
    for (const std::string& command :
         {words, "/bin/sh -c cargo clippy -- -D " + words, "echo " + words + ": " + words, "x: " + words}) {
      const std::string message =
          "process " + in_quotes(command) + " did not complete successfully: exit code: 1";
      EXPECT_EQ(cause_of(of_daemon(message, {}, 1)), "");
      EXPECT_EQ(cause_of(of_daemon(message)), "");
    }
  }
}

TEST(OwnWords, InWhatACommandPrints) {
  for (const std::string words : told) {
    for (const std::string& line :
         {words + " is what we test", "    3 | // " + words, "src/x.c:3:1: error: // " + words,
          "note: on " + words, "expected: " + words + "!", "FAIL: " + words + " (0.01s)", "warning: " + words,
          "+ echo " + words, "# see https://x/" + words + " for more"}) {
      EXPECT_EQ(cause_of(failed_run(1, {{2, line}})), "") << line;
      EXPECT_EQ(cause_of(failed_run(1, {{1, line}})), "") << line;
    }
    EXPECT_EQ(cause_of(failed_run(1, {{1, words}, {1, "x: " + words}})), "") << "standard output";
    EXPECT_EQ(cause_of(failed_run(137, {{2, words + ", so that"}})),
              "the process was killed (signal 9), most often because memory ran out");
  }
}

TEST(OwnWords, InTheNameOfAFile) {
  for (const std::string words : told) {
    const std::string path = "/src/" + words;
    EXPECT_TRUE(
        cause_of(of_daemon("failed to calculate checksum of ref a::b: " + in_quotes(path) + ": not found"))
            .starts_with("the path /src/"));
    EXPECT_EQ(cause_of(of_daemon("mkdir " + in_quotes(path) + ": read-only file system")), "");
    EXPECT_EQ(cause_of(of_daemon("lstat " + path + ": too many levels of symbolic links")), "");
    EXPECT_EQ(cause_of(of_daemon("failed to mount " + path + ": invalid argument")), "");
  }
}

TEST(OwnWords, InTheNameOfAnImage) {
  for (const std::string words : told) {
    const std::string image = image_of(words);
    EXPECT_EQ(cause_of(of_daemon(RESOLVE + image + ": " + image + ": not found")),
              "the image " + image + " does not exist in its registry");
    EXPECT_EQ(cause_of(of_daemon(RESOLVE + image + ": unexpected status from HEAD request to https://h/v2/" +
                                 image + "/manifests/1: 500 Oops")),
              "");
  }
}

TEST(OwnWords, OnOurSide) {
  for (const std::string words : told) {
    hint_question about;
    for (const errc code : {errc::context, errc::usage, errc::cancelled, errc::not_found, errc::permission,
                            errc::io, errc::connection, errc::tls, errc::protocol, errc::limit,
                            errc::internal, errc::timed_out, errc::unsupported}) {
      const std::string text = "src/" + words + ": it changed while it was sent";
      about.code = code;
      about.message = text;
      EXPECT_EQ(cause_of(about), "");
    }
  }
}

}  // namespace
}  // namespace peelbox::client
