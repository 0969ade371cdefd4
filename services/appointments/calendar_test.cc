#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/appointments/meetings_fixture.h"

namespace finalmile::appointments {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class CalendarTest : public MeetingsTest {
 protected:
  void SetUp() override {
    MakeHost("ben");
    MakeHost("ana");
    ChangeHost("ben", "zone", [](v1::Host& host) { host.set_zone("Europe/Berlin"); });
    Ready("lee");
    v1::BookAppointmentRequest request;
    request.set_lead(Lead("lee"));
    request.set_host("hosts/ben");
    *request.mutable_start_time() = rpc::ToTimestamp(At(3, 14));
    request.set_guest_zone("America/New_York");
    request.set_title("Freight; costs, time");
    const auto booked = Call<v1::Appointment>(As("kim"), "BookAppointment", request);
    ASSERT_TRUE(booked.ok()) << booked.status();
    meeting_ = *booked;
  }
  v1::GetInviteRequest InviteRequest() {
    v1::GetInviteRequest request;
    request.set_name(meeting_.name());
    const auto person = [](v1::InvitedPerson& one, const std::string& name, const std::string& email) {
      one.set_name(name);
      one.set_email(email);
    };
    person(*request.mutable_organizer(), "FinalMile", "meetings@finalmile.example");
    person(*request.mutable_host(), "Ben", "ben@finalmile.example");
    person(*request.mutable_guest(), "Ruiz, \"Ana\"", "ana@example.com");
    request.set_description("Dial in: https://meet.example/r");
    return request;
  }
  absl::StatusOr<v1::GetInviteResponse> Invite(const v1::GetInviteRequest& request) {
    return Call<v1::GetInviteResponse>(As("kim"), "GetInvite", request);
  }
  // Without the folds of long lines.
  static std::string Unfolded(std::string text) {
    for (size_t at; (at = text.find("\r\n ")) != std::string::npos;) text.erase(at, 3);
    return text;
  }

