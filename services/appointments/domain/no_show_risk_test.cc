#include "services/appointments/domain/no_show_risk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::appointments::domain {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(NoShowRiskTest, TheRatesByDays) {
  struct Row {
    int days;
    double risk;
  };
  for (const Row& row : {Row{0, .05}, Row{1, .21}, Row{2, .26}, Row{7, .26}, Row{8, .31}, Row{9, .31},
                         Row{14, .31}, Row{500, .31}})
    EXPECT_NEAR(RiskOf({}, row.days, {}, false).probability, row.risk, 1e-12) << row.days;
}

TEST(NoShowRiskTest, RepliesAndHistoryChangeTheOdds) {
  Appointment accepted;
  accepted.partstat = PartStat::kAccepted;
  EXPECT_NEAR(RiskOf(accepted, 9, {}, false).probability, .183, .0005);
  EXPECT_NEAR(RiskOf(accepted, 9, {}, true).probability, .31, 1e-12);
  Appointment confirmed;
  confirmed.state = AppointmentState::kConfirmed;
  EXPECT_NEAR(RiskOf(confirmed, 9, {}, false).probability, .183, .0005);
  Appointment tentative;
  tentative.partstat = PartStat::kTentative;
  // Odds of .31 are .4493; × 1.5 is .6739; of which 1 + is .4026.
  EXPECT_NEAR(RiskOf(tentative, 9, {}, false).probability, .4026, .00005);
}

TEST(NoShowRiskTest, OwnMeetingsWeighAgainstForty) {
  // (10 + 40 · 0.21) / (10 + 40) = 0.368
  EXPECT_NEAR(RiskOf({}, 1, {10, 10}, false).probability, .368, 1e-12);
  EXPECT_NEAR(RiskOf({}, 1, {0, 40}, false).probability, .105, 1e-12);
}

TEST(NoShowRiskTest, EachFactorAndAnActionIsNamed) {
  Appointment accepted;
  accepted.partstat = PartStat::kAccepted;
  NoShowRisk risk = RiskOf(accepted, 0, {}, false);
  EXPECT_THAT(risk.factors, SizeIs(2));
  EXPECT_THAT(risk.actions, SizeIs(1));
  EXPECT_THAT(risk.actions[0], HasSubstr("nothing more"));
  Appointment declined;
  declined.partstat = PartStat::kDeclined;
  risk = RiskOf(declined, 9, {}, true);
  EXPECT_THAT(risk.factors, SizeIs(2));
  EXPECT_THAT(risk.actions, SizeIs(4));
  EXPECT_THAT(risk.actions[0], HasSubstr("declined"));
}

}  // namespace
}  // namespace finalmile::appointments::domain
