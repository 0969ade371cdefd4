#include "services/appointments/domain/meeting_request.h"
#include "libs/base/zone.h"

#include <gtest/gtest.h>

#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);
constexpr int kEmail = 1, kPhone = 2;

const Actor kKim{"kim"}, kLee{"lee"}, kMia{"mia", /*manager=*/true};

class MeetingRequestTest : public ::testing::Test {
 protected:
  MeetingRequestTest() {
    hours_.zone = *LoadZone("Europe/Berlin");
    for (int weekday = 1; weekday <= 5; ++weekday) hours_.weekly.push_back({weekday, 9 * 60, 18 * 60});
  }
  absl::Time Wall(int month, int day, int hour, int minute) const {
    return ResolveGiven(absl::CivilSecond(month < 6 ? 2027 : 2026, month, day, hour, minute, 0), hours_.zone);
  }
  MeetingRequest Opened(bool hand_raise = false, const std::string& grade = "B2") const {
    return Open(CrossingAt(monday_, hand_raise, grade), hours_);
  }
  static Crossing CrossingAt(absl::Time time, bool hand_raise, const std::string& grade, int64_t seq = 7) {
    Crossing crossing;
    crossing.ready_seq = seq;
    crossing.hand_raise = hand_raise;
    crossing.grade = grade;
    crossing.ready_time = time;
    return crossing;
  }
  MeetingRequest ClaimedByKim(bool hand_raise = false) const {
    MeetingRequest request = Opened(hand_raise);
    EXPECT_EQ(Text(Claim(request, kKim, monday_)), "claimed");
    return request;
  }
  RequestResult Try(MeetingRequest& request, int channel, absl::Time at,
                    absl::Time callback = absl::InfinitePast()) const {
    return LogAttempt(request, kKim, {channel, at, callback}, at);
  }

  static std::string Text(const RequestEvent& event) {
    struct Visitor {
      std::string operator()(const Requested& e) { return "requested " + std::string(e.cause); }
      std::string operator()(const Claimed& e) { return e.by_booking ? "claimed by booking" : "claimed"; }
      std::string operator()(const Reassigned& e) { return "reassigned " + e.from + " to " + e.to; }
      std::string operator()(const AttemptLogged& e) {
        return "attempt " + std::to_string(e.number) + (e.first ? " first" : "") +
               (e.within_response_time ? " in time" : "");
      }
      std::string operator()(const Returned&) { return "returned"; }
      std::string operator()(const Recycled&) { return "recycled"; }
      std::string operator()(const Closed& e) {
        return "closed " + std::to_string(static_cast<int>(e.reason));
      }
      std::string operator()(const Overdue& e) { return "overdue " + std::to_string(e.level); }
    };
    return std::visit(Visitor{}, event);
  }
  static std::string Text(const RequestEvents& events) {
    std::string text;
    for (const RequestEvent& event : events) text += (text.empty() ? "" : ", ") + Text(event);
    return text;
  }
  static std::string Text(const RequestResult& result) {
    if (const auto* refusal = std::get_if<Refusal>(&result)) return refusal->reason;
    return Text(std::get<RequestEvents>(result));
  }

  WorkingHours hours_;
  // 10:00 in Berlin.
  const absl::Time monday_ = absl::FromCivil(absl::CivilSecond(2026, 11, 30, 9, 0, 0), absl::UTCTimeZone());
};

TEST_F(MeetingRequestTest, TheTimeToAnswerDependsOnWhatTheLeadDid) {
  ASSERT_EQ(monday_, Wall(11, 30, 10, 0));
  EXPECT_EQ(Opened(true).deadline, Wall(11, 30, 10, 5));
  EXPECT_EQ(Opened(false, "A1").deadline, Wall(11, 30, 11, 0));
  EXPECT_EQ(Opened(false, "A2").deadline, Wall(11, 30, 11, 0));
  EXPECT_EQ(Opened(false, "A3").deadline, Wall(11, 30, 14, 0));
  EXPECT_EQ(Open(CrossingAt(Wall(12, 4, 17, 58), true, "A1"), hours_).deadline, Wall(12, 7, 9, 3));
}

TEST_F(MeetingRequestTest, OneClaims) {
  MeetingRequest request = Opened();
  EXPECT_EQ(Text(Claim(request, kKim, monday_)), "claimed");
  EXPECT_EQ(Text(Claim(request, kLee, monday_)), "ALREADY_CLAIMED");
  EXPECT_EQ(Text(Claim(request, kKim, monday_)), "") << "it is Kim's already";
  EXPECT_EQ(request.setter, "kim");
  Close(request, CloseReason::kErased);
  EXPECT_EQ(Text(Claim(request, kLee, monday_)), "WRONG_STATE");
}

