#include <gmock/gmock.h>

#include "services/appointments/appointments_fixture.h"

// The setters' queue: its order, who sees what, and the team's hours.
namespace finalmile::appointments {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class QueueTest : public AppointmentsTest {
 protected:
  absl::StatusOr<v1::Team> Update(const v1::Team& team, const std::vector<std::string>& mask) {
    v1::UpdateTeamRequest request;
    *request.mutable_team() = team;
    request.mutable_team()->set_name("teams/default");
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call<v1::Team>(As("mia"), "UpdateTeam", request);
  }
  v1::Team GetTeam() {
    v1::GetTeamRequest request;
    request.set_name("teams/default");
    const auto team = Call<v1::Team>(As("kim"), "GetTeam", request);
    EXPECT_TRUE(team.ok()) << team.status();
    return team.ok() ? *team : v1::Team();
  }
};

TEST_F(QueueTest, IsInTheOrderOfUrgency) {
  const std::vector<std::string> all = {"late", "warm", "hot", "urgent", "asked", "asked before"};
  Ready("late");
  MoveTo(At(1, 13));
  Ready("warm", {.score = 60});
  Ready("hot", {.score = 90});
  MoveTo(At(1, 13, 50));
  Raise("asked before");
  MoveTo(At(1, 14));
  Raise("urgent");
  MoveTo(At(1, 14, 1));
  Raise("asked");
  ASSERT_TRUE(Attempt("kim", Of("asked before").name(), Phone()).ok());
  // Four hours are over for "late", five minutes for nobody.
  EXPECT_THAT(Queue("kim", all), ElementsAre("asked before", "urgent", "asked", "late", "hot", "warm"));
  MoveTo(At(1, 14, 6));
  const std::vector<std::string> overdue = Queue("kim", all);
  EXPECT_THAT(std::vector(overdue.begin(), overdue.begin() + 3),
              ElementsAre("urgent", "asked", "asked before"))
      << "an answered hand-raise is behind those that are overdue";
  EXPECT_THAT(Queue("kim", all, "", /*page_size=*/1), overdue) << "pages have the same order";
  v1::ListMeetingRequestsRequest request;
  const auto page = Call<v1::ListMeetingRequestsResponse>(As("kim"), "ListMeetingRequests", request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->total(), 6);
  EXPECT_EQ(page->overdue(), 3);
}

TEST_F(QueueTest, RanksByProbabilityWhereAllHaveOne) {
  const auto ready = [&](const std::string& lead, double score, double probability) {
    leads::v1::LeadEvent event = ReadyEvent(lead, {.score = score});
    if (probability > 0) event.mutable_lead_became_sales_ready()->set_probability(probability);
    Tell(event);
  };
  ready("likely", 50, 0.4);
  ready("hot", 90, 0.1);
  EXPECT_THAT(Queue("kim", {"likely", "hot"}), ElementsAre("likely", "hot"));
  ready("unknown", 70, 0);
  EXPECT_THAT(Queue("kim", {"likely", "hot", "unknown"}), ElementsAre("hot", "unknown", "likely"));
}

TEST_F(QueueTest, AnOwnersRequestIsTheOwnersUntilItsDeadline) {
  Ready("ana", {.owner = "lee"});
  Ready("bob");
  EXPECT_THAT(Queue("kim", {"ana", "bob"}), ElementsAre("bob"));
  EXPECT_THAT(Queue("lee", {"ana", "bob"}), UnorderedElementsAre("ana", "bob"));
  ASSERT_TRUE(Claim("lee", Of("bob").name()).ok());
  EXPECT_THAT(Queue("kim", {"ana", "bob"}), IsEmpty());
  MoveTo(At(1, 14));
  EXPECT_THAT(Queue("kim", {"ana", "bob"}), UnorderedElementsAre("ana", "bob")) << "the whole team sees it";
  leads::v1::LeadEvent event = NextOf("ana");
  event.mutable_lead_updated()->add_changed("owner");
  event.mutable_lead_updated()->set_owner("kim");
  Tell(event);
  EXPECT_EQ(Of("ana").owner(), "kim");
}

TEST_F(QueueTest, WhatWaitsIsLeftOut) {
  Ready("ana");
  const std::string name = Of("ana").name();
  v1::SnoozeMeetingRequestRequest snooze;
  snooze.set_name(name);
  const auto snoozed = [&](absl::Time until) {
    *snooze.mutable_until() = rpc::ToTimestamp(until);
    return rpc::ReasonOf(Call<v1::MeetingRequest>(As("kim"), "SnoozeMeetingRequest", snooze).status());
  };
  ASSERT_TRUE(Claim("kim", name).ok());
  EXPECT_EQ(snoozed(At(2, 9)), "FIRST_ATTEMPT_DUE");
  v1::Attempt attempt = Phone();
  *attempt.mutable_callback_at() = rpc::ToTimestamp(At(1, 12));
  ASSERT_TRUE(Attempt("kim", name, attempt).ok());
  EXPECT_THAT(Queue("kim", {"ana"}), IsEmpty());
  MoveTo(At(1, 12));
  EXPECT_THAT(Queue("kim", {"ana"}), ElementsAre("ana"));
  EXPECT_EQ(snoozed(At(1, 12)), "INVALID_FIELDS");
  EXPECT_EQ(snoozed(At(15, 12) + absl::Microseconds(1)), "INVALID_FIELDS");
  EXPECT_EQ(snoozed(At(15, 12)), "");
  EXPECT_THAT(Queue("kim", {"ana"}), IsEmpty());
  EXPECT_THAT(Queue("kim", {"ana"}, "setter=kim"), ElementsAre("ana")) << "a filter names all";
}

TEST_F(QueueTest, TheBestIsClaimedByWhoAsksFirst) {
  EXPECT_EQ(rpc::ReasonOf(Claim("kim", "meetingRequests/-").status()), "QUEUE_EMPTY");
  Ready("warm", {.score = 60});
  Ready("hot", {.score = 90});
  Raise("asked");
  const std::vector<std::string> expected = {"asked", "hot", "warm"};
  for (const std::string& lead : expected) {
    const auto claimed = Claim(lead == "hot" ? "lee" : "kim", "meetingRequests/-");
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    EXPECT_EQ(claimed->lead(), Lead(lead));
  }
  EXPECT_EQ(rpc::ReasonOf(Claim("kim", "meetingRequests/-").status()), "QUEUE_EMPTY");
}

TEST_F(QueueTest, TheCurrentRequestIsTheOneTakenUpLast) {
  v1::GetMeetingRequestRequest request;
  request.set_name("meetingRequests/-");
  const auto current = [&] { return Call<v1::MeetingRequest>(As("kim"), "GetMeetingRequest", request); };
  EXPECT_EQ(rpc::ReasonOf(current().status()), "NO_CURRENT_REQUEST");
  Ready("ana");
  Ready("bob");
  const std::string ana = Of("ana").name(), bob = Of("bob").name();
  ASSERT_TRUE(Claim("kim", ana).ok());
  harness_.clock().Advance(absl::Seconds(1));
  ASSERT_TRUE(Attempt("kim", bob, Phone()).ok());
  EXPECT_EQ(current()->name(), bob);
  harness_.clock().Advance(absl::Seconds(1));
  ASSERT_TRUE(Claim("kim", ana).ok()) << "again";
  EXPECT_EQ(current()->name(), ana);
  harness_.clock().Advance(absl::Seconds(1));
  ASSERT_TRUE(Attempt("mia", bob, Phone()).ok()) << "by a manager, who does not take it over";
  EXPECT_EQ(current()->name(), ana);
  ASSERT_TRUE(Return("kim", ana, v1::RETURN_REASON_BAD_FIT).ok());
  EXPECT_EQ(current()->name(), bob);
}

TEST_F(QueueTest, FiltersNameWhatIsListed) {
  Ready("ana", {.grade = "A1"});
  Ready("bob");
  Raise("cem");
  ASSERT_TRUE(Claim("kim", Of("bob").name()).ok());
  const std::vector<std::string> all = {"ana", "bob", "cem"};
  EXPECT_THAT(Queue("kim", all, "state=STATE_CLAIMED"), ElementsAre("bob"));
  EXPECT_THAT(Queue("kim", all, "hand_raise=true"), ElementsAre("cem"));
  EXPECT_THAT(Queue("kim", all, "grade=A1"), ElementsAre("ana"));
  EXPECT_THAT(Queue("kim", all, "lead=\"" + Lead("bob") + "\""), ElementsAre("bob"));
  EXPECT_THAT(Queue("kim", all, "level >= 1"), IsEmpty());
  v1::ListMeetingRequestsRequest request;
  request.set_filter("name=x");
  EXPECT_THAT(std::string(Call<v1::ListMeetingRequestsResponse>(As("kim"), "ListMeetingRequests", request)
                              .status()
                              .message()),
              HasSubstr("filter"));
}

TEST_F(QueueTest, ManyAreReadByName) {
  Ready("ana");
  Ready("bob");
  v1::BatchGetMeetingRequestsRequest request;
  for (const char* lead : {"bob", "ana", "bob"}) request.add_names(Of(lead).name());
  const auto found = Call<v1::BatchGetMeetingRequestsResponse>(As("kim"), "BatchGetMeetingRequests", request);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->meeting_requests_size(), 2);
  EXPECT_EQ(found->meeting_requests(0).lead(), Lead("bob"));
  request.add_names("meetingRequests/" + testing::UuidOf("none"));
  EXPECT_TRUE(absl::IsNotFound(
      Call<v1::BatchGetMeetingRequestsResponse>(As("kim"), "BatchGetMeetingRequests", request).status()));
}

