#include <gmock/gmock.h>

#include "services/appointments/appointments_fixture.h"

// What becomes of meeting requests by calls and by time.
namespace finalmile::appointments {
namespace {

using ::testing::HasSubstr;
using Request = v1::MeetingRequest;

using RequestsTest = AppointmentsTest;

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
  for (const absl::Duration wrong : {absl::ZeroDuration(), absl::Hours(24 * 400) + absl::Microseconds(1)}) {
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
  EXPECT_THAT(std::string(Attempt("kim", "meetingRequests/-", Phone()).status().message()),
              HasSubstr("name"));
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

}  // namespace
}  // namespace finalmile::appointments
