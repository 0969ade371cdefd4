#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A setter's day, each line as a command of its own.
class QueueSuiteTest : public SuiteTest {
 protected:
  Result As(const std::string& who, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--as", who});
    return Invoke(std::move(arguments));
  }
  void SalesReady(const std::string& email, const std::string& given_name) {
    const Result created =
        Invoke({"leads", "create", "--email", email, "--given-name", given_name, "--family-name", "Ruiz",
                "--company", "Ferrocarga", "--phone", "+34 911 234 567", "--attribute",
                "title=Head of Logistics", "--attribute", "staff=300", "--attribute", "industry=software"});
    ASSERT_EQ(created.code, ExitCode::kOk) << created.error;
    const Result recorded = Invoke({"activity", "record", "--lead", email, "--type", "demo_request"});
    ASSERT_EQ(recorded.code, ExitCode::kOk) << recorded.error;
  }
};

TEST_F(QueueSuiteTest, ASettersDay) {
  EXPECT_EQ(As("kim", {"next"}).code, ExitCode::kNotFound);
  EXPECT_EQ(As("kim", {"attempt", "no-answer"}).code, ExitCode::kNotFound);
  SalesReady("ana@ferrocarga.example", "Ana");
  const Result next = As("kim", {"next"});
  ASSERT_EQ(next.code, ExitCode::kOk) << next.error;
  EXPECT_THAT(next.out, AllOf(HasSubstr("1 waiting"), HasSubstr("Ana Ruiz, Head of Logistics, Ferrocarga"),
                              HasSubstr("+34 911 234 567"), HasSubstr("claimed for kim")));
  EXPECT_EQ(As("lee", {"next"}).code, ExitCode::kNotFound) << "it is kim's";
  EXPECT_EQ(As("lee", {"attempt", "busy", "--lead", "ana@ferrocarga.example"}).code, ExitCode::kRefused);

  const Result attempt = As("kim", {"attempt", "no-answer", "--callback", "3h", "--objection", "price"});
  ASSERT_EQ(attempt.code, ExitCode::kOk) << attempt.error;
  EXPECT_THAT(attempt.out, AllOf(HasSubstr("Attempt 1 of 8 to reach Ana Ruiz, the first, "),
                                 HasSubstr("in time"), HasSubstr("Back in your queue ")));
  EXPECT_EQ(As("kim", {"snooze", "2d"}).code, ExitCode::kOk);
  EXPECT_EQ(As("kim", {"snooze", "15d"}).code, ExitCode::kUsage);
  const Result shown = Invoke({"requests", "show", "ana@ferrocarga.example"});
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("working, kim"), HasSubstr("phone: no answer, kim  objection: price")));
  const Result returned = As("kim", {"return", "--reason", "bad-timing", "--until", "30d"});
  ASSERT_EQ(returned.code, ExitCode::kOk) << returned.error;
  EXPECT_THAT(returned.out, AllOf(HasSubstr("returned: bad timing"), HasSubstr("quiet")));
}

