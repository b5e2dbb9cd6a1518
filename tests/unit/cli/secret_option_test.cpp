#include "cli/secret_option.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tree_script.hpp"
#include "tests/support/variables.hpp"

namespace peelbox::cli {
namespace {

using place = secret_option::place;
using test::variables;
using testing::HasSubstr;

struct expected {
  const char* text;
  place where;
  const char* name;
};

TEST(SecretOption, IsReadAsTheReferenceReadsIt) {
  // cmd/buildctl/build/secret.go
  for (const expected& one : {
           expected{"id=a,src=f", place::file, "f"},
           expected{"id=a,source=f,type=file", place::file, "f"},
           expected{"id=a,env=V", place::variable, "V"},
           expected{"id=a,src=V,type=env", place::variable, "V"},
           expected{"id=a,type=env", place::variable, "a"},
           expected{"id=a,type=file", place::file, "a"},
           expected{"id=a", place::either, "a"},
           expected{"id=a,env=V,src=f", place::variable, "V"},
           expected{"\"id=a\",\"src=with,comma\"", place::file, "with,comma"},
       }) {
    const result<secret_option> option = parse_secret(one.text);
    ASSERT_TRUE(option.has_value()) << option.error().text;
    EXPECT_EQ(option->id, "a") << one.text;
    EXPECT_EQ(option->where, one.where) << one.text;
    EXPECT_EQ(option->name, one.name) << one.text;
  }
}

TEST(SecretOption, WhatIsWrongIsNamed) {
  const auto complaint = [](const char* text) { return parse_secret(text).error().text; };
  EXPECT_THAT(complaint("src=f"), HasSubstr("--secret 'src=f': id is missing"));
  EXPECT_THAT(complaint("foo"), HasSubstr("expected key=value"));
  EXPECT_THAT(complaint("id=a,file=f"), HasSubstr("'file' is no field of a secret"));
  EXPECT_THAT(complaint("id=a,type=vault"), HasSubstr("type=vault is not known"));
  EXPECT_THAT(complaint("id=a,type=file,env=V"), HasSubstr("contradict"));
  EXPECT_THAT(complaint("id=a,src=f,source=g"), HasSubstr("the same field"));
}

TEST(Secrets, AreFoundBeforeAnybodyConnects) {
  test::temp_dir dir;
  test::make_tree(dir.path(), {"token file of-a-file"});
  const std::string token = dir.path() + "/token";
  const result<session::secret_book> book =
      find_secrets({"id=one,env=ONE", "id=two,src=" + token, "id=THREE"}, variables({{"ONE", "1"}, {"THREE", "3"}}));
  ASSERT_TRUE(book.has_value()) << book.error().text;
  EXPECT_EQ(std::get<session::secret_value>(book->at("one")).bytes, "1");
  EXPECT_EQ(std::get<session::secret_file>(book->at("two")).path, token);
  EXPECT_EQ(std::get<session::secret_value>(book->at("THREE")).bytes, "3");

  const auto complaint = [](const std::string& text) { return find_secrets({text}, variables({})).error(); };
  EXPECT_EQ(complaint("id=a,env=V").code, errc::usage);
  EXPECT_THAT(complaint("id=a,env=V").text, HasSubstr("the variable V is not set"));
  EXPECT_EQ(complaint("id=a,src=" + dir.path() + "/none").code, errc::not_found);
  EXPECT_THAT(complaint("id=no-such-thing").text, HasSubstr("Neither a variable no-such-thing is set"));
  EXPECT_THAT(complaint("id=a,src=" + dir.path()).text, HasSubstr("is a directory"));
}

TEST(Secrets, HaveALimit) {
  const std::string large(session::largest_secret + 1, 'x');
  const result<session::secret_book> book = find_secrets({"id=a,env=V"}, variables({{"V", large}}));
  ASSERT_TRUE(book.has_error());
  EXPECT_EQ(book.error().code, errc::limit);
  EXPECT_THAT(book.error().text, HasSubstr("larger than 500 KiB"));
  EXPECT_EQ(book.error().text.find("xxx"), std::string::npos);
}

}  // namespace
}  // namespace peelbox::cli
