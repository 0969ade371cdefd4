#include <gmock/gmock.h>

#include "libs/testing/personal_fields.h"
#include "services/appointments/appointments_fixture.h"

// What becomes of meeting requests: by events of leads, by calls, and by time.
namespace finalmile::appointments {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Request = v1::MeetingRequest;

class RequestsTest : public AppointmentsTest {
 protected:
  std::string NameOf(const std::string& lead) { return Of(lead).name(); }
  static std::string ReasonOf(const absl::Status& status) { return rpc::ReasonOf(status); }
  int64_t Count(const std::string& from) {
    int64_t counted = -1;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          const auto rows = transaction.Execute("SELECT COUNT(*) FROM " + from);
          if (rows.ok()) counted = rows->rows[0].Int(0);
          return rows.status();
        });
    EXPECT_EQ(read, absl::OkStatus());
    return counted;
  }
};

TEST_F(RequestsTest, ACrossingOpensOneRequest) {
  Ready("ana", {.grade = "A2", .owner = "kim"});
  const Request request = Of("ana");
  EXPECT_EQ(request.state(), Request::STATE_OPEN);
  EXPECT_EQ(request.lead(), Lead("ana"));
  EXPECT_EQ(request.ready_seq(), 1);
  EXPECT_EQ(request.cycle(), 1);
  EXPECT_EQ(request.owner(), "kim");
  EXPECT_EQ(request.situation(), "new-fleet-manager");
  EXPECT_EQ(request.reasons(0).text(), "VP Sales");
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 11, 0)) << "an hour for A2";
  EXPECT_EQ(EventsOf(request.name()), "requested ready");
  const v1::MeetingRequested event = LastOf(request.name()).meeting_requested();
  EXPECT_FALSE(event.again());
  EXPECT_EQ(event.campaign(), "spring");
  harness_.Restart();
  EXPECT_EQ(Of("ana").SerializeAsString(), request.SerializeAsString());
}

TEST_F(RequestsTest, TheTimeToAnswerCountsFromTheLeadsOwnAct) {
  leads::v1::LeadEvent event = ReadyEvent("ana", {.hand_raise = true});
  // Nobody consumed for an hour.
  harness_.clock().SetNow(At(1, 11, 0));
  Tell(event);
  const Request request = Of("ana");
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 10, 5));
  EXPECT_EQ(EventsOf(request.name()), "requested ready, overdue 1, overdue 2");
  EXPECT_EQ(request.level(), 2);
}

TEST_F(RequestsTest, AHandRaiseOnFridayEveningIsDueOnMonday) {
  MoveTo(At(4, 17, 58));
  Raise("ana");
  EXPECT_EQ(rpc::FromTimestamp(Of("ana").deadline()), At(7, 9, 3));
}

TEST_F(RequestsTest, ASecondCrossingUpgradesTheRequest) {
  Ready("ana");
  const std::string name = NameOf("ana");
  EXPECT_EQ(rpc::FromTimestamp(Of("ana").deadline()), At(1, 14, 0));
  MoveTo(At(1, 10, 30));
  Raise("ana");
  const Request request = Get(name);
  EXPECT_TRUE(request.hand_raise());
  EXPECT_EQ(request.ready_seq(), 2);
  EXPECT_EQ(rpc::FromTimestamp(request.deadline()), At(1, 10, 35));
  EXPECT_EQ(EventsOf(name), "requested ready, requested raised");
  EXPECT_TRUE(LastOf(name).meeting_requested().again());
  EXPECT_EQ(Count("meeting_requests"), 1);
}