TEST_F(QueueSuiteTest, TheLeadFollowsAndCanBeErased) {
  SalesReady("ana@ferrocarga.example", "Ana");
  const auto stage = [&] { return Invoke({"leads", "show", "ana@ferrocarga.example"}).out; };
  EXPECT_THAT(stage(), HasSubstr("sales ready"));
  const Result next = As("kim", {"next"});
  EXPECT_THAT(next.out, HasSubstr("HAND-RAISE  answer "));
  EXPECT_THAT(stage(), HasSubstr("accepted"));
  EXPECT_EQ(Invoke({"leads", "deny", "ana@ferrocarga.example", "phone"}).code, ExitCode::kOk);
  EXPECT_EQ(As("kim", {"attempt", "no-answer"}).code, ExitCode::kRefused);
  EXPECT_EQ(As("kim", {"attempt", "no-answer", "--made"}).code, ExitCode::kOk);
  EXPECT_EQ(As("kim", {"attempt", "sent", "--channel", "email"}).code, ExitCode::kOk);
  ASSERT_EQ(As("kim", {"return", "--reason", "opted-out"}).code, ExitCode::kOk);
  EXPECT_THAT(stage(), AllOf(HasSubstr("recycled"), HasSubstr("opt out")));
  const Result crossings = Invoke({"leads", "crossings", "ana@ferrocarga.example"});
  EXPECT_THAT(crossings.out, AllOf(HasSubstr("returned after 2 attempts"), HasSubstr("not decided yet")));
  EXPECT_THAT(Invoke({"leads", "opportunity", "ana@ferrocarga.example", "0061", "won", "--amount", "12000",
                      "--currency", "EUR"})
                  .out,
              HasSubstr("won"));
  EXPECT_EQ(Invoke({"leads", "erase", "ana@ferrocarga.example"}).code, ExitCode::kRefused);
  EXPECT_EQ(Invoke({"leads", "erase", "ana@ferrocarga.example", "--yes"}).code, ExitCode::kOk);
  EXPECT_EQ(Invoke({"leads", "show", "ana@ferrocarga.example"}).code, ExitCode::kNotFound);
  EXPECT_THAT(Invoke({"requests", "list", "--filter", "state = STATE_RETURNED"}).out, HasSubstr("(erased)"));
}

TEST_F(QueueSuiteTest, AManagersView) {
  SalesReady("ana@ferrocarga.example", "Ana");
  ASSERT_EQ(As("kim", {"next"}).code, ExitCode::kOk);
  EXPECT_THAT(Invoke({"requests", "list", "--filter", "setter = kim AND active = true"}).out,
              HasSubstr("Ana Ruiz"));
  EXPECT_EQ(As("kim", {"requests", "reassign", "--from", "kim", "--to", "lee"}).code, ExitCode::kRefused);
  const Result moved = As("mia:manager", {"requests", "reassign", "--from", "kim", "--to", "lee"});
  EXPECT_EQ(moved.code, ExitCode::kOk) << moved.error;
  EXPECT_THAT(moved.out, HasSubstr("1 of 1 requests are lee's now."));
  EXPECT_THAT(Invoke({"overdue"}).out, AllOf(HasSubstr("HAND-RAISES 0"), HasSubstr("REQUESTS 0")));
  EXPECT_THAT(Invoke({"requests", "list", "--filter", "setter = kim"}).out, Not(HasSubstr("Ana")));

  const Result team = Invoke({"teams", "set", "--zone", "Europe/Berlin", "--hours", "Mon-Thu 09:00-12:00",
                              "--hours", "Mon-Thu 13:00-17:30", "--holiday", "2026-12-25"});
  ASSERT_EQ(team.code, ExitCode::kOk) << team.error;
  EXPECT_THAT(team.out, AllOf(HasSubstr("zone Europe/Berlin"), HasSubstr("Thu  13:00-17:30"),
                              HasSubstr("closed 2026-12-25"), Not(HasSubstr("Fri"))));
  EXPECT_THAT(Invoke({"teams", "set", "--hours", "Mon 9-17"}).error, HasSubstr("--hours 'Mon 9-17' must be"));
  EXPECT_THAT(Invoke({"teams", "set", "--zone", "Berlin"}).error, HasSubstr("IANA"));
}

