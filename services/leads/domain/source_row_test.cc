#include "services/leads/domain/source_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/leads/domain/identity.h"
#include "services/leads/domain/import_change.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kColumns = {"Id",   "Owner",   "Staff", "Views",
                                           "Demo", "No Mail", "Said",  "When"};

// A source that is imported again and again into one lead.
class SourceRowTest : public ::testing::Test {
 protected:
  static ImportMapping Mapping() {
    ImportMapping mapping;
    mapping.name = "crm";
    mapping.id_column = "Id";
    mapping.fields = {{"Owner", "owner", {}}};
    mapping.attributes = {{"Staff", "staff", AttributeType::kNumber, {}, {}}};
    mapping.activities = {{"Views", "page_view", "pricing", CellIsCount{}, false, 0},
                          {"Demo", "demo_request", "", When{{"yes"}}, false, 0}};
    mapping.permissions = {{"No Mail", Channel::kEmail, "sales", {"yes"}, {"no"}, {}, "Said"}};
    mapping.activity_time = TimeColumn{"When"};
    return mapping;
  }

  struct Row {
    std::string owner = "kim";
    std::string staff = "250";
    std::string views = "";
    std::string demo = "";
    std::string no_mail = "";
    std::string said = "";
    std::string when = "2024-05-01";
  };

  // Takes a row in import number `import`, begun so many days after kMonday.
  TakenRow Take(const Row& row, int64_t import, bool prefer_source = false) {
    const ImportPlan plan(mapping_, kColumns);
    const absl::Time start = kMonday + absl::Hours(24 * import);
    auto read = plan.MapRow(std::vector<std::string>{"r1", row.owner, row.staff, row.views, row.demo,
                                                     row.no_mail, row.said, row.when},
                            2, start);
    EXPECT_TRUE(std::holds_alternative<ImportedLead>(read));
    std::vector<const SourceRow*> others;
    for (const SourceRow& other : others_) others.push_back(&other);
    TakenRow taken = TakeRow(plan, {import, start, prefer_source}, "id:r1", std::get<ImportedLead>(read),
                             lead_, row_, others);
    row_ = taken.row;
    lead_ = taken.lead;
    return taken;
  }
  static int Views(const TakenRow& taken) {
    int views = 0;
    for (const Activity& activity : taken.activities)
      views += activity.type == "page_view" ? activity.count : 0;
    return views;
  }

  ImportMapping mapping_ = Mapping();
  Lead lead_;
  SourceRow row_;
  std::vector<SourceRow> others_;
};

TEST_F(SourceRowTest, AppliesDifferencesAlone) {
  EXPECT_EQ(Take({}, 1).changes.size(), 2u);
  EXPECT_EQ(lead_.owner, "kim");
  lead_.owner = "lee";
  // The same row changes nothing, and puts nobody's work back.
  const TakenRow same = Take({}, 2);
  EXPECT_FALSE(same.ChangesLead());
  EXPECT_FALSE(same.LeavesSomething());
  EXPECT_EQ(lead_.owner, "lee");
  // The source changes another cell.
  EXPECT_THAT(Take({.staff = "300"}, 3).changes[0].path, "attributes.staff");
  EXPECT_EQ(lead_.owner, "lee");
  // An emptied cell clears.
  Take({.staff = ""}, 4);
  EXPECT_FALSE(lead_.attributes.contains("staff"));
}

TEST_F(SourceRowTest, WhatAPersonChangedStaysAndIsAConflict) {
  Take({}, 1);
  lead_.owner = "lee";
  for (const int64_t import : {2, 3}) {
    const TakenRow taken = Take({.owner = "max"}, import);
    ASSERT_EQ(taken.conflicts.size(), 1u) << import;
    EXPECT_EQ(taken.conflicts[0].path, "owner");
    EXPECT_EQ(taken.conflicts[0].kept, "lee");
    EXPECT_EQ(taken.conflicts[0].given, "max");
    EXPECT_EQ(lead_.owner, "lee");
  }
  EXPECT_THAT(Take({.owner = "max"}, 4, /*prefer_source=*/true).conflicts, IsEmpty());
  EXPECT_EQ(lead_.owner, "max");
}

