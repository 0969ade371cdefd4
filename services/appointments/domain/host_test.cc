#include "services/appointments/domain/host.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace finalmile::appointments::domain {
namespace {

std::string FaultOf(const Host& host) {
  const std::vector<Violation> violations = Validate(host);
  return violations.empty() ? "" : violations.front().field;
}

TEST(HostTest, ANewHostWorksAsTheTeam) {
  Team team;
  team.zone = "Europe/Berlin";
  const Host host = NewHost(team);
  EXPECT_EQ(host.zone, "Europe/Berlin");
  EXPECT_EQ(host.weekly_hours, team.weekly_hours);
  EXPECT_EQ(FaultOf(host), "");
}

TEST(HostTest, EachLimitHoldsAtItsEdges) {
  struct Row {
    const char* field;
    std::function<void(Host&, int)> set;
    int least;
    int most;
  };
  const Row rows[] = {
      {"buffer_before", [](Host& host, int x) { host.buffer_before = absl::Minutes(x); }, 0, 120},
      {"buffer_after", [](Host& host, int x) { host.buffer_after = absl::Minutes(x); }, 0, 120},
      {"notice", [](Host& host, int x) { host.notice = absl::Minutes(x); }, 0, 7 * 24 * 60},
      {"slot_step", [](Host& host, int x) { host.slot_step = absl::Minutes(x); }, 5, 120},
      {"horizon_days", [](Host& host, int x) { host.horizon_days = x; }, 1, 14},
      {"daily_cap", [](Host& host, int x) { host.daily_cap = x; }, 1, 50},
      {"weight", [](Host& host, int x) { host.weight = x; }, 0, 100},
      {"title",
       [](Host& host, int x) { host.title = std::string(static_cast<size_t>(x < 0 ? 201 : x), 't'); }, 0,
       200},
  };
  for (const Row& row : rows) {
    const auto at = [&](int value) {
      Host host = NewHost({});
      row.set(host, value);
      return FaultOf(host);
    };
    EXPECT_EQ(at(row.least - 1), row.field);
    EXPECT_EQ(at(row.least), "") << row.field;
    EXPECT_EQ(at(row.least + 1), "") << row.field;
    EXPECT_EQ(at(row.most - 1), "") << row.field;
    EXPECT_EQ(at(row.most), "") << row.field;
    EXPECT_EQ(at(row.most + 1), row.field);
  }
}

TEST(HostTest, SaysWhatIsWrong) {
  Host host = NewHost({});
  host.zone = "Europe/Berlim";
  EXPECT_EQ(FaultOf(host), "zone");
  host = NewHost({});
  host.weekly_hours.clear();
  EXPECT_EQ(FaultOf(host), "weekly_hours");
  host = NewHost({});
  host.weight = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(FaultOf(host), "weight");
  host = NewHost({});
  host.notice = absl::Seconds(90);
  EXPECT_EQ(FaultOf(host), "notice");
  for (const char* title : {"Kim, kim@example.com", "Call 030 1234 567"}) {
    host = NewHost({});
    host.title = title;
    EXPECT_EQ(FaultOf(host), "title") << title;
  }
  host.title = "Consultant since 2019";
  EXPECT_EQ(FaultOf(host), "");
}

TEST(HostTest, AManagerDecidesHowMuchAHostGets) {
  const Host host = NewHost({});
  Host other = host;
  other.zone = "Europe/Berlin";
  other.notice = absl::Hours(4);
  EXPECT_FALSE(DiffersForManager(host, other));
  for (const auto& change : {std::function<void(Host&)>([](Host& one) { one.active = false; }),
                             std::function<void(Host&)>([](Host& one) { one.weight = 2; }),
                             std::function<void(Host&)>([](Host& one) { one.daily_cap = 6; }),
                             std::function<void(Host&)>([](Host& one) { one.horizon_days = 8; })}) {
    other = host;
    change(other);
    EXPECT_TRUE(DiffersForManager(host, other));
  }
}

TEST(HostTest, RulesAreInTheHostsZone) {
  Host host = NewHost({});
  host.zone = "America/New_York";
  host.buffer_after = absl::Minutes(10);
  const auto rules = RulesOf(host);
  ASSERT_TRUE(rules.ok()) << rules.status();
  EXPECT_EQ(rules->hours.zone.name(), "America/New_York");
  EXPECT_TRUE(rules->hours.holidays.empty());
  EXPECT_EQ(rules->buffer_after, absl::Minutes(10));
  EXPECT_EQ(rules->step, absl::Minutes(30));
  host.zone = "Nowhere/Land";
  EXPECT_FALSE(RulesOf(host).ok());
}

}  // namespace
}  // namespace finalmile::appointments::domain
