#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/appointments/appointments_fixture.h"
#include "services/appointments/domain/host.h"

namespace finalmile::appointments {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HostsTest : public AppointmentsTest {
 protected:
  absl::StatusOr<v1::Host> Upsert(const std::string& caller, const v1::Host& host,
                                  const std::vector<std::string>& paths = {}) {
    v1::UpsertHostRequest request;
    *request.mutable_host() = host;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return Call<v1::Host>(As(caller), "UpsertHost", request);
  }
  static v1::Host Named(const std::string& id) {
    v1::Host host;
    host.set_name("hosts/" + id);
    return host;
  }
  // A host of the team's hours, in UTC.
  void Make(const std::string& id, double weight = 1) {
    v1::Host host = Named(id);
    host.set_weight(weight);
    const auto made = Upsert("mia", host, {"weight"});
    ASSERT_TRUE(made.ok()) << made.status();
  }
  absl::StatusOr<v1::TimeOff> Away(const std::string& caller, const std::string& id, absl::Time start,
                                   absl::Time end) {
    v1::SetTimeOffRequest request;
    request.set_host("hosts/" + id);
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_end_time() = rpc::ToTimestamp(end);
    return Call<v1::TimeOff>(As(caller), "SetTimeOff", request);
  }
  absl::StatusOr<v1::FindSlotsResponse> Find(const v1::FindSlotsRequest& request) {
    return Call<v1::FindSlotsResponse>(As("kim"), "FindSlots", request);
  }
  // "03 15:00 ben": the slots between, in UTC.
  std::vector<std::string> Slots(absl::Time start, absl::Time end, v1::FindSlotsRequest request = {}) {
    *request.mutable_start_time() = rpc::ToTimestamp(start);
    *request.mutable_end_time() = rpc::ToTimestamp(end);
    const auto response = Find(request);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> slots;
    if (!response.ok()) return slots;
    for (const v1::Slot& slot : response->slots()) {
      slots.push_back(
          absl::FormatTime("%d %H:%M ", rpc::FromTimestamp(slot.start_time()), absl::UTCTimeZone()) +
          slot.host().substr(6));
    }
    return slots;
  }
};

TEST_F(HostsTest, AManagerMakesAHostWithTheTeamsHours) {
  v1::Host host = Named("ben.o");
  host.set_title("Solution consultant");
  const auto made = Upsert("mia", host);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->title(), "Solution consultant");
  EXPECT_TRUE(made->active());
  EXPECT_EQ(made->zone(), "UTC");
  EXPECT_EQ(made->weekly_hours_size(), 5);
  EXPECT_EQ(rpc::FromDuration(made->notice()), absl::Hours(2));
  EXPECT_EQ(made->horizon_days(), 7);
  EXPECT_EQ(made->daily_cap(), 5);
  EXPECT_EQ(made->weight(), 1);
  v1::GetHostRequest get;
  get.set_name("hosts/ben.o");
  const auto read = Call<v1::Host>(As("kim"), "GetHost", get);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), made->SerializeAsString());
  get.set_name("hosts/nobody");
  EXPECT_EQ(ReasonOf(Call<v1::Host>(As("kim"), "GetHost", get).status()), "HOST_NOT_FOUND");
  get.set_name("hosts/Ben");
  EXPECT_TRUE(absl::IsInvalidArgument(Call<v1::Host>(As("kim"), "GetHost", get).status()));
}

TEST_F(HostsTest, HostsChangeTheirOwnHoursAndManagersTheirShare) {
  EXPECT_EQ(ReasonOf(Upsert("ben", Named("ben")).status()), "MANAGER_ONLY");
  Make("ben");
  v1::Host host = Named("ben");
  host.set_zone("Europe/Berlin");
  *host.mutable_buffer_after() = rpc::ToDuration(absl::Minutes(10));
  auto changed = Upsert("ben", host);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->zone(), "Europe/Berlin");
  EXPECT_EQ(rpc::FromDuration(changed->buffer_after()), absl::Minutes(10));
  EXPECT_EQ(changed->weekly_hours_size(), 5);
  EXPECT_EQ(ReasonOf(Upsert("ana", host).status()), "NOT_YOURS");
  host.set_daily_cap(20);
  EXPECT_EQ(ReasonOf(Upsert("ben", host).status()), "MANAGER_ONLY");
  changed = Upsert("mia", host);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->daily_cap(), 20);
  // What is the same already is no change.
  EXPECT_EQ(Upsert("ben", host)->etag(), changed->etag());
  host.set_etag("stale");
  EXPECT_EQ(ReasonOf(Upsert("mia", host).status()), "ETAG_MISMATCH");
  host.clear_etag();
  host.set_zone("Europe/Berlim");
  const absl::Status wrong = Upsert("ben", host).status();
  ASSERT_TRUE(absl::IsInvalidArgument(wrong)) << wrong;
  EXPECT_EQ(rpc::ViolationsOf(wrong)[0].field(), "host.zone");
}

