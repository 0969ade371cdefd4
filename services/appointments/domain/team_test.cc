#include "services/appointments/domain/team.h"

#include <gtest/gtest.h>

namespace finalmile::appointments::domain {
namespace {

std::string FieldsOf(const std::vector<Violation>& violations) {
  std::string fields;
  for (const Violation& violation : violations) fields += (fields.empty() ? "" : ", ") + violation.field;
  return fields;
}
std::string WrongWith(const Team& team) { return FieldsOf(Validate(team)); }

TEST(Team, AsItIsAtFirstIsValid) { EXPECT_EQ(WrongWith(Team()), ""); }

TEST(Team, ZonesAreThoseOfTheDatabase) {
  Team team;
  for (const char* zone : {"Europe/Berlin", "Asia/Kathmandu", "UTC"}) {
    team.zone = zone;
    EXPECT_EQ(WrongWith(team), "") << zone;
  }
  for (const char* zone :
       {"", "Europe/Berlim", "../../../etc/localtime", "localtime", "Fixed/UTC+01:00:00"}) {
    team.zone = zone;
    EXPECT_EQ(WrongWith(team), "zone") << zone;
  }
}

TEST(Team, HoursAreWithinADayAndApart) {
  const auto wrong = [](const std::vector<WeeklyInterval>& weekly) {
    return FieldsOf(CheckWeekly(weekly, "weekly_hours"));
  };
  EXPECT_EQ(wrong({{1, 0, 1440}, {7, 1439, 1440}}), "");
  EXPECT_EQ(wrong({}), "weekly_hours");
  EXPECT_EQ(wrong({{0, 0, 60}}), "weekly_hours[0].weekday");
  EXPECT_EQ(wrong({{8, 0, 60}}), "weekly_hours[0].weekday");
  EXPECT_EQ(wrong({{1, -1, 60}}), "weekly_hours[0].start_minute");
  EXPECT_EQ(wrong({{1, 1440, 1440}}), "weekly_hours[0].start_minute, weekly_hours[0].end_minute");
  EXPECT_EQ(wrong({{1, 60, 60}}), "weekly_hours[0].end_minute");
  EXPECT_EQ(wrong({{1, 60, 1441}}), "weekly_hours[0].end_minute");
  EXPECT_EQ(wrong({{1, 540, 720}, {1, 720, 1080}}), "");
  EXPECT_EQ(wrong({{1, 540, 721}, {1, 720, 1080}}), "weekly_hours[1]");
  EXPECT_EQ(wrong({{1, 540, 721}, {2, 720, 1080}}), "");
  EXPECT_EQ(wrong(std::vector<WeeklyInterval>(kMostWeekly + 1)), "weekly_hours");
}

TEST(Team, TheDomainOfInvitationsIsADomain) {
  Team team;
  for (const char* name : {"example.com", "a.b-c.de"}) {
    team.organizer_domain = name;
    EXPECT_EQ(WrongWith(team), "") << name;
  }
  for (const char* name :
       {"", "example", "Example.com", "-a.com", "a-.com", "a..com", "a.com\r\nX", "ü.de"}) {
    team.organizer_domain = name;
    EXPECT_EQ(WrongWith(team), "organizer_domain") << name;
  }
}

}  // namespace
}  // namespace finalmile::appointments::domain
