#include "cli/template_parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// As it was understood: text in quotes, values with their fields behind a colon.
std::string shown(const template_term& term) {
  std::string out;
  if (term.what == template_term::kind::dot) out = "dot";
  else if (term.what == template_term::kind::text) out = "'" + term.text + "'";
  else if (term.what == template_term::kind::number) out = std::to_string(term.number);
  else {
    out = term.text + "(";
    for (const template_term& one : term.arguments) out += (out.back() == '(' ? "" : " ") + shown(one);
    out += ")";
  }
  for (const template_field& one : term.fields) out += ":" + one.name;
  return out;
}

std::string parsed(std::string_view text) {
  const auto made = parse_template(text);
  if (made.has_error()) return made.error().text;
  std::string out;
  for (const template_piece& piece : made->pieces) {
    if (!piece.text.empty()) out += "\"" + piece.text + "\"";
    if (piece.printed) out += "[" + shown(*piece.printed) + "]";
  }
  return out;
}

TEST(TemplateParse, TakesWhatPeopleWrite) {
  EXPECT_EQ(parsed(""), "");
  EXPECT_EQ(parsed("plain } }} { text"), "\"plain } }} { text\"");
  EXPECT_EQ(parsed("{{.}}"), "[dot]");
  EXPECT_EQ(parsed("{{json .}}"), "[json(dot)]");
  EXPECT_EQ(parsed("a{{.Name}}b{{ .Manifest.Digest }}"), "\"a\"[dot:Name]\"b\"[dot:Manifest:Digest]");
  EXPECT_EQ(parsed("{{json (index .Provenance \"linux/amd64\")}}"), "[json(index(dot:Provenance 'linux/amd64'))]");
  EXPECT_EQ(parsed("{{ json (index .SBOM `linux/amd64`).SPDX }}"), "[json(index(dot:SBOM 'linux/amd64'):SPDX)]");
  EXPECT_EQ(parsed("{{(index .Manifest.Manifests 0).Digest}}"), "[index(dot:Manifest:Manifests 0):Digest]");
  EXPECT_EQ(parsed("{{(.).Name}}{{((.Name))}}"), "[dot:Name][dot:Name]");
  EXPECT_EQ(parsed("{{index .Image.Config.Labels \"a.b\\\"c\\\\\"}}"), "[index(dot:Image:Config:Labels 'a.b\"c\\')]");
  EXPECT_EQ(parsed("{{\"{{ }}\"}}{{println}}{{println .Name \"x\"}}{{len .Name}}"), "['{{ }}'][println()][println(dot:Name 'x')][len(dot:Name)]");
  EXPECT_EQ(parsed("{{ .Image | json }}{{\"k\" | index .SBOM | json}}"), "[json(dot:Image)][json(index(dot:SBOM 'k'))]");
}

TEST(TemplateParse, DashesTakeBlanksAway) {
  EXPECT_EQ(parsed("a \n{{- .Name -}}\t b {{.Name}} c"), "\"a\"[dot:Name]\"b \"[dot:Name]\" c\"");
  EXPECT_EQ(parsed(" {{- .Name}} "), "[dot:Name]\" \"");
  EXPECT_THAT(parsed("{{-.Name}}"), HasSubstr("column 3: \"-\" is not expected here"));
  EXPECT_THAT(parsed("{{.Name-}}"), HasSubstr("column 8: \"-\" is not expected here"));
}

TEST(TemplateParse, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{", "column 1: no }} follows"},
      {"ü {{json .Name", "column 3: no }} follows"},
      {"{{}}", "column 3: a value is missing here"},
      {"{{ }}", "column 4: a value is missing here"},
      {"{{.Name | }}", "column 11: a value is missing here"},
      {"{{.Name | .Image}}", "column 11: a function has to follow to |"},
      {"{{range .Image}}x{{end}}", "column 3: range is not possible. There are json, index, len and println; for conditions, loops and other forms give {{json …}} to jq"},
      {"{{if .Image}}", "if is not possible"},
      {"{{printf \"%s\" .Name}}", "printf is not possible; did you mean println?"},
      {"{{jsn .}}", "did you mean json?"},
      {"{{json}}", "column 3: json with 0 values; it is written {{json .Field}}"},
      {"{{json . .}}", "json with 2 values"},
      {"{{index .Image}}", "index with 1 value;"},
      {"{{json index .Image \"a\"}}", "column 8: put ( ) around index"},
      {"{{json (.Image}}", "column 8: no ) follows to this ("},
      {"{{.Image)}}", "column 9: no ( is open here"},
      {"{{$x := .Name}}", "column 3: variables are not possible"},
      {"{{/* x */}}", "column 3: comments are not possible"},
      {"{{.Name .Image}}", "column 9: \".\" is not expected here"},
      {"{{..Name}}", "column 4: \".\" is not expected here"},
      {"{{.Näme ü}}", "column 9: \"ü\" is not expected here"},
      {"{{%}}", "\"%\" is not expected here"},
      {"{{\"a}}", "column 3: no \" follows"},
      {"{{`a}}", "column 3: no ` follows"},
      {"{{\"\\x\"}}", "column 4: after \\ only n, t, r"},
      {"{{index .Image 1234567890}}", "this number is too large"},
  };
  for (const auto& [text, said] : cases) {
    EXPECT_THAT(parsed(text), HasSubstr(said)) << text;
    EXPECT_THAT(parsed(text), StartsWith("--format, column ")) << text;
  }
  EXPECT_EQ(parse_template("{{").error().code, errc::usage);
}

TEST(TemplateParse, HasBounds) {
  EXPECT_THAT(parsed(std::string(most_template_bytes + 1, 'x')), HasSubstr("at most 16384 are possible"));
  const std::string deep(most_template_depth + 1, '('), closed(most_template_depth + 1, ')');
  EXPECT_THAT(parsed("{{" + deep + ".Name" + closed + "}}"), HasSubstr("more than 16 deep"));
  EXPECT_EQ(parsed("{{" + deep.substr(1) + ".Name" + closed.substr(1) + "}}"), "[dot:Name]");
  std::string pipes = "{{.Name";
  for (std::size_t i = 0; i <= most_template_depth; ++i) pipes += "|json";
  EXPECT_THAT(parsed(pipes + "}}"), HasSubstr("more than 16 pipes in a row"));
}

}  // namespace
}  // namespace peelbox::cli