TEST_F(RequestsTest, ALeadThatIsLeftAloneOpensNothingButByAHandRaise) {
  Ready("ana");
  const std::string first = NameOf("ana");
  ASSERT_TRUE(Claim("kim", first).ok());
  ASSERT_TRUE(Return("kim", first, v1::RETURN_REASON_NO_NEED).ok());
  MoveTo(At(20, 10));
  Ready("ana", {.cycle = 2});
  const Request quiet = Of("ana");
  EXPECT_NE(quiet.name(), first);
  EXPECT_EQ(quiet.state(), Request::STATE_CLOSED);
  EXPECT_EQ(quiet.close_reason(), v1::CLOSE_REASON_QUIET);
  EXPECT_EQ(EventsOf(quiet.name()), "closed QUIET");
  EXPECT_EQ(LastOf(quiet.name()).meeting_request_closed().ready_seq(), 2);
  Raise("ana");
  EXPECT_EQ(Of("ana").state(), Request::STATE_OPEN);
  MoveTo(At(1, 10) + absl::Hours(24 * 90));
  Ready("bob");
  EXPECT_EQ(Of("bob").state(), Request::STATE_OPEN);
}

TEST_F(RequestsTest, WhatCoolsClosesWhatNobodyHasClaimed) {
  Ready("ana");
  Cool("ana", "faded");
  EXPECT_EQ(EventsOf(NameOf("ana")), "requested ready, closed COOLED");
  Raise("bob");
  Cool("bob", "faded");
  EXPECT_EQ(Of("bob").state(), Request::STATE_OPEN);
  Ready("cem");
  ASSERT_TRUE(Claim("kim", NameOf("cem")).ok());
  Cool("cem", "faded");
  EXPECT_EQ(Of("cem").state(), Request::STATE_CLAIMED);
  EXPECT_TRUE(Of("cem").cooled());
  Raise("dan");
  ASSERT_TRUE(Claim("kim", NameOf("dan")).ok());
  Cool("dan", "gated");
  EXPECT_EQ(EventsOf(NameOf("dan")), "requested ready, claimed by kim, closed GATED");
  Ready("dan");
  EXPECT_EQ(Of("dan").state(), Request::STATE_OPEN) << "a new crossing opens a new one";
}

TEST_F(RequestsTest, OneOfTwoSettersClaims) {
  Ready("ana");
  const std::string name = NameOf("ana");
  const auto claimed = Claim("kim", name, "r1");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->setter(), "kim");
  EXPECT_TRUE(claimed->has_window_end_time());
  const absl::Status refused = Claim("lee", name, "r1").status();
  EXPECT_EQ(ReasonOf(refused), "ALREADY_CLAIMED");
  EXPECT_EQ(rpc::ErrorInfoOf(refused)->metadata().at("setter"), "kim");
  EXPECT_EQ(rpc::ErrorInfoOf(refused)->metadata().at("claim_time"), "2026-12-01T10:00:00+00:00");
  EXPECT_TRUE(Claim("kim", name, "r1").ok());
  EXPECT_TRUE(Claim("kim", name).ok());
  EXPECT_EQ(EventsOf(name), "requested ready, claimed by kim") << "claiming one's own changes nothing";
}

TEST_F(RequestsTest, ARefusalIsNotRemembered) {
  Ready("ana");
  const std::string name = NameOf("ana");
  ASSERT_TRUE(Claim("kim", name).ok());
  EXPECT_EQ(ReasonOf(Claim("lee", name, "again").status()), "ALREADY_CLAIMED");
  v1::ReassignMeetingRequestsRequest back;
  back.add_names(name);
  ASSERT_TRUE(Call<v1::ReassignMeetingRequestsResponse>(As("mia"), "ReassignMeetingRequests", back).ok());
  EXPECT_TRUE(Claim("lee", name, "again").ok());
}

