#include "engine/kubernetes/kubeconfig.hpp"

#include <gmock/gmock.h>

namespace peelbox::kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* whole = R"(apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster: {server: "https://k:6443/prefix", certificate-authority: ca.pem, tls-server-name: api}
users:
- name: u
  user:
    client-certificate: /abs/cert.pem
    client-key-data: S0VZ
    tokenFile: sub/token
- name: p
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [a, "b c"]
      env: [{name: X, value: "1"}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
contexts:
- name: one
  context: {cluster: c, user: u, namespace: n}
)";

TEST(Kubeconfig, PathsAreBesideTheFileThatNamesThem) {
  const auto made = parse_kubeconfig(whole, "/users/me/.kube/config");
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->current_context, "one");
  EXPECT_EQ(made->clusters.at("c").ca_file, "/users/me/.kube/ca.pem");
  const user_entry& user = made->users.at("u");
  EXPECT_EQ(user.certificate_file, "/abs/cert.pem");
  EXPECT_EQ(user.key_data, "KEY");
  EXPECT_EQ(user.token_file, "/users/me/.kube/sub/token");
  const exec_plugin& plugin = *made->users.at("p").exec;
  EXPECT_EQ(plugin.command, "/users/me/.kube/./bin/login");
  EXPECT_THAT(plugin.args, ElementsAre("a", "b c"));
  EXPECT_THAT(plugin.env, ElementsAre(std::pair<std::string, std::string>("X", "1")));
  EXPECT_TRUE(plugin.wants_cluster);
}

TEST(Kubeconfig, JsonAndNothingAreConfigurationsToo) {
  EXPECT_EQ(parse_kubeconfig(R"({"current-context":"x","contexts":[{"name":"x","context":{"cluster":"c"}}]})", "f")->contexts.at("x").cluster, "c");
  EXPECT_THAT(parse_kubeconfig(" \n", "f")->contexts, IsEmpty());
}

TEST(Kubeconfig, TheFirstFileWinsByWholeEntries) {
  auto first = parse_kubeconfig("users: [{name: red, user: {token: a}}]", "f").value();
  auto second = parse_kubeconfig("current-context: later\nusers: [{name: red, user: {token: b, username: x}}, {name: blue, user: {}}]", "g");
  ASSERT_TRUE(second.has_error());  // a token and a user name
  second = parse_kubeconfig("current-context: later\nusers: [{name: red, user: {username: x}}, {name: blue, user: {}}]", "g");
  merge(first, std::move(*second));
  EXPECT_EQ(first.current_context, "later");
  EXPECT_EQ(first.users.at("red").token, "a");
  EXPECT_EQ(first.users.at("red").username, "");
  EXPECT_TRUE(first.users.contains("blue"));
}

TEST(Kubeconfig, ErrorsNameFileEntryAndField) {
  struct wrong {
    const char* text;
    const char* said;
  };
  for (const wrong& one :
       {wrong{"clusters: [{name: c, cluster: {certificate-authority: a, certificate-authority-data: YQ==}}]", "exclude each other"},
        wrong{"clusters: [{name: c, cluster: {certificate-authority-data: '*'}}]", "certificate-authority-data is not base64"},
        wrong{"clusters: [{name: c, cluster: {insecure-skip-tls-verify: maybe}}]", "true or false"},
        wrong{"clusters: [{name: c, cluster: {insecure-skip-tls-verify: true, certificate-authority: a}}]", "exclude"},
        wrong{"users: [{name: c, user: {client-certificate: a}}]", "client-key is missing"},
        wrong{"users: [{name: c, user: {as-uid: a}}]", "need as"},
        wrong{"users: [{name: c, user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}}]", "v1alpha1"},
        wrong{"users: [{name: c, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}}]", "interactiveMode"},
        wrong{"users: [{name: c, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1}}}]", "command is missing"}}) {
    const auto made = parse_kubeconfig(one.text, "/f");
    ASSERT_TRUE(made.has_error()) << one.text;
    EXPECT_EQ(made.error().code, errc::usage);
    EXPECT_THAT(made.error().text, testing::AllOf(HasSubstr("kubeconfig /f: "), HasSubstr("\"c\""), HasSubstr(one.said)));
  }
  EXPECT_THAT(parse_kubeconfig("a: [", "/f").error().text, HasSubstr("kubeconfig /f"));
  EXPECT_THAT(parse_kubeconfig("text", "/f").error().text, HasSubstr("not a map"));
}

TEST(Kubeconfig, PathLists) {
  EXPECT_THAT(split_path_list("a::b:a"), ElementsAre("a", "b"));
  EXPECT_THAT(split_path_list(""), IsEmpty());
}

}  // namespace
}  // namespace peelbox::kubernetes