TEST_F(SourceRowTest, AValueOfAnotherSourceIsNobodysWork) {
  lead_.owner = "max";
  others_.emplace_back().said["owner"] = std::string("max");
  EXPECT_THAT(Take({}, 1).conflicts, IsEmpty());
  EXPECT_EQ(lead_.owner, "kim");
  // It stays while another source says it.
  others_[0].said["owner"] = std::string("kim");
  Take({.owner = ""}, 2);
  EXPECT_EQ(lead_.owner, "kim");
}

TEST_F(SourceRowTest, ACounterGrows) {
  EXPECT_EQ(Views(Take({.views = "1"}, 1)), 1);
  const TakenRow more = Take({.views = "6", .when = "2024-05-08"}, 2);
  EXPECT_EQ(Views(more), 5);
  EXPECT_EQ(more.activities[0].event_time, absl::FromCivil(absl::CivilDay(2024, 5, 8), absl::UTCTimeZone()));
  EXPECT_EQ(Views(Take({.views = "6", .when = "2024-05-09"}, 3)), 0);
  // One that fell is told, and grows from there.
  const TakenRow fallen = Take({.views = "2", .when = "2024-05-10"}, 4);
  EXPECT_EQ(fallen.fallen_counters, 1);
  EXPECT_THAT(fallen.activities, IsEmpty());
  EXPECT_EQ(Views(Take({.views = "3", .when = "2024-05-11"}, 5)), 1);
  // An empty cell says nothing.
  EXPECT_EQ(Views(Take({.views = "", .when = "2024-05-12"}, 6)), 0);
  EXPECT_EQ(Views(Take({.views = "3", .when = "2024-05-12"}, 7)), 0);
}

TEST_F(SourceRowTest, AWordCountsOnceUntilItIsGone) {
  EXPECT_EQ(Take({.demo = "yes"}, 1).activities.size(), 1u);
  const TakenRow again = Take({.demo = "yes", .when = "2024-05-08"}, 2);
  EXPECT_THAT(again.activities, IsEmpty());
  EXPECT_EQ(again.known_activities, 1);
  Take({.demo = "no", .when = "2024-05-08"}, 3);
  EXPECT_EQ(Take({.demo = "yes", .when = "2024-05-15"}, 4).activities.size(), 1u);
}

TEST_F(SourceRowTest, ACellThatIsNotReadIsNotAnEmptyOne) {
  Take({.demo = "yes"}, 1);
  const ImportPlan plan(mapping_, kColumns);
  ImportedLead row;
  row.unread = {{"Owner", "is not read"}, {"Demo", "is not read"}};
  row.lead.attributes["staff"] = 250.0;
  TakenRow taken = TakeRow(plan, {2, kMonday, false}, "id:r1", row, lead_, row_, {});
  EXPECT_EQ(taken.lead.owner, "kim");
  EXPECT_FALSE(taken.ChangesLead());
  row_ = taken.row;
  EXPECT_THAT(Take({.demo = "yes"}, 3).activities, IsEmpty());
}

TEST_F(SourceRowTest, AnIdThatRepeatsInAFileIsALog) {
  std::set<std::string> ids;
  for (const char* when : {"2024-05-01", "2024-05-02", "2024-05-03"}) {
    const TakenRow taken = Take({.views = "1", .when = when}, 1);
    ASSERT_EQ(taken.activities.size(), 1u) << when;
    ids.insert(taken.activities[0].activity_id);
  }
  EXPECT_EQ(ids.size(), 3u);
  // The next export has them again, and one more: the same events have the same ids.
  for (const char* when : {"2024-05-02", "2024-05-03", "2024-05-04"}) {
    for (const Activity& activity : Take({.views = "1", .when = when}, 2).activities)
      ids.insert(activity.activity_id);
  }
  EXPECT_EQ(ids.size(), 4u);
  // The very same row twice is the same event.
  EXPECT_THAT(Take({.views = "1", .when = "2024-05-04"}, 2).activities, IsEmpty());
}

TEST_F(SourceRowTest, InALogOfUndatedRowsTheSumGrows) {
  mapping_.activity_time = HoursBeforeImport{1};
  mapping_.ignore = {"When"};
  EXPECT_EQ(Views(Take({.views = "2"}, 1)), 2);
  EXPECT_EQ(Views(Take({.views = "2"}, 1)), 2);
  EXPECT_EQ(Views(Take({.views = "2"}, 2)), 0);
  EXPECT_EQ(Views(Take({.views = "2"}, 2)), 0);
  EXPECT_EQ(Views(Take({.views = "2"}, 2)), 2);
}