TEST_F(HostsTest, ListsInOrderOfName) {
  for (const char* id : {"cy", "ana", "ben"}) Make(id);
  v1::ListHostsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    const auto page = Call<v1::ListHostsResponse>(As("kim"), "ListHosts", request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Host& host : page->hosts()) names.push_back(host.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("hosts/ana", "hosts/ben", "hosts/cy"));
}

TEST_F(HostsTest, ThereAreAtMostSoManyHosts) {
  for (int i = 0; i < domain::kMostHosts; ++i) Make("host" + std::to_string(i));
  EXPECT_EQ(ReasonOf(Upsert("mia", Named("more")).status()), "TOO_MANY_HOSTS");
  v1::Host host = Named("host0");
  host.set_title("Consultant");
  EXPECT_TRUE(Upsert("mia", host).ok());
}

TEST_F(HostsTest, SlotsAreSoonestFirstAndByTurn) {
  Make("ana");
  Make("ben");
  // Notice is two hours, and it is 10:00.
  EXPECT_THAT(Slots(At(1, 11, 30), At(1, 12, 31)),
              ElementsAre("01 12:00 ana", "01 12:00 ben", "01 12:30 ana", "01 12:30 ben"));
  v1::FindSlotsRequest request;
  request.add_hosts("hosts/ben");
  *request.mutable_duration() = rpc::ToDuration(absl::Minutes(90));
  // The last meeting ends with the hours.
  EXPECT_THAT(Slots(At(1, 15, 30), At(1, 18, 0), request),
              ElementsAre("01 15:30 ben", "01 16:00 ben", "01 16:30 ben"));
  request.set_limit(1);
  EXPECT_THAT(Slots(At(1, 15, 30), At(1, 18, 0), request), ElementsAre("01 15:30 ben"));
  // The horizon of seven days.
  EXPECT_THAT(Slots(At(8, 17, 30), At(9, 18, 0)), ElementsAre("08 17:30 ana", "08 17:30 ben"));
  // Saturday.
  EXPECT_THAT(Slots(At(5, 0, 0), At(6, 0, 0)), IsEmpty());
}

TEST_F(HostsTest, AHeavierHostComesFirst) {
  Make("ana");
  Make("ben", 2);
  EXPECT_THAT(Slots(At(2, 9, 0), At(2, 9, 1)), ElementsAre("02 09:00 ben", "02 09:00 ana"));
}

TEST_F(HostsTest, WhoHasNoShareIsBookedByNameAlone) {
  Make("ana");
  Make("ben", 0);
  EXPECT_THAT(Slots(At(2, 9, 0), At(2, 9, 1)), ElementsAre("02 09:00 ana"));
  v1::FindSlotsRequest request;
  request.add_hosts("hosts/ben");
  EXPECT_THAT(Slots(At(2, 9, 0), At(2, 9, 1), request), ElementsAre("02 09:00 ben"));
  ASSERT_TRUE(Upsert("mia", Named("ben"), {"active"}).ok());
  EXPECT_EQ(ReasonOf(Find(request).status()), "HOST_INACTIVE");
  request.add_hosts("hosts/cy");
  EXPECT_EQ(ReasonOf(Find(request).status()), "HOST_INACTIVE");
  request.clear_hosts();
  request.add_hosts("hosts/cy");
  EXPECT_EQ(ReasonOf(Find(request).status()), "HOST_NOT_FOUND");
}

TEST_F(HostsTest, SlotsShowBothWalls) {
  Make("ben");
  v1::Host host = Named("ben");
  host.set_zone("America/New_York");
  ASSERT_TRUE(Upsert("ben", host).ok());
  v1::FindSlotsRequest request;
  request.set_guest_zone("Europe/Berlin");
  request.set_limit(1);
  const auto response = Find(request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->slots_size(), 1);
  EXPECT_EQ(rpc::FromTimestamp(response->slots(0).start_time()), At(1, 14, 0));
  EXPECT_EQ(rpc::FromTimestamp(response->slots(0).end_time()), At(1, 14, 30));
  EXPECT_EQ(response->slots(0).host_wall_time(), "2026-12-01T09:00-05:00");
  EXPECT_EQ(response->slots(0).guest_wall_time(), "2026-12-01T15:00+01:00");
  EXPECT_FALSE(response->slots(0).repeated_hour());
  EXPECT_EQ(rpc::FromTimestamp(response->as_of()), At(1, 10, 0));
}

