#include "services/catalog/usage/domain/lead.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>

#include "services/catalog/domain/asset.h"

namespace finalmile::catalog::usage::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::Time At(int64_t second) { return absl::FromUnixSeconds(second); }

TEST(Lead, ItsStageSaysTheStageOfTheSale) {
  const std::pair<LeadStage, std::string_view> cases[] = {{LeadStage::kUnspecified, ""},
                                                          {LeadStage::kNew, "prospecting"},
                                                          {LeadStage::kSalesReady, "prospecting"},
                                                          {LeadStage::kAccepted, "prospecting"},
                                                          {LeadStage::kMeetingSet, "discovery"},
                                                          {LeadStage::kMeetingHeld, "evaluation"},
                                                          {LeadStage::kQualified, "evaluation"},
                                                          {LeadStage::kRecycled, "prospecting"},
                                                          {LeadStage::kWon, "closing"},
                                                          {LeadStage::kLost, "closing"},
                                                          {static_cast<LeadStage>(10), ""}};
  for (const auto& [stage, expected] : cases) {
    EXPECT_EQ(SaleStageOf(stage), expected) << static_cast<int>(stage);
    const bool known = std::find(std::begin(catalog::domain::kStages), std::end(catalog::domain::kStages),
                                 SaleStageOf(stage)) != std::end(catalog::domain::kStages);
    EXPECT_EQ(known, !expected.empty());
  }
}

TEST(Lead, AValueHoldsFromItsTimeOnUntilTheNext) {
  Changes grades;
  EXPECT_EQ(grades.At(At(10)), "");
  grades.Set(At(10), "B2");
  grades.Set(At(20), "A1");
  grades.Set(At(30), "A1");
  EXPECT_THAT(grades.kept(), SizeIs(2));
  EXPECT_EQ(grades.At(At(10) - absl::Microseconds(1)), "");
  EXPECT_EQ(grades.At(At(10)), "B2");
  EXPECT_EQ(grades.At(At(20) - absl::Microseconds(1)), "B2");
  EXPECT_EQ(grades.At(At(20)), "A1");
  EXPECT_EQ(grades.At(absl::InfiniteFuture()), "A1");
}

TEST(Lead, ALaterWordReplacesWhatWasSaidOfTheTimeFromThenOn) {
  Changes grades;
  grades.Set(At(10), "B2");
  grades.Set(At(20), "A1");
  grades.Set(At(15), "C3");
  EXPECT_THAT(grades.kept(), ElementsAre(Changes::Change{At(10), "B2"}, Changes::Change{At(15), "C3"}));
  grades.Set(At(15), "B2");
  EXPECT_THAT(grades.kept(), ElementsAre(Changes::Change{At(10), "B2"}));
  grades.Set(At(10), "");
  EXPECT_THAT(grades.kept(), IsEmpty());
}

TEST(Lead, TheNewestChangesAreKept) {
  Changes grades;
  for (int i = 1; i <= static_cast<int>(Changes::kKept); ++i) grades.Set(At(i), i % 2 == 0 ? "A1" : "B2");
  EXPECT_THAT(grades.kept(), SizeIs(Changes::kKept));
  EXPECT_EQ(grades.At(At(1)), "B2");
  grades.Set(At(99), "D4");
  EXPECT_THAT(grades.kept(), SizeIs(Changes::kKept));
  EXPECT_EQ(grades.At(At(1)), "");
  EXPECT_EQ(grades.At(At(2)), "A1");
  EXPECT_EQ(grades.At(At(99)), "D4");
}

TEST(Lead, TheFirstChangeOfStageSaysWhatHeldBefore) {
  Lead lead;
  ChangeStage(lead, LeadStage::kQualified, LeadStage::kWon, At(10));
  EXPECT_EQ(lead.stages.At(At(9)), "evaluation");
  EXPECT_EQ(lead.stages.At(At(10)), "closing");
  // It says so of nothing that is known.
  ChangeStage(lead, LeadStage::kNew, LeadStage::kMeetingSet, At(20));
  EXPECT_EQ(lead.stages.At(At(19)), "closing");
  Lead created;
  ChangeStage(created, LeadStage::kUnspecified, LeadStage::kNew, At(10));
  EXPECT_EQ(created.stages.At(At(9)), "");
  EXPECT_EQ(created.stages.At(At(10)), "prospecting");
}

TEST(Lead, CyclesAreAsTheLeadsEventsSayOrElseCounted) {
  Lead lead;
  BeginCycle(lead, 0);
  EXPECT_EQ(lead.cycle, 0);
  lead.cycle_ended = true;
  BeginCycle(lead, 0);
  EXPECT_EQ(lead.cycle, 1);
  BeginCycle(lead, 0);
  EXPECT_EQ(lead.cycle, 1);
  lead.cycle_ended = true;
  BeginCycle(lead, 2);
  EXPECT_EQ(lead.cycle, 1);
  BeginCycle(lead, 3);
  EXPECT_EQ(lead.cycle, 2);
  EXPECT_FALSE(lead.cycle_ended);
  Lead first;
  BeginCycle(first, 1);
  EXPECT_EQ(first.cycle, 0);
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