TEST_F(QueueSuiteTest, FromTheQueueToAMeeting) {
  for (const char* host : {"ben", "cy"}) {
    ASSERT_EQ(
        As("mia:manager", {"hosts", "set", host, "--hours", "Mon-Sun 00:00-24:00", "--notice", "0m"}).code,
        ExitCode::kOk);
  }
  SalesReady("ana@ferrocarga.example", "Ana");
  SalesReady("lee@ferrocarga.example", "Lee");
  const auto stage = [&] { return Invoke({"leads", "show", "ana@ferrocarga.example"}).out; };
  EXPECT_EQ(As("kim", {"book", "--at", "tomorrow 09:30"}).code, ExitCode::kNotFound)
      << "no request is claimed";
  ASSERT_EQ(As("kim", {"attempt", "connected", "--lead", "ana@ferrocarga.example"}).code, ExitCode::kOk);
  const Result booked =
      As("kim", {"book", "--at", "tomorrow 09:30", "--host", "ben", "--zone", "Asia/Kolkata"});
  ASSERT_EQ(booked.code, ExitCode::kOk) << booked.error;
  EXPECT_THAT(booked.out, AllOf(HasSubstr("scheduled  "), HasSubstr("09:30 Kolkata (guest)"),
                                HasSubstr("Ana Ruiz"), HasSubstr("host ben, set by kim  appointments/")));
  EXPECT_THAT(stage(), HasSubstr("meeting set"));
  const Result taken = As("lee", {"book", "--at", "tomorrow 09:30", "--host", "ben", "--zone", "Asia/Kolkata",
                                  "--lead", "lee@ferrocarga.example"});
  EXPECT_EQ(taken.code, ExitCode::kFaster);
  EXPECT_THAT(taken.error,
              AllOf(HasSubstr("the time is taken. Free: "), HasSubstr("Take the first: --at '")));
  const Result hold = As("lee", {"hold", "--at", "tomorrow 12:00"});
  ASSERT_EQ(hold.code, ExitCode::kOk) << hold.error;
  const std::string held = hold.out.substr(hold.out.find("holds/"), 6 + 36);
  EXPECT_EQ(As("lee", {"book", "--hold", held, "--lead", "lee@ferrocarga.example"}).code, ExitCode::kOk);
  EXPECT_THAT(Invoke({"meetings", "list"}).out, AllOf(HasSubstr("Ana Ruiz"), HasSubstr("Lee Ruiz")));
  const Result moved =
      As("kim", {"reschedule", "--at", "tomorrow 15:00", "--lead", "ana@ferrocarga.example"});
  ASSERT_EQ(moved.code, ExitCode::kOk) << moved.error;
  EXPECT_EQ(As("kim", {"confirm", "--lead", "ana@ferrocarga.example"}).code, ExitCode::kOk);
  const Result early = As("ben:host", {"outcome", "held"});
  EXPECT_EQ(early.code, ExitCode::kRefused);
  EXPECT_THAT(early.error, HasSubstr("it is too early to say that: wait until "));
  EXPECT_THAT(As("ben:host", {"brief"}).out,
              AllOf(HasSubstr("confirmed"), HasSubstr("no-show risk"), HasSubstr("the guest accepted"),
                    HasSubstr("tried    1 time")));
  const std::string file = folder_ + "/invite.ics";
  const Result invite =
      As("kim", {"calendar", "invite", "--organizer", "team@finalmile.example", "--host-email",
                 "ben@finalmile.example", "--lead", "ana@ferrocarga.example", "--file", file});
  ASSERT_EQ(invite.code, ExitCode::kOk) << invite.error;
  EXPECT_THAT(invite.out, HasSubstr("method=REQUEST"));
  std::ifstream written(file);
  std::stringstream content;
  content << written.rdbuf();
  EXPECT_THAT(content.str(), AllOf(HasSubstr("BEGIN:VCALENDAR\r\n"), HasSubstr("CN=Ana Ruiz")));
  EXPECT_EQ(As("ben:host", {"calendar", "feed", "ben", "--file", file}).code, ExitCode::kOk);
  EXPECT_EQ(As("ben:host", {"score", "value=7.5", "--self"}).code, ExitCode::kRefused)
      << "it was not held yet";
  EXPECT_EQ(As("ben:host", {"score", "value", "--self"}).code, ExitCode::kUsage);
  EXPECT_EQ(As("ben:host", {"hosts", "off", "ben", "--from", "now", "--until", "3d"}).code,
            ExitCode::kRefused);
  EXPECT_EQ(As("ben:host", {"hosts", "off", "ben", "--from", "now", "--until", "3d", "--force"}).code,
            ExitCode::kOk);
  EXPECT_THAT(Invoke({"overdue"}).out, AllOf(HasSubstr("OUTCOMES 0"), HasSubstr("THE HOST IS AWAY")));
  EXPECT_EQ(As("kim", {"cancel", "--by", "them", "--lead", "ana@ferrocarga.example"}).code, ExitCode::kUsage);
  ASSERT_EQ(
      As("kim", {"cancel", "--by", "guest", "--reason", "ill", "--lead", "ana@ferrocarga.example"}).code,
      ExitCode::kOk);
  EXPECT_THAT(
      Invoke({"meetings", "show", "--lead", "ana@ferrocarga.example"}).out,
      AllOf(HasSubstr("cancelled by the guest: ill"), HasSubstr("rescheduled"), HasSubstr("confirmed, kim")));
  EXPECT_THAT(stage(), HasSubstr("meeting set")) << "it is to be booked again";
  EXPECT_EQ(As("kim", {"outcome", "held", "--amend", "--lead", "ana@ferrocarga.example"}).code,
            ExitCode::kUsage);
}

