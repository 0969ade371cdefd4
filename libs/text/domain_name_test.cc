#include "libs/text/domain_name.h"

#include <gtest/gtest.h>

namespace finalmile::text {
namespace {

TEST(DomainName, IsInAsciiAndLowerCase) {
  EXPECT_EQ(AsciiDomain("Example.COM"), "example.com");
  EXPECT_EQ(AsciiDomain("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(AsciiDomain("BU\u0308CHER.example"), "xn--bcher-kva.example");
  EXPECT_EQ(AsciiDomain("straße.example"), "xn--strae-oqa.example");
  EXPECT_EQ(AsciiDomain("例え。テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(AsciiDomain("xn--bcher-kva.example"), "xn--bcher-kva.example");
}

TEST(DomainName, OthersAreNone) {
  const std::string_view others[] = {"",        "com",     ".com",         "a..com",     "-a.com", "a-.com",
                                     "a_b.com", "a b.com", "a\u00A0b.com", "ü-.example", "a.\xFF", "a@b.com"};
  for (const std::string_view other : others) EXPECT_EQ(AsciiDomain(other), std::nullopt) << other;
  for (const size_t label : {62u, 63u, 64u}) {
    EXPECT_EQ(AsciiDomain(std::string(label, 'a') + ".com").has_value(), label < 64) << label;
  }
  // 63 + 1 + 63 + 1 + 63 + 1 + what is left.
  const std::string long_label = std::string(63, 'a') + ".";
  for (const size_t rest : {60u, 61u, 62u}) {
    std::string name;
    for (int i = 0; i < 3; ++i) name += long_label;
    name.append(rest, 'b');
    EXPECT_EQ(AsciiDomain(name).has_value(), rest < 62) << rest;
  }
}

}  // namespace
}  // namespace finalmile::text
