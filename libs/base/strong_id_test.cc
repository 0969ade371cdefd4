#include "libs/base/strong_id.h"

#include <map>
#include <sstream>
#include <type_traits>

#include <gtest/gtest.h>

#include "absl/hash/hash.h"

namespace finalmile {
namespace {

using CatId = StrongId<struct CatKind>;
using DogId = StrongId<struct DogKind>;

static_assert(std::is_constructible_v<CatId, std::string>);
static_assert(!std::is_convertible_v<std::string, CatId>);
static_assert(!std::is_convertible_v<CatId, std::string>);
static_assert(!std::is_constructible_v<CatId, DogId>);
static_assert(!std::is_assignable_v<CatId&, DogId>);
static_assert(kIsStrongId<CatId> && !kIsStrongId<std::string>);
static_assert(sizeof(CatId) == sizeof(std::string));

TEST(StrongIdTest, HoldsItsText) {
  EXPECT_EQ(CatId("tom").text(), "tom");
  EXPECT_EQ(TextOf(CatId("tom")), TextOf(std::string("tom")));
  EXPECT_FALSE(CatId("tom").empty());
  EXPECT_TRUE(CatId().empty());
}

TEST(StrongIdTest, IsOrderedAsItsTextIs) {
  EXPECT_EQ(CatId("a"), CatId("a"));
  EXPECT_NE(CatId("a"), CatId("b"));
  EXPECT_LT(CatId(), CatId("a"));
  EXPECT_LT(CatId("a"), CatId("ab"));
  EXPECT_LT(CatId("z"), CatId("\xc3\xa4"));
  const std::map<CatId, int> cats{{CatId("tom"), 1}, {CatId("kit"), 2}};
  EXPECT_EQ(cats.begin()->first, CatId("kit"));
  EXPECT_EQ(cats.at(CatId("tom")), 1);
}

TEST(StrongIdTest, HashesAsEqualsDo) {
  EXPECT_EQ(absl::HashOf(CatId("tom")), absl::HashOf(CatId("tom")));
  EXPECT_NE(absl::HashOf(CatId("tom")), absl::HashOf(CatId("kit")));
}

TEST(StrongIdTest, IsWrittenAsItsText) {
  EXPECT_EQ(fmt::format("cats/{}", CatId("tom")), "cats/tom");
  EXPECT_EQ(fmt::format("{:>5}", CatId("tom")), "  tom");
  std::ostringstream out;
  out << CatId("tom");
  EXPECT_EQ(out.str(), "tom");
}

}  // namespace
}  // namespace finalmile
