#include "transport/helper_command.hpp"

#include <gmock/gmock.h>

namespace peelbox::transport {
namespace {

using testing::ElementsAre;

std::vector<std::string> of(std::string_view address) {
  const auto argv = helper_command(parse_endpoint(address).value());
  return argv.has_value() ? *argv : std::vector<std::string>{argv.error().text};
}

TEST(HelperCommand, IsWhatTheReferenceClientRuns) {
  EXPECT_THAT(of("podman-container://bk"), ElementsAre("podman", "exec", "-i", "bk", "buildctl", "dial-stdio"));
  EXPECT_THAT(of("nerdctl-container://bk"), ElementsAre("nerdctl", "exec", "-i", "bk", "buildctl", "dial-stdio"));
  EXPECT_THAT(of("nerdctl-container://bk?namespace=k8s.io"),
              ElementsAre("nerdctl", "exec", "--namespace", "k8s.io", "-i", "bk", "buildctl", "dial-stdio"));
  EXPECT_THAT(of("ssh://host"), ElementsAre("ssh", "-o", "ConnectTimeout=30", "--", "host", "buildctl", "dial-stdio"));
  EXPECT_THAT(of("ssh://me@host:22/run/bk.sock"),
              ElementsAre("ssh", "-o", "ConnectTimeout=30", "-l", "me", "-p", "22", "--", "host", "buildctl", "--addr",
                          "unix:///run/bk.sock", "dial-stdio"));
  EXPECT_THAT(of("ssh://host/"), ElementsAre("ssh", "-o", "ConnectTimeout=30", "--", "host", "buildctl", "dial-stdio"));
  EXPECT_THAT(of("ssh://[::1]:22"), ElementsAre("ssh", "-o", "ConnectTimeout=30", "-p", "22", "--", "::1", "buildctl", "dial-stdio"));
}

TEST(HelperCommand, ADockerEngineIsTheOneThatTheAddressNames) {
  const auto of_engine = [](std::string_view address) { return docker_ssh_command(parse_endpoint(address).value()).value(); };
  EXPECT_THAT(of_engine("ssh://me@host"), ElementsAre("ssh", "-o", "ConnectTimeout=30", "-l", "me", "--", "host", "docker",
                                                      "system", "dial-stdio"));
  EXPECT_THAT(of_engine("ssh://host/run/user/1000/docker.sock"),
              ElementsAre("ssh", "-o", "ConnectTimeout=30", "--", "host", "docker",
                          "--host=unix:///run/user/1000/docker.sock", "system", "dial-stdio"));
  EXPECT_EQ(docker_ssh_command(parse_endpoint("ssh://host/$(x)").value()).error().code, errc::usage);
}

TEST(HelperCommand, AConnectionThroughAnotherHost) {
  const auto forward = [](std::string_view through, const std::string& address) {
    const auto argv = ssh_forward_command(through, address, 1234);
    return argv.has_value() ? *argv : std::vector<std::string>{argv.error().code == errc::usage ? "refused" : argv.error().text};
  };
  EXPECT_THAT(forward("prod", "10.1.2.3"), ElementsAre("ssh", "-o", "ConnectTimeout=30", "-W", "10.1.2.3:1234", "--", "prod"));
  EXPECT_THAT(forward("me@bastion.example.com:45459", "fd00::7"),
              ElementsAre("ssh", "-o", "ConnectTimeout=30", "-W", "[fd00::7]:1234", "-l", "me", "-p", "45459", "--", "bastion.example.com"));
  for (const char* through : {"", "-oProxyCommand=x", "-x@host", "me:secret@host", "host:port", "host/path", "host/", "host?x", "a b", "$(x)", "ssh://host"})
    EXPECT_THAT(forward(through, "10.1.2.3"), ElementsAre("refused")) << through;
  for (const char* host : {"", "-x", "10.1.2.3:1 -o X", "%h", "a/b", "bastion"}) EXPECT_THAT(forward("prod", host), ElementsAre("refused")) << host;
}

TEST(HelperCommand, RefusesWhatAProgramOrShellWouldMisread) {
  for (const char* text :
       {"podman-container://-it", "podman-container://a b", "podman-container://a?x=y", "nerdctl-container://a?namespace=$(x)",
        "ssh://-oProxyCommand=x", "ssh://a:b@host", "ssh://-x@host",
        "ssh://host:port", "ssh://host?x", "ssh://host/run/a;b", "ssh://host/$(x)"}) {
    const auto argv = helper_command(parse_endpoint(text).value());
    ASSERT_TRUE(argv.has_error()) << text;
    EXPECT_EQ(argv.error().code, errc::usage) << text;
  }
}

TEST(HelperCommand, Pods) {
  const auto pod = parse_pod(parse_endpoint("kube-pod://pod-0?namespace=ci&context=arn:aws:eks:x:1:cluster/c&container=b").value());
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(pod->name, "pod-0");
  EXPECT_EQ(pod->context, "arn:aws:eks:x:1:cluster/c");
  EXPECT_EQ(pod->name_space, "ci");
  EXPECT_EQ(pod->container, "b");
  for (const char* text : {"kube-pod://p;ls", "kube-pod://p?context=-x", "kube-pod://p?pod=x"})
    EXPECT_EQ(parse_pod(parse_endpoint(text).value()).error().code, errc::usage) << text;
}

TEST(HelperCommand, Containers) {
  const auto plain = parse_container(parse_endpoint("docker-container://buildx_buildkit_x0").value());
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->name, "buildx_buildkit_x0");
  EXPECT_EQ(parse_container(parse_endpoint("docker-container://b?context=remote").value())->context, "remote");
  EXPECT_TRUE(parse_container(parse_endpoint("docker-container://a/../b").value()).has_error());
}

}  // namespace
}  // namespace peelbox::transport
