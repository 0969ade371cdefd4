#include "services/finalmile/demo/sample.h"

#include <gtest/gtest.h>

#include <set>

namespace finalmile::cli {
namespace {

TEST(Sample, IsTheSameForASeedAndAnotherForAnother) {
  const SampleOptions options{.seed = 7, .start = absl::FromUnixSeconds(1'772'409'600)};
  const auto bytes = [](const SampleOptions& given) {
    std::string text;
    for (const SampleDay& day : GenerateSample(given)) {
      for (const auto& lead : day.leads) text += lead.DebugString();
      for (const auto& activity : day.activities) text += activity.DebugString();
    }
    return text;
  };
  EXPECT_EQ(bytes(options), bytes(options));
  SampleOptions other = options;
  other.seed = 8;
  EXPECT_NE(bytes(options), bytes(other));
}

TEST(Sample, ActivitiesAreUniqueOnTheirDayAndOfKnownLeads) {
  const SampleOptions options{.seed = 3, .start = absl::FromUnixSeconds(1'772'409'600)};
  const std::vector<SampleDay> days = GenerateSample(options);
  ASSERT_EQ(days.size(), 91u);
  std::set<std::string> leads;
  std::set<std::string> ids;
  for (size_t day = 0; day < days.size(); ++day) {
    for (const auto& request : days[day].leads) {
      EXPECT_EQ(request.lead_id().size(), 36u);
      EXPECT_TRUE(leads.insert("leads/" + request.lead_id()).second);
    }
    const absl::Time begin = options.start + static_cast<int64_t>(day) * absl::Hours(24);
    for (const auto& activity : days[day].activities) {
      EXPECT_TRUE(leads.contains(activity.lead()));
      EXPECT_TRUE(ids.insert(activity.activity_id()).second);
      const absl::Time time = absl::FromUnixSeconds(activity.event_time().seconds());
      EXPECT_GE(time, begin);
      EXPECT_LT(time, begin + absl::Hours(24));
    }
  }
  EXPECT_EQ(leads.size(), 240u);
  EXPECT_GT(ids.size(), 500u);
}

}  // namespace
}  // namespace finalmile::cli