TEST_F(QueueSuiteTest, HostsAndTheirFreeTimes) {
  EXPECT_THAT(Invoke({"hosts", "list"}).notes, HasSubstr("finalmile hosts set NAME makes one"));
  const Result made = As("mia:manager", {"hosts", "set", "ben", "--title", "Consultant", "--zone",
                                         "America/New_York", "--hours", "Mon-Sun 00:00-24:00", "--notice",
                                         "1h", "--after", "10m", "--cap", "50", "--weight", "2"});
  ASSERT_EQ(made.code, ExitCode::kOk) << made.error;
  EXPECT_THAT(made.out, AllOf(HasSubstr("ben, Consultant  active  zone America/New_York"),
                              HasSubstr("Sun  00:00-24:00"), HasSubstr("10m after kept free"),
                              HasSubstr("booked 1h ahead at least"), HasSubstr("at most 50 a day")));
  EXPECT_THAT(Invoke({"hosts", "list"}).out, AllOf(HasSubstr("Consultant"), HasSubstr("UTC")));
  const Result slots = Invoke({"slots", "--zone", "Europe/Madrid", "--limit", "3"});
  ASSERT_EQ(slots.code, ExitCode::kOk) << slots.error;
  EXPECT_THAT(slots.out, AllOf(HasSubstr("Times of Madrid."), HasSubstr("  ben")));
  EXPECT_THAT(slots.notes, HasSubstr("There are more"));

  EXPECT_EQ(As("kim:host", {"hosts", "off", "ben", "--from", "1h", "--until", "20d"}).code,
            ExitCode::kRefused);
  const Result off = As("ben:host", {"hosts", "off", "ben", "--from", "now", "--until", "20d"});
  ASSERT_EQ(off.code, ExitCode::kOk) << off.error;
  EXPECT_THAT(off.out, HasSubstr("ben is away from "));
  EXPECT_THAT(Invoke({"slots"}).notes, HasSubstr("Nothing is free"));
  const Result shown = Invoke({"hosts", "show", "ben"});
  const size_t name = shown.out.find("timeOff/");
  ASSERT_NE(name, std::string::npos) << shown.out;
  const std::string time_off = shown.out.substr(name, 8 + 36);
  EXPECT_THAT(As("ben:host", {"hosts", "off", "ben", "--cancel", time_off}).out,
              HasSubstr("not away any more"));
  EXPECT_THAT(Invoke({"slots", "--host", "ben"}).out, HasSubstr("  ben"));
  EXPECT_EQ(As("mia:manager", {"hosts", "set", "ben", "--active", "no"}).code, ExitCode::kOk);
  EXPECT_EQ(Invoke({"slots", "--host", "ben"}).code, ExitCode::kRefused);
  EXPECT_THAT(Invoke({"hosts", "set", "ben", "--notice", "soon"}).error,
              HasSubstr("--notice 'soon' must be a span"));
}

}  // namespace
}  // namespace finalmile::cli