TEST_F(MeetingRequestTest, AnAttemptClaims) {
  MeetingRequest request = Opened(true);
  EXPECT_EQ(Text(Try(request, kPhone, Wall(11, 30, 10, 5))), "claimed, attempt 1 first in time");
  EXPECT_EQ(request.state, RequestState::kWorking);
  EXPECT_EQ(Text(LogAttempt(request, kLee, {kPhone, monday_}, monday_)), "NOT_YOURS");
  EXPECT_EQ(Text(LogAttempt(request, kMia, {kPhone, Wall(11, 30, 10, 6)}, monday_)), "attempt 2 in time");
  // An attempt that is told late, and was earlier.
  EXPECT_EQ(Text(Try(request, kEmail, Wall(11, 30, 10, 1))), "attempt 3 in time");
  EXPECT_EQ(request.first_attempt_time, Wall(11, 30, 10, 1));
  MeetingRequest late = Opened(true);
  EXPECT_EQ(Text(Try(late, kPhone, Wall(11, 30, 10, 5) + absl::Microseconds(1))), "claimed, attempt 1 first");
}

TEST_F(MeetingRequestTest, TheLastAttemptRecycles) {
  MeetingRequest request = ClaimedByKim();
  for (int i = 1; i <= 7; ++i) Try(request, i == 1 ? kEmail : kPhone, monday_ + i * absl::Hours(1));
  MeetingRequest called = request;
  EXPECT_EQ(Text(Try(request, kPhone, monday_ + kDay)), "attempt 8 in time, recycled");
  EXPECT_EQ(request.quiet_until, monday_ + kDay + kRecycleFor);
  EXPECT_EQ(Text(Try(called, kPhone, monday_ + kDay, monday_ + 2 * kDay)), "attempt 8 in time")
      << "a callback is ahead";
  EXPECT_EQ(Text(Try(called, kPhone, monday_ + 2 * kDay)), "attempt 9 in time, recycled");
  MeetingRequest one_channel = ClaimedByKim();
  for (int i = 1; i <= 8; ++i) Try(one_channel, kPhone, monday_ + i * absl::Hours(1));
  EXPECT_EQ(one_channel.state, RequestState::kWorking);
}

TEST_F(MeetingRequestTest, AWindowEnds) {
  const absl::Time end = EndOfWorkingDay(hours_, monday_, kWindowDays);
  MeetingRequest tried = ClaimedByKim();
  Try(tried, kPhone, monday_);
  EXPECT_EQ(NextDue(tried, hours_), end);
  EXPECT_EQ(Text(Visit(tried, hours_, end - absl::Microseconds(1))), "");
  EXPECT_EQ(Text(Visit(tried, hours_, end)), "recycled");
  EXPECT_EQ(Text(Visit(tried, hours_, end)), "");
  MeetingRequest untried = ClaimedByKim();
  EXPECT_EQ(Text(Visit(untried, hours_, end)), "overdue 1, overdue 2, reassigned kim to ");
  EXPECT_EQ(untried.state, RequestState::kOpen);
  EXPECT_EQ(untried.setter, "");
  MeetingRequest callback = ClaimedByKim();
  Try(callback, kPhone, monday_, end + kDay);
  EXPECT_EQ(Text(Visit(callback, hours_, end)), "");
  EXPECT_EQ(NextDue(callback, hours_), end + kDay);
  Try(callback, kPhone, monday_, end + 40 * kDay);
  EXPECT_EQ(NextDue(callback, hours_), end + kLongestCallback);
}

TEST_F(MeetingRequestTest, WhatNobodyAnswersRises) {
  MeetingRequest request = Opened();
  EXPECT_EQ(NextDue(request, hours_), Wall(11, 30, 14, 0));
  EXPECT_EQ(Text(Visit(request, hours_, Wall(11, 30, 14, 0))), "overdue 1");
  EXPECT_EQ(NextDue(request, hours_), Wall(11, 30, 18, 0));
  Claim(request, kKim, Wall(11, 30, 15, 0));
  EXPECT_EQ(Text(Visit(request, hours_, Wall(11, 30, 18, 0))), "overdue 2") << "a claim is no answer";
  MeetingRequest answered = Opened();
  Try(answered, kPhone, monday_);
  EXPECT_EQ(Text(Visit(answered, hours_, Wall(11, 30, 18, 0))), "");
}