TEST_F(RequestsTest, TheFirstAttemptClaims) {
  Raise("ana");
  const std::string name = NameOf("ana");
  harness_.clock().Advance(absl::Minutes(4));
  v1::Attempt attempt = Phone();
  attempt.set_objection("price");
  attempt.set_talk_track("talkTracks/new-fleet-manager");
  *attempt.mutable_callback_at() = rpc::ToTimestamp(At(2, 9, 30));
  const auto logged = Attempt("kim", name, attempt);
  ASSERT_TRUE(logged.ok()) << logged.status();
  EXPECT_EQ(logged->meeting_request().state(), Request::STATE_WORKING);
  EXPECT_TRUE(logged->meeting_request().within_response_time());
  EXPECT_EQ(logged->attempt().name(), name + "/attempts/1");
  EXPECT_EQ(EventsOf(name), "requested ready, claimed by kim, attempt 1");
  const v1::AttemptLogged event = LastOf(name).attempt_logged();
  EXPECT_TRUE(event.first());
  EXPECT_TRUE(event.within_response_time());
  EXPECT_EQ(event.seconds_since_ready(), 240);
  EXPECT_EQ(event.objection(), "price");
  EXPECT_EQ(ReasonOf(Attempt("lee", name, Phone()).status()), "NOT_YOURS");
  EXPECT_TRUE(Attempt("mia", name, Phone()).ok()) << "a manager may";
  v1::ListAttemptsRequest list;
  list.set_parent(name);
  list.set_page_size(1);
  auto page = Call<v1::ListAttemptsResponse>(As("kim"), "ListAttempts", list);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->attempts(0).talk_track(), "talkTracks/new-fleet-manager");
  list.set_page_token(page->next_page_token());
  page = Call<v1::ListAttemptsResponse>(As("kim"), "ListAttempts", list);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->attempts(0).setter(), "mia");
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(RequestsTest, AnAttemptThatIsRecordedLateMayHaveBeenInTime) {
  Raise("ana");
  const std::string name = NameOf("ana");
  MoveTo(At(1, 10, 30));
  EXPECT_EQ(EventsOf(name), "requested ready, overdue 1, overdue 2");
  ASSERT_TRUE(Attempt("kim", name, Phone()).ok());
  EXPECT_FALSE(Get(name).within_response_time());
  v1::Attempt earlier = Phone();
  *earlier.mutable_attempt_time() = rpc::ToTimestamp(At(1, 10, 5));
  ASSERT_TRUE(Attempt("kim", name, earlier).ok());
  EXPECT_TRUE(Get(name).within_response_time());
  EXPECT_TRUE(LastOf(name).attempt_logged().within_response_time());
}

