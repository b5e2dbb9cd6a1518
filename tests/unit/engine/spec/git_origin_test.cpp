#include "engine/spec/git_origin.hpp"

#include <gtest/gtest.h>

namespace peelbox::spec {
namespace {

TEST(git_origin, all_spellings_of_one_repository_are_one) {
  for (const char* url :
       {"https://github.com/owner/repo", "https://github.com/owner/repo.git", "https://GitHub.com/owner/repo.git/",
        "https://user@github.com/owner/repo", "https://user:pa%40ss@github.com/owner/repo.git",
        "https://x-access-token:ghp_secret@github.com:443/owner/repo", "http://github.com:80/owner/repo",
        "https://github.com/owner/repo?private_token=secret#x", "https://u:p@ss@github.com/owner/repo",
        "git://github.com/owner/repo.git", "git@github.com:owner/repo.git", "github.com:owner/repo",
        "git@github.com:/owner/repo", "ssh://git@github.com/owner/repo.git", "ssh://git@github.com:22/owner/repo",
        "ssh://git@github.com:2222//owner//repo", "git+ssh://git@github.com/owner/repo", " https://github.com./owner/repo\r",
        "https://github.com/owner/re%70o"})
    EXPECT_EQ(normalised_origin(url), "github.com/owner/repo") << url;
}

TEST(git_origin, no_secret_of_a_url_is_left) {
  for (const char* url :
       {"https://secret@h/a", "https://u:secret@h/a", "https://u:p@secret@h/a", "https://h/a?token=secret", "ssh://secret:secret@h:1/a",
        "secret@h:a", "https://h/a#secret", "ext::ssh secret h %S a", "foo://secret@h/a"})
    EXPECT_EQ(normalised_origin(url).find("secret"), std::string::npos) << url;
}

TEST(git_origin, different_repositories_stay_different) {
  EXPECT_EQ(normalised_origin("https://h:8443/a/b"), "h:8443/a/b");
  EXPECT_EQ(normalised_origin("https://h/Owner/repo"), "h/Owner/repo");
  EXPECT_EQ(normalised_origin("https://h/~user/repo.git"), "h/~user/repo");
  EXPECT_EQ(normalised_origin("ssh://[::1]:22/a"), "[::1]/a");
  EXPECT_EQ(normalised_origin("git@[::1]:a"), "[::1]/a");
  EXPECT_EQ(normalised_origin("[git.example.com:2222]:a/b"), "git.example.com/a/b");
}

TEST(git_origin, what_names_no_other_host_is_nothing) {
  for (const char* url : {"", " ", "/srv/git/a.git", "../a", "./a:b", "a", "file:///srv/a", "file://host/a", "ext::sh -c x", "https://",
                          "https:///a", "https://h", "https://h/", "codecommit::eu-1://a", "h:", ":a", "[::1", "@", "a@", "://"})
    EXPECT_EQ(normalised_origin(url), "") << url;
}

}  // namespace
}  // namespace peelbox::spec