TEST_F(MeetingRequestTest, AHandRaiseTakesTheFirstPlace) {
  MeetingRequest request = ClaimedByKim();
  Try(request, kPhone, monday_);
  Snooze(request, kKim, monday_ + kDay);
  EXPECT_EQ(Text(CrossAgain(request, CrossingAt(Wall(11, 30, 11, 0), true, "A1", 8), hours_)),
            "requested raised");
  EXPECT_TRUE(request.crossing.hand_raise);
  EXPECT_EQ(request.deadline, Wall(11, 30, 11, 5));
  EXPECT_EQ(request.snooze_until, absl::InfinitePast());
  EXPECT_EQ(request.crossing.ready_seq, 8);
  EXPECT_EQ(request.crossing.ready_time, monday_);
  EXPECT_EQ(request.first_deadline, Wall(11, 30, 14, 0)) << "the first attempt was made before";
  MeetingRequest set = ClaimedByKim();
  Book(set, "kim", monday_);
  EXPECT_EQ(Text(CrossAgain(set, CrossingAt(monday_ + kDay, true, "A1", 8), hours_)), "");
  EXPECT_EQ(set.raised_again_time, monday_ + kDay);
}

TEST_F(MeetingRequestTest, FadingTakesNoWorkAway) {
  MeetingRequest open = Opened();
  EXPECT_EQ(Text(Cool(open, 6, false)), "") << "an older crossing's";
  EXPECT_EQ(Text(Cool(open, 7, false)), "closed 1");
  EXPECT_EQ(Text(Cool(open, 7, false)), "");
  MeetingRequest raised = Opened(true);
  EXPECT_EQ(Text(Cool(raised, 7, false)), "");
  MeetingRequest claimed = ClaimedByKim();
  EXPECT_EQ(Text(Cool(claimed, 7, false)), "");
  EXPECT_TRUE(claimed.cooled);
  EXPECT_EQ(Text(Cool(claimed, 7, true)), "closed 2") << "a gate stops contact";
  MeetingRequest set = ClaimedByKim();
  Book(set, "kim", monday_);
  EXPECT_EQ(Text(Cool(set, 7, true)), "");
  EXPECT_EQ(set.state, RequestState::kSet);
}

TEST_F(MeetingRequestTest, SnoozingNeedsAnAttempt) {
  MeetingRequest request = Opened();
  EXPECT_EQ(Text(Snooze(request, kKim, monday_ + kDay)), "WRONG_STATE");
  Claim(request, kKim, monday_);
  EXPECT_EQ(Text(Snooze(request, kKim, monday_ + kDay)), "FIRST_ATTEMPT_DUE");
  Try(request, kPhone, monday_);
  EXPECT_EQ(Text(Snooze(request, kLee, monday_ + kDay)), "NOT_YOURS");
  const absl::Time deadline = request.deadline;
  EXPECT_EQ(Text(Snooze(request, kKim, monday_ + kDay)), "");
  EXPECT_EQ(request.snooze_until, monday_ + kDay);
  EXPECT_EQ(request.deadline, deadline);
}

TEST_F(MeetingRequestTest, ReturningSaysWhy) {
  MeetingRequest request = Opened();
  EXPECT_EQ(Text(Return(request, kKim, ReturnReason::kBadFit, absl::InfinitePast(), monday_)), "WRONG_STATE");
  MeetingRequest open = request;
  EXPECT_EQ(Text(Return(open, kMia, ReturnReason::kBadFit, absl::InfinitePast(), monday_)), "returned");
  Claim(request, kKim, monday_);
  EXPECT_EQ(Text(Return(request, kLee, ReturnReason::kBadFit, absl::InfinitePast(), monday_)), "NOT_YOURS");
  for (int i = 0; i < 2; ++i) Try(request, kPhone, monday_);
  EXPECT_EQ(Text(Return(request, kKim, ReturnReason::kUnreachable, absl::InfinitePast(), monday_)),
            "TOO_FEW_ATTEMPTS");
  Try(request, kPhone, monday_);
  EXPECT_EQ(Text(Return(request, kKim, ReturnReason::kUnreachable, absl::InfinitePast(), monday_)),
            "returned");
  EXPECT_EQ(request.return_reason, ReturnReason::kUnreachable);
  EXPECT_EQ(request.quiet_until, monday_ + kRecycleFor);
  EXPECT_EQ(Text(Return(request, kKim, ReturnReason::kBadFit, absl::InfinitePast(), monday_)), "WRONG_STATE");
}

