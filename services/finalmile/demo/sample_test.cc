#include "services/finalmile/demo/sample.h"

#include <gtest/gtest.h>

#include <set>

namespace finalmile::cli {
namespace {

TEST(Sample, IsTheSameForASeedAndAnotherForAnother) {
  const SampleOptions options{.seed = 7, .start = absl::FromUnixSeconds(1'772'409'600)};
  const auto bytes = [](const SampleOptions& given) {
    std::string text;
    for (const SampleWeek& week : GenerateSample(given)) {
      for (const auto& lead : week.leads) text += lead.DebugString();
      for (const auto& activity : week.activities) text += activity.DebugString();
    }
    return text;
  };
  EXPECT_EQ(bytes(options), bytes(options));
  SampleOptions other = options;
  other.seed = 8;
  EXPECT_NE(bytes(options), bytes(other));
}

TEST(Sample, ActivitiesAreUniqueInTheirWeekAndOfKnownLeads) {
  const SampleOptions options{.seed = 3, .start = absl::FromUnixSeconds(1'772'409'600)};
  const std::vector<SampleWeek> weeks = GenerateSample(options);
  ASSERT_EQ(weeks.size(), 13u);
  std::set<std::string> leads;
  std::set<std::string> ids;
  for (size_t week = 0; week < weeks.size(); ++week) {
    for (const auto& request : weeks[week].leads) {
      EXPECT_EQ(request.lead_id().size(), 36u);
      EXPECT_TRUE(leads.insert("leads/" + request.lead_id()).second);
    }
    const absl::Time begin = options.start + static_cast<int64_t>(week) * absl::Hours(168);
    for (const auto& activity : weeks[week].activities) {
      EXPECT_TRUE(leads.contains(activity.lead()));
      EXPECT_TRUE(ids.insert(activity.activity_id()).second);
      const absl::Time time = absl::FromUnixSeconds(activity.event_time().seconds());
      EXPECT_GE(time, begin);
      EXPECT_LT(time, begin + absl::Hours(168));
    }
  }
  EXPECT_EQ(leads.size(), 240u);
  EXPECT_GT(ids.size(), 1000u);
}

}  // namespace
}  // namespace finalmile::cli