TEST_F(HostsTest, ARepeatedHourIsMarked) {
  Make("ben");
  v1::Host host = Named("ben");
  host.set_zone("Europe/Berlin");
  v1::WeeklyInterval& sunday = *host.add_weekly_hours();
  sunday.set_weekday(7);
  sunday.set_start_minute(60);
  sunday.set_end_minute(240);
  ASSERT_TRUE(Upsert("ben", host).ok());
  MoveTo(absl::FromCivil(absl::CivilDay(2027, 10, 30), absl::UTCTimeZone()));
  const auto response = Find({});
  ASSERT_TRUE(response.ok()) << response.status();
  std::vector<std::string> walls;
  for (const v1::Slot& slot : response->slots())
    walls.push_back(slot.host_wall_time().substr(11) + (slot.repeated_hour() ? " twice" : ""));
  EXPECT_THAT(walls, ElementsAre("01:00+02:00", "01:30+02:00", "02:00+02:00 twice", "02:30+02:00 twice",
                                 "02:00+01:00 twice", "02:30+01:00 twice", "03:00+01:00", "03:30+01:00"));
}

TEST_F(HostsTest, AFaultyRequestNamesEachField) {
  v1::FindSlotsRequest request;
  *request.mutable_duration() = rpc::ToDuration(absl::Minutes(4));
  *request.mutable_start_time() = rpc::ToTimestamp(At(2, 0, 0));
  *request.mutable_end_time() = rpc::ToTimestamp(At(2, 0, 0));
  request.set_guest_zone("Berlin");
  request.set_limit(201);
  for (int i = 0; i < 21; ++i) request.add_hosts("hosts/h" + std::to_string(i));
  std::vector<std::string> fields;
  for (const auto& violation : rpc::ViolationsOf(Find(request).status())) fields.push_back(violation.field());
  EXPECT_THAT(fields, ElementsAre("hosts", "duration", "end_time", "guest_zone", "limit"));
}

TEST_F(HostsTest, TimeOffTakesSlotsAndGivesThemBack) {
  Make("ben");
  EXPECT_EQ(ReasonOf(Away("ana", "ben", At(2, 0, 0), At(3, 0, 0)).status()), "NOT_YOURS");
  EXPECT_EQ(ReasonOf(Away("mia", "cy", At(2, 0, 0), At(3, 0, 0)).status()), "HOST_NOT_FOUND");
  const auto away = Away("ben", "ben", At(2, 9, 30), At(2, 17, 0));
  ASSERT_TRUE(away.ok()) << away.status();
  EXPECT_THAT(Slots(At(2, 9, 0), At(2, 18, 0)), ElementsAre("02 09:00 ben", "02 17:00 ben", "02 17:30 ben"));
  v1::ListTimeOffRequest list;
  list.set_host("hosts/ben");
  const auto listed = Call<v1::ListTimeOffResponse>(As("kim"), "ListTimeOff", list);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->time_off_size(), 1);
  EXPECT_EQ(listed->time_off(0).SerializeAsString(), away->SerializeAsString());
  v1::DeleteTimeOffRequest erase;
  erase.set_name(away->name());
  EXPECT_EQ(ReasonOf(Call<v1::TimeOff>(As("ana"), "DeleteTimeOff", erase).status()), "NOT_YOURS");
  ASSERT_TRUE(Call<v1::TimeOff>(As("ben"), "DeleteTimeOff", erase).ok());
  EXPECT_EQ(ReasonOf(Call<v1::TimeOff>(As("ben"), "DeleteTimeOff", erase).status()), "TIME_OFF_NOT_FOUND");
  EXPECT_EQ(Slots(At(2, 9, 0), At(2, 18, 0)).size(), 18u);
}

TEST_F(HostsTest, TimeOffIsBounded) {
  Make("ben");
  const absl::Time now = At(1, 10, 0);
  const auto field = [&](absl::Time start, absl::Time end) {
    const auto violations = rpc::ViolationsOf(Away("ben", "ben", start, end).status());
    return violations.empty() ? "" : violations[0].field();
  };
  EXPECT_EQ(field(now - absl::Hours(1), now), "end_time");
  EXPECT_EQ(field(now - absl::Hours(1), now + absl::Microseconds(1)), "");
  EXPECT_EQ(field(now, now + domain::kLongestTimeOff), "");
  EXPECT_EQ(field(now, now + domain::kLongestTimeOff + absl::Microseconds(1)), "end_time");
  EXPECT_EQ(field(At(3, 0, 0), At(3, 0, 0)), "end_time");
  for (int i = 2; i < domain::kMostTimesOff; ++i) ASSERT_EQ(field(At(2, 0, 0), At(3, 0, 0)), "") << i;
  EXPECT_EQ(ReasonOf(Away("ben", "ben", At(2, 0, 0), At(3, 0, 0)).status()), "TOO_MANY_TIMES_OFF");
  // What ended a month ago is deleted with the next one.
  MoveTo(At(3, 0, 0) + absl::Hours(24 * 30));
  EXPECT_EQ(field(At(40, 0, 0), At(41, 0, 0)), "");
  EXPECT_EQ(Count("time_off"), 2);
}

}  // namespace
}  // namespace finalmile::appointments