  v1::Appointment meeting_;
};

TEST_F(CalendarTest, AnInvitationSaysBothWalls) {
  const auto invite = Invite(InviteRequest());
  ASSERT_TRUE(invite.ok()) << invite.status();
  EXPECT_EQ(invite->content_type(), "text/calendar; charset=UTF-8; method=REQUEST");
  EXPECT_EQ(invite->file_name(), "invite.ics");
  const std::string text = Unfolded(invite->content());
  EXPECT_THAT(text, AllOf(HasSubstr("METHOD:REQUEST\r\n"), HasSubstr("SEQUENCE:0\r\n"),
                          HasSubstr("UID:" + meeting_.name().substr(13) + "@finalmile.invalid\r\n"),
                          HasSubstr("DTSTAMP:20261201T100000Z\r\n"),
                          HasSubstr("DTSTART:20261203T140000Z\r\n"), HasSubstr("DTEND:20261203T143000Z\r\n"),
                          HasSubstr("SUMMARY:Freight\\; costs\\, time\r\n")));
  EXPECT_THAT(text, HasSubstr("DESCRIPTION:Thursday 3 December 2026\\n15:00 Berlin (UTC+1)\\n09:00 New York "
                              "(UTC-5)\\nDial in: https://meet.example/r\r\n"));
  EXPECT_THAT(text,
              HasSubstr("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN="
                        "\"Ruiz, ^'Ana^'\":mailto:ana@example.com\r\n"));
  MoveTo(At(2, 9));
  EXPECT_EQ(Invite(InviteRequest())->content(), invite->content()) << "the same call gives the same bytes";
}

TEST_F(CalendarTest, EveryChangeRaisesTheSequence) {
  ASSERT_TRUE(Move(meeting_.name(), At(4, 14), "ana").ok());
  v1::GetInviteRequest request = InviteRequest();
  auto invite = Invite(request);
  ASSERT_TRUE(invite.ok()) << invite.status();
  EXPECT_THAT(invite->content(),
              AllOf(HasSubstr("SEQUENCE:1\r\n"), HasSubstr("DTSTART:20261204T140000Z\r\n")));
  EXPECT_EQ(invite->former_host(), "hosts/ben");
  EXPECT_EQ(invite->former_host_content(), "");
  request.mutable_former_host()->set_email("ben@finalmile.example");
  invite = Invite(request);
  EXPECT_THAT(Unfolded(invite->former_host_content()),
              AllOf(HasSubstr("METHOD:CANCEL\r\n"), HasSubstr("SEQUENCE:1\r\n"),
                    HasSubstr("mailto:ben@finalmile.example"), Not(HasSubstr("ana@example.com"))));
  ASSERT_TRUE(Cancel(meeting_.name()).ok());
  invite = Invite(request);
  EXPECT_EQ(invite->content_type(), "text/calendar; charset=UTF-8; method=CANCEL");
  EXPECT_THAT(invite->content(),
              AllOf(HasSubstr("METHOD:CANCEL\r\n"), HasSubstr("STATUS:CANCELLED\r\n"),
                    HasSubstr("SEQUENCE:2\r\n"), HasSubstr("DTSTART:20261204T140000Z\r\n")));
  EXPECT_EQ(invite->former_host(), "") << "the newest change is the cancellation";
}

TEST_F(CalendarTest, AnAddressIsOneAddress) {
  for (const char* wrong : {"", "ana", "ana@example", "@example.com", "ana@@example.com", "a@b.c\r\nX:1",
                            "a b@c.de", "a@b.de,c@d.ef", "a@.de", "a@b.", "a;b@c.de"}) {
    v1::GetInviteRequest request = InviteRequest();
    request.mutable_guest()->set_email(wrong);
    const absl::Status status = Invite(request).status();
    ASSERT_TRUE(absl::IsInvalidArgument(status)) << wrong << ": " << status;
    EXPECT_EQ(rpc::ViolationsOf(status)[0].field(), "guest.email");
  }
}

TEST_F(CalendarTest, AFeedHasTheHostsMeetingsAndNoGuest) {
  v1::GetCalendarFeedRequest request;
  request.set_host("hosts/ben");
  const auto feed = [&] {
    const auto response = Call<v1::GetCalendarFeedResponse>(As("ben"), "GetCalendarFeed", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->content() : "";
  };
  EXPECT_THAT(feed(),
              AllOf(HasSubstr("X-WR-CALNAME:ben\r\n"), HasSubstr("SUMMARY:Freight\\; costs\\, time\r\n"),
                    Not(HasSubstr("ATTENDEE")), Not(HasSubstr("METHOD"))));
  ASSERT_TRUE(Cancel(meeting_.name()).ok());
  EXPECT_THAT(feed(), HasSubstr("STATUS:CANCELLED\r\n"));
  Erase("lee");
  EXPECT_THAT(feed(), Not(HasSubstr("BEGIN:VEVENT")));
  request.set_host("hosts/nobody");
  EXPECT_EQ(ReasonOf(Call<v1::GetCalendarFeedResponse>(As("ben"), "GetCalendarFeed", request).status()),
            "HOST_NOT_FOUND");
}

TEST_F(CalendarTest, ABriefSaysWhatToKnow) {
  v1::Attempt attempt = Phone(v1::DISPOSITION_CONNECTED);
  attempt.set_objection("price");
  // The request is set: nobody tries any more. Another lead is tried first.
  Ready("kay");
  ASSERT_TRUE(Attempt("kim", Of("kay").name(), attempt).ok());
  const v1::Appointment kay = MustBook("kay", At(3, 16));
  harness_.clock().SetNow(At(2, 9));
  Touched("case", "kay", false);
  v1::GetBriefRequest request;
  request.set_name(kay.name());
  const auto brief = Call<v1::Brief>(As("ben"), "GetBrief", request);
  ASSERT_TRUE(brief.ok()) << brief.status();
  EXPECT_EQ(brief->appointment().name(), kay.name());
  EXPECT_EQ(brief->meeting_request().name(), kay.meeting_request());
  EXPECT_THAT(brief->attempts(), SizeIs(1));
  EXPECT_EQ(brief->last_objection(), "price");
  EXPECT_THAT(brief->appointment().touches(), SizeIs(2)) << "what came since the setting is there";
  EXPECT_EQ(brief->no_show_risk().days_ahead(), 2);
  EXPECT_NEAR(brief->no_show_risk().probability(), .26, 1e-9);
}

TEST_F(CalendarTest, TheRiskLearnsFromOwnMeetings) {
  v1::GetNoShowRiskRequest request;
  request.set_name(meeting_.name());
  const auto risk = [&] { return *Call<v1::NoShowRisk>(As("ben"), "GetNoShowRisk", request); };
  EXPECT_NEAR(risk().probability(), .26, 1e-9);
  for (int i = 0; i < 2; ++i) {
    const v1::Appointment other = MustBook("lead" + std::to_string(i), At(3, 9 + i), "ana");
    MoveTo(At(1, 10, i + 1));
    harness_.clock().SetNow(At(3, 12));
    ASSERT_TRUE(
        Outcome("ana", other.name(), i == 0 ? Outcomes::OUTCOME_GUEST_NO_SHOW : Outcomes::OUTCOME_HELD).ok());
    harness_.clock().SetNow(At(1, 10, i + 1));
  }
  // (1 + 40 · 0.26) / (2 + 40)
  EXPECT_NEAR(risk().probability(), 11.4 / 42, 1e-9);
  EXPECT_EQ(risk().own_meetings(), 2);
  ASSERT_TRUE(Reply(meeting_.name(), v1::PART_STAT_ACCEPTED, 0).ok());
  const double odds = (11.4 / 42) / (1 - 11.4 / 42) / 2;
  EXPECT_NEAR(risk().probability(), odds / (1 + odds), 1e-9);
}

class PulseTest : public CalendarTest {
 protected:
  v1::PulseLink Link() {
    v1::GetPulseLinkRequest request;
    request.set_name(meeting_.name());
    const auto link = Call<v1::PulseLink>(As("kim"), "GetPulseLink", request);
    EXPECT_TRUE(link.ok()) << link.status();
    return link.ok() ? *link : v1::PulseLink();
  }
  absl::Status Answer(const std::string& token, double value = 8) {
    v1::RecordPulseRequest request;
    request.set_token(token);
    request.set_value(value);
    request.set_worth_time(true);
    return Call<v1::RecordPulseResponse>(harness_.channel(), "RecordPulse", request).status();
  }
};

TEST_F(PulseTest, TheGuestAnswersOnce) {
  const v1::PulseLink link = Link();
  EXPECT_EQ(link.url(), "") << "no address is set";
  EXPECT_EQ(rpc::FromTimestamp(link.expire_time()), At(17, 14));
  EXPECT_EQ(ReasonOf(Answer(link.token())), "WRONG_STATE") << "it is ahead";
  MoveTo(At(3, 14));
  EXPECT_TRUE(absl::IsInvalidArgument(Answer(link.token(), 0.9)));
  EXPECT_TRUE(absl::IsInvalidArgument(Answer(link.token(), 10.1)));
  EXPECT_EQ(Answer(link.token()), absl::OkStatus()) << "before somebody has said that it was held";
  EXPECT_EQ(ReasonOf(Answer(link.token())), "PULSE_ANSWERED");
  const v1::ConversationScored scored = LastOf(meeting_.name()).conversation_scored();
  EXPECT_EQ(scored.source(), v1::ConversationScored::SOURCE_GUEST);
  EXPECT_EQ(scored.rater(), "");
  EXPECT_EQ(scored.criteria(0).id(), "value");
  EXPECT_EQ(scored.criteria(0).score(), 8);
  EXPECT_TRUE(scored.worth_time());
}

TEST_F(PulseTest, ALinkHoldsForFourteenDays) {
  const v1::PulseLink link = Link();
  MoveTo(At(17, 14));
  EXPECT_EQ(ReasonOf(Answer(link.token())), "TOKEN_EXPIRED");
  MoveTo(At(17, 14) - absl::Microseconds(1));
  EXPECT_EQ(Answer(link.token()), absl::OkStatus());
}

TEST_F(PulseTest, NoOtherTextIsALink) {
  const std::string token = Link().token();
  MoveTo(At(3, 15));
  const absl::Status wrong = Answer("");
  EXPECT_EQ(ReasonOf(wrong), "BAD_TOKEN");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    // The last character may hold bits that are not used.
    if (i + 1 == token.size()) continue;
    EXPECT_EQ(Answer(other).ToString(), wrong.ToString()) << i;
  }
  ASSERT_TRUE(Outcome("ben", meeting_.name(), Outcomes::OUTCOME_GUEST_NO_SHOW).ok());
  EXPECT_EQ(ReasonOf(Answer(token)), "WRONG_STATE");
}

}  // namespace
}  // namespace finalmile::appointments
