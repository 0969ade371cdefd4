#include <gmock/gmock.h>

#include "libs/storage/transact.h"
#include "services/leads/leads_fixture.h"

namespace finalmile::leads {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Which = v1::LeadEvent::EventCase;

constexpr absl::Duration kDay = absl::Hours(24);

// Who is sales-ready, why not, and what becomes of it.
class ReadinessTest : public LeadsTest {
 protected:
  void SetUp() override { harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000)); }

  void SetGates(const std::string& lead, std::vector<v1::Gate> gates) {
    v1::UpdateLeadRequest update;
    update.mutable_lead()->set_name(lead);
    for (v1::Gate gate : gates) update.mutable_lead()->add_gates(gate);
    update.mutable_update_mask()->add_paths("gates");
    const auto updated = Call<v1::Lead>("UpdateLead", update);
    ASSERT_TRUE(updated.ok()) << updated.status();
    harness_.Settle();
  }
  v1::ExplainScoreResponse ExplainAt(const std::string& lead, absl::Time time) {
    v1::ExplainScoreRequest request;
    request.set_name(lead);
    *request.mutable_as_of() = scoring::ToProto(time);
    const auto explained = Call<v1::ExplainScoreResponse>("ExplainScore", request);
    EXPECT_TRUE(explained.ok()) << explained.status();
    return explained.ok() ? *explained : v1::ExplainScoreResponse();
  }
  void SetStage(const std::string& lead, v1::Stage stage) {
    const auto set =
        storage::Transact(harness_.database(), {.deadline = harness_.clock().Steady() + absl::Seconds(30)},
                          [&](storage::Transaction& transaction) {
                            return transaction.Execute("UPDATE leads SET stage = $1 WHERE id = $2",
                                                       {int64_t{stage}, lead.substr(sizeof("leads/") - 1)});
                          });
    ASSERT_TRUE(set.ok()) << set.status();
  }
};

TEST_F(ReadinessTest, ADemoRequestOfAnUnknownPersonOpensARequest) {
  v1::Lead unknown;
  unknown.set_email("someone@gmail.com");
  const std::string lead = Create(unknown).name();
  Record(Activity(lead, "a1", "demo_request"));
  harness_.Settle();
  EXPECT_LT(Get(lead).score().fit(), 25);
  EXPECT_EQ(Get(lead).score().lane(), "hand-raise");
  EXPECT_EQ(Count(Which::kLeadBecameSalesReady), 1);
  const v1::ExplainScoreResponse explained = Explain(lead);
  EXPECT_TRUE(explained.request_open());
  EXPECT_EQ(explained.readiness(0), "hand-raise: hand raised; it let the lead in");
  EXPECT_THAT(explained.unknown_facts(), ElementsAre("staff", "industry", "country", "technologies", "title",
                                                     "function", "project", "phone", "company"));
}

TEST_F(ReadinessTest, AGateThatIsLiftedGivesBackTheRequestThatItClosed) {
  const std::string lead = Create(GoodLead()).name();
  const absl::Time raised = harness_.clock().Now();
  Record(Activity(lead, "a1", "demo_request"));
  harness_.Settle();
  harness_.clock().Advance(kDay);
  SetGates(lead, {v1::GATE_COMPETITOR, v1::GATE_OPEN_OPPORTUNITY});
  EXPECT_EQ(Count(Which::kLeadCooled), 1);
  v1::ExplainScoreResponse explained = Explain(lead);
  EXPECT_FALSE(explained.request_open());
  EXPECT_EQ(explained.readiness(1),
            "the gate \"open opportunity\" stands: no lane lets the lead in until it is lifted");
  EXPECT_THAT(explained.readiness(2), HasSubstr("no: a gate stands"));
  harness_.clock().Advance(kDay);
  SetGates(lead, {});
  EXPECT_EQ(Get(lead).score().lane(), "hand-raise");
  EXPECT_EQ(Count(Which::kLeadBecameSalesReady), 2);
  explained = Explain(lead);
  EXPECT_TRUE(explained.request_open());
  EXPECT_EQ(scoring::FromProto(explained.score().ready_time()), raised + 2 * kDay);
  EXPECT_EQ(scoring::FromProto(explained.last_hand_raise_time()), raised);
  // As of a past moment, too.
  harness_.clock().Advance(kDay);
  EXPECT_EQ(scoring::FromProto(ExplainAt(lead, raised + absl::Hours(1)).score().ready_time()), raised);
  EXPECT_FALSE(ExplainAt(lead, raised + kDay + absl::Hours(1)).request_open());
  EXPECT_TRUE(ExplainAt(lead, raised + 2 * kDay + absl::Hours(1)).request_open());
}

TEST_F(ReadinessTest, SaysWhenALaneMayLetInAgain) {
  const std::string lead = Create(GoodLead()).name();
  const absl::Time crossed = harness_.clock().Now();
  Record(Activity(lead, "a1", "trial_started"));
  harness_.Settle();
  EXPECT_THAT(Explain(lead).readiness(1), HasSubstr("it let the lead in, until engagement falls below 20"));
  SetGates(lead, {v1::GATE_STUDENT});
  SetGates(lead, {});
  const v1::ExplainScoreResponse explained = Explain(lead);
  EXPECT_FALSE(explained.request_open());
  EXPECT_EQ(scoring::FromProto(explained.recross_time()), crossed + 7 * kDay);
  EXPECT_THAT(explained.readiness(1), HasSubstr("no: it was sales-ready, and may be again 7 days after"));
}

TEST_F(ReadinessTest, ACrossingMovesOnlyStagesBeforeSales) {
  using S = v1::Stage;
  for (const auto& [from, to] : std::vector<std::pair<S, S>>{{v1::STAGE_NEW, v1::STAGE_SALES_READY},
                                                             {v1::STAGE_RECYCLED, v1::STAGE_SALES_READY},
                                                             {v1::STAGE_LOST, v1::STAGE_SALES_READY},
                                                             {v1::STAGE_ACCEPTED, v1::STAGE_ACCEPTED},
                                                             {v1::STAGE_MEETING_SET, v1::STAGE_MEETING_SET},
                                                             {v1::STAGE_MEETING_HELD, v1::STAGE_MEETING_HELD},
                                                             {v1::STAGE_QUALIFIED, v1::STAGE_QUALIFIED},
                                                             {v1::STAGE_WON, v1::STAGE_WON}}) {
    const std::string lead = Create(GoodLead()).name();
    SetStage(lead, from);
    Record(Activity(lead, "a-" + lead, "demo_request"));
    harness_.Settle();
    EXPECT_EQ(Get(lead).stage(), to) << v1::Stage_Name(from);
    EXPECT_EQ(Get(lead).score().lane(), "hand-raise");
  }
}

}  // namespace
}  // namespace finalmile::leads
