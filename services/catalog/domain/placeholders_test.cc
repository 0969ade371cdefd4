#include "services/catalog/domain/placeholders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::catalog::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> InBody(std::string_view text) {
  return ForeignPlaceholders(text, PlaceholdersOf::kBody);
}

TEST(Placeholders, OfOtherTools) {
  for (const char* placeholder : {"{{First Name}}",
                                  "{{first_name|there}}",
                                  "{{ contact.firstname }}",
                                  "{{First_Name}}",
                                  "{{ first-name }}",
                                  "{{#if name}}",
                                  "{{a:b}}",
                                  "{contactfield=firstname|there}",
                                  "{first_name}",
                                  "{!Contact.FirstName}",
                                  "{Hi|Hello}",
                                  "${firstName}",
                                  "#{name}",
                                  "{%FIRST_NAME%}",
                                  "{% if name %}",
                                  "%FIRSTNAME%",
                                  "%ADDRESS%",
                                  "%recipient.name%",
                                  "%%First Name%%",
                                  "*|FNAME|*",
                                  "<<First Name>>",
                                  "<First Name>",
                                  "<company>",
                                  "<first_name>",
                                  "<%= name %>",
                                  "##NAME##",
                                  "@@NAME@@",
                                  "$$NAME$$",
                                  "[First Name]",
                                  "[COMPANY]",
                                  "[insert date]",
                                  "«First_Name»",
                                  "«FirstName»"}) {
    EXPECT_THAT(InBody("Dear " + std::string(placeholder) + ", thanks."), ElementsAre(placeholder));
  }
  EXPECT_THAT(InBody("Dear {{first_name}, thanks {{ok}} {{open"), ElementsAre("{{first_name},", "{{open"));
  EXPECT_THAT(InBody("Dear { {first_name} }, thanks"), ElementsAre("{ {first_name}"));
  EXPECT_THAT(InBody("%A_B% {x} %A_B%"), ElementsAre("%A_B%", "{x}"));
}

TEST(Placeholders, OrdinaryTextHasNone) {
  for (const char* text :
       {"Hi {{first_name}}, 20 % of 30 % said so.", "100% of teams say 50% more",
        "https://x.com/?q=%C3%A4%C3%B6",
        "[our page](https://example.com) and [this][ref] and ![chart](c.png)\n\n[ref]: https://example.com",
        "See [our page].\n\n[our page]: https://example.com", "- [ ] one\n- [x] two[^1]\n\n[^1]: note",
        "a < b and c > d, 5 <10> 3", "<br> <div class=\"x\"> <details open> <https://example.com> <a@b.com>",
        "[x](y){target=_blank} # Heading {#id}", "`{{matrix}}` and `%PATH%` and \\{{x}} and \\[sic]",
        "```\n{{x}} ${{ y }} [Name]\n```", "*emphasis* and **bold** | a | b |", "C# #1 @home $5 {", "« so »",
        "«Hallo»", "costs $5 and $6", "{ }", "", "[1] and [...]"}) {
    EXPECT_THAT(InBody(text), IsEmpty()) << text;
  }
}

TEST(Placeholders, ASubjectMayBeginWithAWordInBrackets) {
  EXPECT_THAT(ForeignPlaceholders("[Webinar] Ramp-up", PlaceholdersOf::kLine), IsEmpty());
  EXPECT_THAT(ForeignPlaceholders("[Company] and us", PlaceholdersOf::kLine), ElementsAre("[Company]"));
  EXPECT_THAT(ForeignPlaceholders("For %COMPANY%", PlaceholdersOf::kLine), ElementsAre("%COMPANY%"));
}

// Quadratic work would take minutes.
TEST(Placeholders, TimeGrowsWithTheText) {
  for (const char* piece : {"[ab] ", "{{a ", "`x` {b", "<<a", "%aaa", "[a]: b\n", "\\{", "{{{"}) {
    std::string text;
    while (text.size() < (1 << 20)) text += piece;
    EXPECT_LE(InBody(text).size(), kMaxPlaceholders) << piece;
  }
}

}  // namespace
}  // namespace finalmile::catalog::domain
