#include "services/catalog/domain/markdown.h"

#include <gtest/gtest.h>

namespace finalmile::catalog::domain {
namespace {

TEST(Markdown, GivesWhatAReaderSees) {
  const PlainText plain = ToPlainText(
      "<!-- note -->\n\nIntro with *stress* and [a link](https://example.com/x).\n\n## The `first` heading\n"
      "- one\n- two &amp; three&#33;\n\n| a | b |\n|---|---|\n| c | d |\n\n```\ncode {{field_a}}\n```\n");
  EXPECT_EQ(
      plain.text,
      "Intro with stress and a link.\nThe first heading\none\ntwo & three!\na b \nc d \ncode {{field_a}}\n");
  EXPECT_EQ(plain.headings, (std::vector<Heading>{{2, "The first heading"}}));
}

TEST(Markdown, ListsInsideListsStandOnTheirOwnLines) {
  EXPECT_EQ(ToPlainText("- one\n  - two\n  - three\n- four\n").text, "one\ntwo\nthree\nfour\n");
}

TEST(Markdown, KeepsMergeFields) {
  EXPECT_EQ(ToPlainText("Hi {{first_name}} {{last_name}}, _so_").text,
            "Hi {{first_name}} {{last_name}}, so\n");
}

TEST(Markdown, AnEmptyHeadingIsNone) {
  EXPECT_EQ(ToPlainText("#\n\nSecond\n===\n###### *Last* one #\n").headings,
            (std::vector<Heading>{{1, "Second"}, {6, "Last one"}}));
  EXPECT_TRUE(ToPlainText("no heading").headings.empty());
  EXPECT_EQ(ToPlainText("").text, "");
}

TEST(Markdown, HeadingsAreWithoutAttributes) {
  const PlainText plain =
      ToPlainText("# One {#one}\n## Two {: .x #y}\n### Three {a}\n#### {#four}\n##### {{#if x}}\n");
  EXPECT_EQ(plain.headings,
            (std::vector<Heading>{{1, "One"}, {2, "Two"}, {3, "Three {a}"}, {5, "{{#if x}}"}}));
  EXPECT_EQ(plain.text, "One\nTwo\nThree {a}\n{{#if x}}\n");
}

TEST(Markdown, ImagesAndFootnotesAreNoPartOfAHeading) {
  EXPECT_EQ(ToPlainText("# ![logo](x.png) Win [deals](/x)[^1]\n\n![chart](y.png)\n").headings,
            (std::vector<Heading>{{1, "Win deals"}}));
  EXPECT_EQ(ToPlainText("![chart](y.png)").text, "chart\n");
}

TEST(Markdown, TheFirstParagraphIsOnOneLine) {
  EXPECT_EQ(ToPlainText("# T\n\n- item\n\nOne *two*\nthree.\n\nFour.\n").first_paragraph, "One two three.");
  EXPECT_EQ(ToPlainText("# T\n").first_paragraph, "");
}

TEST(Markdown, KeepsWhatHtmlShows) {
  EXPECT_EQ(
      ToPlainText("<details>\n<summary>What of <b>ba</b>salt?</summary>\nWe say that.\n</details>\n").text,
      "What of basalt?\nWe say that.\n");
  EXPECT_EQ(
      ToPlainText("<table>\n<tr><th>Plan</th><th>Price</th></tr>\n<tr><td>A</td><td>9 &euro;</td></tr>\n"
                  "</table>\n\nText<br>more\n")
          .text,
      "Plan Price \nA 9 \u20AC \nText\nmore\n");
  EXPECT_EQ(ToPlainText("<div title=\"a > b\" class='x'>\nSeen\n</div>\n").text, "Seen\n");
  EXPECT_EQ(ToPlainText("<div>\n<script>var a = '<p>not</p>';</script>\n<style>b{}</style>seen\n</div>").text,
            "seen\n");
  EXPECT_EQ(ToPlainText("<!-- not\n\n<p>not</p> -->\n\nseen <!-- not --> too").text, "seen  too\n");
  EXPECT_EQ(ToPlainText("<Tip kind=\"note\">\nOn pricing\n</Tip>\n\n2 < 3").text, "On pricing\n2 < 3\n");
  EXPECT_EQ(ToPlainText("<div\n\nAfter it").text, "After it\n");
}

TEST(Markdown, HeadingsOfHtmlAreHeadings) {
  const PlainText plain = ToPlainText("<h1 align=\"center\">\n  The <i>play</i>\n</h1>\n\nText\n\n## Next\n");
  EXPECT_EQ(plain.headings, (std::vector<Heading>{{1, "The play"}, {2, "Next"}}));
}

TEST(Markdown, KnowsEntities) {
  EXPECT_EQ(ToPlainText("Gr&ouml;&szlig;e &ndash; l&rsquo;offre&nbsp;&Uuml;&yuml;&sect;&frac12;").text,
            "Gr\u00F6\u00DFe \u2013 l\u2019offre \u00DC\u00FF\u00A7\u00BD\n");
}

TEST(Markdown, EntitiesOutOfRangeBecomeTheReplacementCharacter) {
  EXPECT_EQ(ToPlainText("&#xD800;&#0;&#x4EF7;").text, "\uFFFD\uFFFD价\n");
  EXPECT_EQ(ToPlainText("&unknown;").text, "&unknown;\n");
}

}  // namespace
}  // namespace finalmile::catalog::domain
