#include "services/catalog/usage/domain/gap.h"

#include <gtest/gtest.h>

#include "services/catalog/domain/refusal.h"

namespace finalmile::catalog::usage::domain {
namespace {

using catalog::domain::AssetId;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'772'000'000);

std::string Id(std::vector<std::string> stems, std::string_view situation = "",
               std::string_view competitor = "") {
  return GapId(stems, situation, competitor);
}

TEST(Gap, EqualNeedsAreOne) {
  EXPECT_EQ(Id({"price", "object"}), Id({"object", "price", "object"}));
  EXPECT_EQ(Id({"price"}, "Renewal ", "ACME"), Id({"Price"}, "renewal", "acme"));
  EXPECT_NE(Id({"price"}), Id({"price", "object"}));
  EXPECT_NE(Id({"price"}, "renewal"), Id({"price"}, "", "renewal"));
  EXPECT_NE(Id({"ab", "c"}), Id({"a", "bc"}));
  EXPECT_NE(Id({}, "renewal"), Id({"renewal"}));
  EXPECT_EQ(Id({}).size(), 32u);
}

TEST(Gap, LongNeedsCountTheirFirstWords) {
  std::vector<std::string> stems;
  for (size_t i = 0; i < kMaxGapTerms; ++i) stems.push_back("a" + std::to_string(100 + i));
  const std::string full = Id(stems);
  stems.emplace_back("z");
  EXPECT_EQ(Id(stems), full);
  stems.back() = "a0";
  EXPECT_NE(Id(stems), full);
}

TEST(Gap, AskersAreBoundedAndCounted) {
  Gap gap;
  EXPECT_TRUE(Ask(gap, "ann"));
  EXPECT_FALSE(Ask(gap, "ann"));
  EXPECT_FALSE(Ask(gap, ""));
  EXPECT_EQ(gap.count, 3);
  EXPECT_EQ(gap.askers.size(), 1u);
  for (int i = 0; i < 200; ++i) Ask(gap, "rep" + std::to_string(i));
  EXPECT_EQ(gap.askers.size(), kMaxAskers);
  EXPECT_EQ(gap.askers.front(), "ann");
  EXPECT_EQ(gap.count, 203);
}

TEST(Gap, TheWholeWay) {
  Gap gap;
  Ask(gap, "ann");
  ASSERT_TRUE(Accept(gap).ok());
  ASSERT_TRUE(Ship(gap, AssetId("card"), true, kNow).ok());
  EXPECT_EQ(gap.ship_time, kNow);
  EXPECT_TRUE(Use(gap, kNow + absl::Hours(1)));
  EXPECT_FALSE(Use(gap, kNow + absl::Hours(2)));
  EXPECT_EQ(gap.first_use_time, kNow + absl::Hours(1));
  EXPECT_FALSE(Ask(gap, "bob"));
  EXPECT_EQ(gap.state, GapState::kUsed);
}

TEST(Gap, RefusesWithReasons) {
  Gap gap;
  Ask(gap, "ann");
  EXPECT_EQ(catalog::domain::RefusalReason(Ship(gap, AssetId("card"), true, kNow)), "WRONG_STATE");
  EXPECT_FALSE(Use(gap, kNow));
  ASSERT_TRUE(Accept(gap).ok());
  EXPECT_EQ(catalog::domain::RefusalReason(Accept(gap)), "WRONG_STATE");
  EXPECT_EQ(catalog::domain::RefusalReason(Ship(gap, AssetId("card"), false, kNow)), "ASSET_NOT_LIVE");
  EXPECT_EQ(catalog::domain::RefusalReason(Decline(gap, " ")), "REASON_MISSING");
  EXPECT_EQ(catalog::domain::RefusalReason(Decline(gap, std::string(501, 'x'))), "REASON_MISSING");
  EXPECT_TRUE(Decline(gap, std::string(500, 'x')).ok());
  EXPECT_EQ(catalog::domain::RefusalReason(Decline(gap, "no")), "WRONG_STATE");
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
