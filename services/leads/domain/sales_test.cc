#include "services/leads/domain/sales.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace finalmile::leads::domain {
namespace {

using enum SalesState;

SalesFact Fact(SalesState state, int64_t cycle = 1) {
  SalesFact fact;
  fact.state = state;
  fact.cycle = cycle;
  return fact;
}
SalesFact Qualified(bool qualified) {
  SalesFact fact = Fact(kHeld);
  fact.qualified = qualified;
  return fact;
}
SalesFact Returned(ReturnReason reason, int64_t attempts) {
  SalesFact fact = Fact(kReturned);
  fact.return_reason = reason;
  fact.attempts = attempts;
  return fact;
}

struct StageRow {
  const char* what;
  std::vector<SalesFact> facts;
  Stage stage;
};

TEST(Sales, TheStageFollowsFromTheFactsInAnyOrder) {
  const std::vector<StageRow> rows = {
      {"nothing is known yet", {}, Stage::kSalesReady},
      {"open", {Fact(kOpen)}, Stage::kSalesReady},
      {"claimed", {Fact(kClaimed)}, Stage::kAccepted},
      {"worked", {Fact(kWorking)}, Stage::kAccepted},
      {"returned", {Fact(kReturned)}, Stage::kRecycled},
      {"recycled", {Fact(kRecycled)}, Stage::kRecycled},
      {"closed", {Fact(kClosed)}, Stage::kRecycled},
      {"a meeting is set", {Fact(kClaimed), Fact(kScheduled)}, Stage::kMeetingSet},
      {"booked without a request", {Fact(kScheduled)}, Stage::kMeetingSet},
      {"held", {Fact(kWorking), Fact(kHeld)}, Stage::kMeetingHeld},
      {"qualified", {Fact(kWorking), Qualified(true)}, Stage::kQualified},
      {"not qualified", {Fact(kWorking), Qualified(false)}, Stage::kMeetingHeld},
      {"to be booked again", {Fact(kWorking), Fact(kGuestNoShow)}, Stage::kMeetingSet},
      {"given up after a no-show", {Fact(kRecycled), Fact(kGuestNoShow)}, Stage::kRecycled},
      {"a follow-up", {Fact(kWorking), Fact(kHeld), Fact(kScheduled)}, Stage::kMeetingHeld},
      {"a later cycle is open", {Fact(kHeld), Fact(kOpen, 2)}, Stage::kSalesReady},
      {"a later cycle was returned", {Fact(kHeld), Fact(kReturned, 2)}, Stage::kRecycled},
  };
  for (const StageRow& row : rows) {
    std::vector<SalesFact> facts = row.facts;
    std::sort(facts.begin(), facts.end(), [](auto& a, auto& b) { return a.state < b.state; });
    do {
      EXPECT_EQ(StageOf(Stage::kSalesReady, 1, facts), row.stage) << row.what;
    } while (std::next_permutation(facts.begin(), facts.end(),
                                   [](auto& a, auto& b) { return a.state < b.state; }));
  }
}

TEST(Sales, WonAndLostStay) {
  for (const Stage stage : {Stage::kWon, Stage::kLost})
    EXPECT_EQ(StageOf(stage, 1, std::vector{Fact(kHeld)}), stage);
}

TEST(Sales, FactsOfAnEarlierCycleSayNothing) {
  EXPECT_EQ(StageOf(Stage::kSalesReady, 2, std::vector{Fact(kHeld)}), Stage::kSalesReady);
}

TEST(Sales, TheLabelSaysWhetherAMeetingWasHeld) {
  struct Row {
    const char* what;
    std::vector<SalesFact> facts;
    Label label;
  };
  const std::vector<Row> rows = {
      {"held", {Fact(kWorking), Fact(kHeld)}, Label::kHeld},
      {"held after a no-show", {Fact(kGuestNoShow), Fact(kHeld)}, Label::kHeld},
      {"guest no-show", {Fact(kWorking), Fact(kGuestNoShow)}, Label::kNotHeld},
      {"cancelled by the guest", {Fact(kRecycled), Fact(kCancelledByGuest)}, Label::kNotHeld},
      {"host no-show", {Fact(kRecycled), Fact(kHostNoShow)}, Label::kLeftOut},
      {"cancelled by us", {Fact(kWorking), Fact(kCancelledByUs)}, Label::kLeftOut},
      {"still to come", {Fact(kWorking), Fact(kScheduled)}, Label::kLeftOut},
      {"exhausted", {Fact(kRecycled)}, Label::kNotHeld},
      {"never attempted", {Fact(kClaimed)}, Label::kLeftOut},
      {"closed", {Fact(kClosed)}, Label::kLeftOut},
      {"no need", {Returned(ReturnReason::kNoNeed, 1)}, Label::kNotHeld},
      {"bad timing", {Returned(ReturnReason::kBadTiming, 1)}, Label::kNotHeld},
      {"bad fit", {Returned(ReturnReason::kBadFit, 1)}, Label::kNotHeld},
      {"bad fit, unseen", {Returned(ReturnReason::kBadFit, 0)}, Label::kLeftOut},
      {"unreachable", {Returned(ReturnReason::kUnreachable, 8)}, Label::kNotHeld},
      {"given up early", {Returned(ReturnReason::kUnreachable, 7)}, Label::kLeftOut},
      {"wrong person", {Returned(ReturnReason::kWrongPerson, 3)}, Label::kLeftOut},
      {"bad data", {Returned(ReturnReason::kBadData, 3)}, Label::kLeftOut},
      {"duplicate", {Returned(ReturnReason::kDuplicate, 3)}, Label::kLeftOut},
      {"customer", {Returned(ReturnReason::kCustomer, 3)}, Label::kLeftOut},
      {"opted out", {Returned(ReturnReason::kOptedOut, 3)}, Label::kLeftOut},
      {"nothing", {}, Label::kLeftOut},
  };
  for (const Row& row : rows) EXPECT_EQ(LabelOf(row.facts), row.label) << row.what;
}

}  // namespace
}  // namespace finalmile::leads::domain
