#include "libs/text/normal_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace finalmile::text {
namespace {

std::string Normal(std::string_view raw) { return std::string(NormalText(raw).text()); }

TEST(NormalText, WhatLooksAlikeIsAlike) {
  EXPECT_EQ(Normal("plain"), "plain");
  EXPECT_EQ(Normal("U\u0308ber Gro\u0308\u00DFe"), "\u00DCber Gr\u00F6\u00DFe");
  EXPECT_EQ(Normal("\u30AB\u3099\u30A4\u30C8\u3099"), "\u30AC\u30A4\u30C9");
  EXPECT_EQ(Normal("\uFF7B\uFF70\uFF8A\uFF9E\uFF70"), "\u30B5\u30FC\u30D0\u30FC");
  EXPECT_EQ(Normal("\u1100\u1161\u1100\u1167\u11A8"), "\uAC00\uACA9");
  EXPECT_EQ(Normal("\uFF23\uFF32\uFF2D\u3000\uFF12\uFF10"), "CRM 20");
  EXPECT_EQ(Normal("\uFF23\uFF0B\uFF0B"), "C++");
}

TEST(NormalText, SymbolsDoNotGrowOntoWords) {
  EXPECT_EQ(Normal("Acme\u2122 rack"), "Acme  rack");
  EXPECT_EQ(Normal("12\u338F"), "12 kg ");
  EXPECT_EQ(Normal("Acme\u00AE"), "Acme\u00AE");
}

TEST(NormalText, KnowsWhereAPartStood) {
  const std::string raw = "a\u0308 \uFF8A\uFF9E! \uFF23x";
  const NormalText normal(raw);
  ASSERT_EQ(normal.text(), "\u00E4 \u30D0! Cx");
  const auto part = [&](std::string_view text) {
    const size_t at = normal.text().find(text);
    const size_t begin = normal.RawBegin(at);
    return raw.substr(begin, normal.RawEnd(at + text.size()) - begin);
  };
  EXPECT_EQ(part("\u00E4"), "a\u0308");
  EXPECT_EQ(part("\u30D0"), "\uFF8A\uFF9E");
  EXPECT_EQ(part("!"), "!");
  EXPECT_EQ(part("Cx"), "\uFF23x");
  EXPECT_EQ(part("x"), "x");
  EXPECT_EQ(normal.RawEnd(normal.text().size()), raw.size());
}

TEST(NormalText, AnyBytesAreTaken) {
  rc::check("places stay inside and in order", [] {
    std::string raw = *rc::gen::string<std::string>();
    for (const char* part : *rc::gen::container<std::vector<const char*>>(rc::gen::element(
             "a", "\u0308", "\uFF8A", "\uFF9E", "\u1100", "\u1161", "\xFF", "\u2122", "\u338F", "\u00E4"))) {
      raw += part;
    }
    const NormalText normal(raw);
    size_t last = 0;
    for (size_t at = 0; at < normal.text().size(); ++at) {
      RC_ASSERT(normal.RawBegin(at) >= last);
      RC_ASSERT(normal.RawEnd(at + 1) > normal.RawBegin(at));
      RC_ASSERT(normal.RawEnd(at + 1) <= raw.size());
      last = normal.RawBegin(at);
    }
  });
}

}  // namespace
}  // namespace finalmile::text