TEST_F(RequestsTest, WhoDeniedAChannelIsNotCalled) {
  Ready("ana");
  const std::string name = NameOf("ana");
  Permit("ana", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  EXPECT_EQ(Of("ana").permissions(0).state(), leads::v1::PERMISSION_STATE_DENIED);
  const absl::Status refused = Attempt("kim", name, Phone()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(ReasonOf(refused), "CONTACT_NOT_PERMITTED");
  EXPECT_EQ(Get(name).state(), Request::STATE_OPEN);
  v1::Attempt mail = Phone(v1::DISPOSITION_SENT);
  mail.set_channel(leads::v1::CHANNEL_EMAIL);
  EXPECT_TRUE(Attempt("kim", name, mail).ok()) << "what is not known is allowed";
  const auto made = Attempt("kim", name, Phone(), /*already_made=*/true);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(made->attempt().not_permitted());
  EXPECT_TRUE(LastOf(name).attempt_logged().not_permitted());
  Permit("ana", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_ALLOWED);
  EXPECT_TRUE(Attempt("kim", name, Phone()).ok());
}

TEST_F(RequestsTest, EnoughAttemptsRecycle) {
  Ready("ana");
  const std::string name = NameOf("ana");
  for (int i = 0; i < 8; ++i) {
    v1::Attempt attempt = Phone();
    if (i == 3) attempt.set_channel(leads::v1::CHANNEL_EMAIL);
    ASSERT_TRUE(Attempt("kim", name, attempt).ok());
  }
  const Request request = Get(name);
  EXPECT_EQ(request.state(), Request::STATE_RECYCLED);
  EXPECT_EQ(rpc::FromTimestamp(request.quiet_until()), At(1, 10) + absl::Hours(24 * 90));
  const v1::MeetingRequestRecycled event = LastOf(name).meeting_request_recycled();
  EXPECT_EQ(event.attempts(), 8);
  EXPECT_EQ(event.channels(), 2);
  EXPECT_EQ(ReasonOf(Attempt("kim", name, Phone()).status()), "WRONG_STATE");
}

TEST_F(RequestsTest, WhatNobodyTriedGoesBackToTheQueue) {
  Ready("ana");
  const std::string name = NameOf("ana");
  ASSERT_TRUE(Claim("kim", name).ok());
  MoveTo(At(17, 18) - absl::Microseconds(1));
  EXPECT_EQ(Get(name).setter(), "kim");
  MoveTo(At(17, 18));
  EXPECT_EQ(Get(name).state(), Request::STATE_OPEN);
  EXPECT_EQ(EventsOf(name), "requested ready, claimed by kim, overdue 1, overdue 2, reassigned to ");
  ASSERT_TRUE(Attempt("lee", name, Phone()).ok());
  // The twelfth working day after the 17th.
  MoveTo(At(31, 18) + absl::Hours(24 * 4));
  EXPECT_EQ(Get(name).state(), Request::STATE_RECYCLED);
}

TEST_F(RequestsTest, ReturnsSayWhy) {
  Ready("ana");
  const std::string name = NameOf("ana");
  EXPECT_EQ(ReasonOf(Return("kim", name, v1::RETURN_REASON_BAD_FIT).status()), "WRONG_STATE");
  ASSERT_TRUE(Claim("kim", name).ok());
  EXPECT_EQ(ReasonOf(Return("kim", name, v1::RETURN_REASON_UNREACHABLE).status()), "TOO_FEW_ATTEMPTS");
  v1::ReturnMeetingRequestRequest request;
  request.set_name(name);
  request.set_reason(v1::RETURN_REASON_DUPLICATE);
  absl::Status wrong = Call<Request>(As("kim"), "ReturnMeetingRequest", request).status();
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("duplicate_of"));
  request.set_duplicate_of(Lead("ana"));
  wrong = Call<Request>(As("kim"), "ReturnMeetingRequest", request).status();
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("the lead of the request itself"));
  request.set_duplicate_of(Lead("bob"));
  const auto returned = Call<Request>(As("kim"), "ReturnMeetingRequest", request);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->state(), Request::STATE_RETURNED);
  EXPECT_EQ(LastOf(name).meeting_request_returned().duplicate_of(), Lead("bob"));
}

TEST_F(RequestsTest, BadTimingSaysUntilWhen) {
  Ready("ana");
  v1::ReturnMeetingRequestRequest request;
  request.set_name(NameOf("ana"));
  request.set_reason(v1::RETURN_REASON_BAD_TIMING);
  ASSERT_TRUE(Claim("kim", request.name()).ok());
  for (const absl::Duration wrong :
       {absl::ZeroDuration(), absl::Hours(24 * 400) + absl::Microseconds(1)}) {
    *request.mutable_until() = rpc::ToTimestamp(At(1, 10) + wrong);
    EXPECT_THAT(std::string(Call<Request>(As("kim"), "ReturnMeetingRequest", request).status().message()),
                HasSubstr("until"));
  }
  *request.mutable_until() = rpc::ToTimestamp(At(1, 10) + absl::Hours(24 * 400));
  ASSERT_TRUE(Call<Request>(As("kim"), "ReturnMeetingRequest", request).ok());
  EXPECT_EQ(rpc::FromTimestamp(LastOf(request.name()).meeting_request_returned().quiet_until()),
            At(1, 10) + absl::Hours(24 * 400));
}