TEST_F(QueueTest, TheTeamsHoursDecideWhatIsDue) {
  EXPECT_EQ(GetTeam().zone(), "UTC");
  EXPECT_EQ(GetTeam().weekly_hours_size(), 5);
  v1::Team team;
  team.set_zone("Europe/Berlin");
  team.add_holidays("2026-12-02");
  const auto updated = Update(team, {"zone", "holidays"});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->weekly_hours_size(), 5);
  EXPECT_NE(updated->etag(), "");
  MoveTo(At(1, 16, 58));
  Raise("ana");
  EXPECT_EQ(rpc::FromTimestamp(Of("ana").deadline()), At(3, 8, 3)) << "09:03 in Berlin, behind the holiday";
  team.set_etag("other");
  EXPECT_EQ(rpc::ReasonOf(Update(team, {"zone"}).status()), "ETAG_MISMATCH");
  team.clear_etag();
  team.set_zone("Europe/Berlim");
  EXPECT_THAT(std::string(Update(team, {"zone"}).status().message()), HasSubstr("team.zone"));
  team.set_holidays(0, "25.12.2026");
  EXPECT_THAT(std::string(Update(team, {"holidays"}).status().message()), HasSubstr("team.holidays[0]"));
  v1::GetTeamRequest other;
  other.set_name("teams/other");
  EXPECT_EQ(rpc::ReasonOf(Call<v1::Team>(As("kim"), "GetTeam", other).status()), "TEAM_NOT_FOUND");
}

TEST_F(QueueTest, NewHoursMoveTheEndOfAWindow) {
  Ready("ana");
  const std::string name = Of("ana").name();
  ASSERT_TRUE(Attempt("kim", name, Phone()).ok());
  EXPECT_EQ(rpc::FromTimestamp(Get(name).window_end_time()), At(17, 18));
  v1::Team team;
  team.add_holidays("2026-12-17");
  ASSERT_TRUE(Update(team, {"holidays"}).ok());
  MoveTo(At(17, 18));
  EXPECT_EQ(Get(name).state(), v1::MeetingRequest::STATE_WORKING);
  MoveTo(At(18, 18));
  EXPECT_EQ(Get(name).state(), v1::MeetingRequest::STATE_RECYCLED);
}

}  // namespace
}  // namespace finalmile::appointments