TEST_F(SourceRowTest, ADeclaredLogNeedsNoRepeat) {
  mapping_.log = true;
  EXPECT_EQ(Take({.demo = "yes"}, 1).activities.size(), 1u);
  EXPECT_EQ(Take({.demo = "yes", .when = "2024-05-08"}, 2).activities.size(), 1u);
}

TEST_F(SourceRowTest, RowsOfALogDoNotTurnFactsToAndFro) {
  Take({.owner = "kim"}, 1);
  Take({.owner = "lee"}, 1);
  EXPECT_FALSE(Take({.owner = "kim"}, 2).ChangesLead());
  EXPECT_FALSE(Take({.owner = "lee"}, 2).ChangesLead());
  EXPECT_EQ(lead_.owner, "lee");
}

TEST_F(SourceRowTest, ADenialIsLiftedOnlyByALaterDatedWord) {
  const auto state = [&] { return lead_.permissions.at(0).state; };
  Take({.no_mail = "no"}, 1);
  EXPECT_EQ(state(), PermissionState::kAllowed);
  Take({.no_mail = "yes"}, 2);
  EXPECT_EQ(state(), PermissionState::kDenied);
  const TakenRow undated = Take({.no_mail = "no"}, 3);
  EXPECT_EQ(undated.kept_denials, 1);
  EXPECT_EQ(state(), PermissionState::kDenied);
  // Dated, but not later than the denial of day 2.
  Take({.no_mail = "no", .said = "2024-06-04"}, 4);
  EXPECT_EQ(state(), PermissionState::kDenied);
  Take({.no_mail = ""}, 5);
  EXPECT_EQ(state(), PermissionState::kDenied);
  Take({.no_mail = "no", .said = "2024-06-06"}, 6);
  EXPECT_EQ(state(), PermissionState::kAllowed);
  // An emptied cell: not known any more.
  Take({.no_mail = ""}, 7);
  EXPECT_THAT(lead_.permissions, IsEmpty());
}

TEST_F(SourceRowTest, AnImportIsTakenBackAndWhatPeopleChangedStays) {
  Take({}, 1);
  const Lead had = lead_;
  const SourceRow before = row_;
  const TakenRow taken = Take({.owner = "max", .staff = "300", .views = "4"}, 2);
  ImportChange change;
  change.import = 2;
  change.identity = "id:r1";
  change.row_before = before;
  AddTo(change, taken, had);
  change.growth = taken.growth;
  lead_.owner = "lee";
  const TakenBack back = TakeBack(change, lead_, &row_, {});
  EXPECT_EQ(back.lead.owner, "lee");
  EXPECT_THAT(back.kept, ElementsAre("owner"));
  EXPECT_EQ(std::get<double>(back.lead.attributes.at("staff")), 250);
  ASSERT_TRUE(back.row);
  EXPECT_EQ(back.row->import, 1);
  // A later import says the same number of staff: that stays, and the counter may grow again.
  Take({.owner = "max", .staff = "300", .views = "4"}, 3);
  const TakenBack later = TakeBack(change, lead_, &row_, {});
  EXPECT_EQ(std::get<double>(later.lead.attributes.at("staff")), 300);
  EXPECT_THAT(later.row->taken, IsEmpty());
}

TEST(Identity, IsTheIdElseTheEmailElseDomainAndName) {
  Lead row;
  EXPECT_EQ(RowIdentity(row), "");
  row.family_name = "Lovelace";
  EXPECT_EQ(RowIdentity(row), "");
  row.company_domain = "example.com";
  row.given_name = " Ada  Maria";
  EXPECT_EQ(RowIdentity(row), "name:example.com ada maria lovelace");
  row.email = "ada@example.com";
  EXPECT_EQ(RowIdentity(row), "email:ada@example.com");
  row.external_ids = {{"crm", "7"}};
  EXPECT_EQ(RowIdentity(row), "id:7");
}

}  // namespace
}  // namespace finalmile::leads::domain