TEST_F(MeetingRequestTest, AReturnedLeadIsLeftAloneForAsLongAsTheReasonSays) {
  const auto quiet_until = [&](ReturnReason reason, absl::Time until = absl::InfinitePast()) {
    MeetingRequest request = ClaimedByKim();
    EXPECT_EQ(Text(Return(request, kKim, reason, until, monday_)), "returned");
    return request.quiet_until;
  };
  EXPECT_EQ(quiet_until(ReturnReason::kBadTiming), monday_ + kRecycleFor);
  EXPECT_EQ(quiet_until(ReturnReason::kBadTiming, monday_ + kDay), monday_ + kDay);
  EXPECT_EQ(quiet_until(ReturnReason::kNoNeed), monday_ + kRecycleFor);
  for (const ReturnReason reason :
       {ReturnReason::kBadFit, ReturnReason::kWrongPerson, ReturnReason::kBadData, ReturnReason::kDuplicate,
        ReturnReason::kCustomer, ReturnReason::kOptedOut}) {
    EXPECT_EQ(quiet_until(reason), absl::InfinitePast());
  }
}

TEST_F(MeetingRequestTest, AHeldMeetingEndsIt) {
  MeetingRequest request = ClaimedByKim();
  Book(request, "kim", monday_);
  EXPECT_TRUE(IsActive(request));
  Hold(request);
  EXPECT_FALSE(IsActive(request));
  EXPECT_EQ(NextDue(request, hours_), absl::InfiniteFuture());
}

TEST_F(MeetingRequestTest, AnAttemptThatIsToldLateMayHaveBeenInTime) {
  MeetingRequest request = Opened(true);
  EXPECT_EQ(Text(Try(request, kPhone, Wall(11, 30, 10, 6))), "claimed, attempt 1 first");
  EXPECT_EQ(WithinResponseTime(request), false);
  EXPECT_EQ(Text(Try(request, kPhone, Wall(11, 30, 10, 5))), "attempt 2 in time");
  EXPECT_EQ(WithinResponseTime(request), true);
}

TEST_F(MeetingRequestTest, AManagerReassigns) {
  MeetingRequest request = Opened();
  EXPECT_EQ(Text(Reassign(request, "lee", monday_)), "WRONG_STATE");
  Claim(request, kKim, monday_);
  EXPECT_EQ(Text(Reassign(request, "kim", monday_)), "");
  EXPECT_EQ(Text(Reassign(request, "lee", monday_ + kDay)), "reassigned kim to lee");
  EXPECT_EQ(request.state, RequestState::kClaimed);
  EXPECT_EQ(Text(Reassign(request, "", monday_ + kDay)), "reassigned lee to ");
  EXPECT_EQ(request.state, RequestState::kOpen);
}

TEST_F(MeetingRequestTest, AWindowThatNobodyUsedGivesBackWhatOthersHadTried) {
  MeetingRequest request = ClaimedByKim();
  Try(request, kPhone, monday_);
  Reassign(request, "", monday_);
  EXPECT_EQ(Text(Claim(request, kLee, monday_ + kDay)), "claimed");
  EXPECT_EQ(Text(Snooze(request, kLee, monday_ + 2 * kDay)), "FIRST_ATTEMPT_DUE");
  const absl::Time end = EndOfWorkingDay(hours_, monday_ + kDay, kWindowDays);
  EXPECT_EQ(Text(Visit(request, hours_, end)), "overdue 1, overdue 2, reassigned lee to ");
  EXPECT_EQ(request.state, RequestState::kOpen);
}

TEST_F(MeetingRequestTest, AMeetingThatWasNotHeldIsWorkedAgain) {
  MeetingRequest request = Opened();
  EXPECT_EQ(Text(Book(request, "lee", monday_)), "claimed by booking");
  EXPECT_EQ(request.state, RequestState::kSet);
  EXPECT_EQ(request.setter, "lee");
  EXPECT_EQ(NextDue(request, hours_), absl::InfiniteFuture());
  EXPECT_EQ(Text(Rebook(request, true, hours_, Wall(12, 1, 10, 0))), "requested rebook");
  EXPECT_EQ(request.deadline, Wall(12, 1, 11, 0));
  EXPECT_EQ(Text(Visit(request, hours_, Wall(12, 1, 11, 0))), "overdue 1");
  EXPECT_EQ(Text(Book(request, "lee", Wall(12, 1, 12, 0))), "");
  EXPECT_EQ(request.state, RequestState::kSet);
  EXPECT_EQ(Text(Rebook(request, false, hours_, Wall(12, 2, 10, 0))), "requested rebook");
  EXPECT_EQ(request.deadline, Wall(12, 2, 14, 0));
}

}  // namespace
}  // namespace finalmile::appointments::domain