TEST_F(RequestsTest, AManagerReassignsManyAndHearsOfEach) {
  v1::ReassignMeetingRequestsRequest request;
  for (int i = 0; i < 500; ++i) {
    const std::string lead = "lead " + std::to_string(i);
    Append(ReadyEvent(lead, {}));
  }
  harness_.Settle();
  for (int i = 0; i < 500; ++i) {
    const std::string name = NameOf("lead " + std::to_string(i));
    ASSERT_TRUE(Claim("kim", name).ok());
    request.add_names(name);
  }
  ASSERT_TRUE(Return("kim", request.names(7), v1::RETURN_REASON_BAD_FIT).ok());
  request.set_setter("lee");
  const auto done = Call<v1::ReassignMeetingRequestsResponse>(As("mia"), "ReassignMeetingRequests", request);
  ASSERT_TRUE(done.ok()) << done.status();
  ASSERT_EQ(done->results_size(), 500);
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(done->results(i).error_reason(), i == 7 ? "WRONG_STATE" : "") << done->results(i).error();
  EXPECT_EQ(Get(request.names(0)).setter(), "lee");
  request.add_names(request.names(0));
  EXPECT_THAT(
      std::string(Call<v1::ReassignMeetingRequestsResponse>(As("mia"), "ReassignMeetingRequests", request)
                      .status()
                      .message()),
      HasSubstr("at most 500"));
  v1::ReassignMeetingRequestsRequest whole;
  whole.set_from_setter("lee");
  const auto back = Call<v1::ReassignMeetingRequestsResponse>(As("mia"), "ReassignMeetingRequests", whole);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->results_size(), 499);
  EXPECT_EQ(Get(request.names(0)).state(), Request::STATE_OPEN);
}

TEST_F(RequestsTest, AnErasedLeadLeavesNothingOfItself) {
  Ready("ana", {.owner = "kim"});
  const std::string name = NameOf("ana");
  Erase("ana");
  const Request request = Get(name);
  EXPECT_EQ(request.state(), Request::STATE_CLOSED);
  EXPECT_EQ(request.close_reason(), v1::CLOSE_REASON_ERASED);
  EXPECT_EQ(request.lead(), "");
  EXPECT_THAT(request.reasons(), IsEmpty());
  EXPECT_EQ(EventsOf(name), "requested ready, closed ERASED");
  Ready("ana");
  EXPECT_EQ(NameOf("ana"), "") << "nothing new is taken of it";
  EXPECT_EQ(Count("leads WHERE erased"), 1);
}

