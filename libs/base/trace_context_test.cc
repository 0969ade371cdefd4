#include "libs/base/trace_context.h"

#include <gtest/gtest.h>

#include <thread>

namespace finalmile {
namespace {

// The example of the standard.
constexpr std::string_view kExample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContextTest, TheExampleOfTheStandard) {
  const auto context = ParseTraceparent(kExample);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_high, 0x0af7651916cd43ddu);
  EXPECT_EQ(context->trace_low, 0x8448eb211c80319cu);
  EXPECT_EQ(context->span, 0xb7ad6b7169203331u);
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(context->ToString(), kExample);
}

TEST(TraceContextTest, MalformedOnesAreIgnored) {
  for (const std::string_view text :
       {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",   // 54, 56 bytes: one less and one more
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",    // upper case
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",    // version
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",    // no trace
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",    // no span
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",    // separator
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",  // version 00 ends there
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x"}) {
    EXPECT_FALSE(ParseTraceparent(text)) << text;
  }
}

TEST(TraceContextTest, WhatHigherVersionsAddIsDropped) {
  const auto context =
      ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-ann@example.com");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->ToString(), kExample);
}

TEST(TraceScopeTest, ScopesNestAndBelongToTheirThread) {
  const TraceContext first{1, 2, 3, true};
  const TraceContext second{4, 5, 6, false};
  EXPECT_EQ(TraceScope::Current(), std::nullopt);
  {
    const TraceScope outer(first);
    EXPECT_EQ(TraceScope::Current(), first);
    {
      const TraceScope inner(second);
      EXPECT_EQ(TraceScope::Current(), second);
      std::thread([] { EXPECT_EQ(TraceScope::Current(), std::nullopt); }).join();
      const TraceScope none(std::nullopt);
      EXPECT_EQ(TraceScope::Current(), std::nullopt);
    }
    EXPECT_EQ(TraceScope::Current(), first);
  }
  EXPECT_EQ(TraceScope::Current(), std::nullopt);
  EXPECT_EQ(first.TraceId(), "00000000000000010000000000000002");
  EXPECT_EQ(first.SpanId(), "0000000000000003");
}

}  // namespace
}  // namespace finalmile