TEST_F(RequestsTest, RequestsOfAMergedLeadBelongToTheOther) {
  Ready("ana");
  const std::string name = NameOf("ana");
  Permit("ana", leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  Merge("ana", "bob");
  EXPECT_EQ(Of("bob").name(), name);
  EXPECT_EQ(Of("bob").permissions_size(), 1);
  Raise("bob");
  EXPECT_TRUE(Get(name).hand_raise());
}

TEST_F(RequestsTest, OfTwoRequestsOfOneLeadTheMoreUrgentStays) {
  Ready("ana");
  Raise("bob");
  const std::string ana = NameOf("ana"), bob = NameOf("bob");
  Merge("ana", "bob");
  EXPECT_EQ(Get(ana).close_reason(), v1::CLOSE_REASON_MERGED);
  EXPECT_EQ(Of("bob").name(), bob);
  Raise("cem");
  Ready("dan");
  const std::string cem = NameOf("cem"), dan = NameOf("dan");
  Merge("cem", "dan");
  EXPECT_EQ(Of("dan").name(), cem);
  EXPECT_EQ(Get(dan).close_reason(), v1::CLOSE_REASON_MERGED);
  Merge("dan", "eva");
  EXPECT_EQ(Of("eva").name(), cem) << "by way of dan";
  Erase("eva");
  EXPECT_EQ(Get(cem).lead(), "");
}

TEST_F(RequestsTest, EventsThatComeAgainChangeNothing) {
  const leads::v1::LeadEvent event = ReadyEvent("ana", {});
  Tell(event);
  ASSERT_TRUE(Claim("kim", NameOf("ana")).ok());
  ASSERT_TRUE(Return("kim", NameOf("ana"), v1::RETURN_REASON_BAD_FIT).ok());
  Tell(event);
  EXPECT_EQ(Count("meeting_requests"), 1);
}

TEST_F(RequestsTest, WhatIsNoEventOfALeadIsParked) {
  leads::v1::LeadEvent nameless = ReadyEvent("ana", {});
  nameless.set_key("leads/ana");
  Tell(nameless);
  EXPECT_EQ(Count("parked"), 1);
  EXPECT_EQ(Count("meeting_requests"), 0);
}

TEST_F(RequestsTest, WhatEndedIsDeletedAfter400Days) {
  Ready("ana");
  const std::string name = NameOf("ana");
  ASSERT_TRUE(Attempt("kim", name, Phone()).ok());
  ASSERT_TRUE(Return("kim", name, v1::RETURN_REASON_BAD_FIT).ok());
  MoveTo(At(1, 10) + absl::Hours(24 * 400) - absl::Microseconds(1));
  EXPECT_EQ(Count("meeting_requests"), 1);
  EXPECT_EQ(Count("attempts"), 1);
  MoveTo(At(1, 10) + absl::Hours(24 * 400));
  EXPECT_EQ(Count("meeting_requests"), 0);
  EXPECT_EQ(Count("attempts"), 0);
}

TEST_F(RequestsTest, BadInputNamesItsField) {
  Ready("ana");
  const std::string name = NameOf("ana");
  const auto wrong = [&](const v1::Attempt& attempt) {
    return std::string(Attempt("kim", name, attempt).status().message());
  };
  EXPECT_THAT(wrong({}), HasSubstr("attempt.channel"));
  v1::Attempt attempt = Phone();
  attempt.set_disposition(v1::DISPOSITION_UNSPECIFIED);
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.disposition"));
  attempt = Phone();
  attempt.set_objection("Too expensive, says ana@example.com");
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.objection"));
  attempt = Phone();
  *attempt.mutable_attempt_time() = rpc::ToTimestamp(At(1, 10, 10) + absl::Microseconds(1));
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.attempt_time"));
  *attempt.mutable_attempt_time() = rpc::ToTimestamp(At(1, 10) - absl::Microseconds(1));
  EXPECT_THAT(wrong(attempt), HasSubstr("before the lead became sales-ready"));
  attempt = Phone();
  *attempt.mutable_callback_at() = rpc::ToTimestamp(At(1, 10));
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.callback_at"));
  *attempt.mutable_callback_at() = rpc::ToTimestamp(At(31, 10) + absl::Microseconds(1));
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.callback_at"));
  attempt.set_talk_track("tracks/x");
  EXPECT_THAT(wrong(attempt), HasSubstr("attempt.talk_track"));
  EXPECT_THAT(std::string(Attempt("kim", "meetingRequests/-", Phone()).status().message()), HasSubstr("name"));
  EXPECT_EQ(ReasonOf(Claim("kim", "meetingRequests/" + testing::UuidOf("none")).status()),
            "MEETING_REQUEST_NOT_FOUND");
  EXPECT_THAT(EventsOf(name), "requested ready");
}

TEST_F(RequestsTest, ASetterCannotReassign) {
  v1::ReassignMeetingRequestsRequest request;
  request.set_from_setter("lee");
  EXPECT_TRUE(absl::IsPermissionDenied(
      Call<v1::ReassignMeetingRequestsResponse>(As("kim"), "ReassignMeetingRequests", request).status()));
}

TEST(AppointmentEvents, HoldNoPersonalFields) {
  EXPECT_THAT(testing::PersonalFields(*v1::AppointmentEvent::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace finalmile::appointments
