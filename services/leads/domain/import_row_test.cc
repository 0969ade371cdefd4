#include "services/leads/domain/import_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/test_mapping.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ImportRow, ReadsEveryKindOfColumn) {
  const ImportedLead imported = Lead7();
  EXPECT_THAT(imported.lead.external_ids, ElementsAre(ExternalId{"import:test", "r-1"}));
  EXPECT_EQ(imported.lead.attributes, (Attributes{{"staff", 250.0}, {"has_fax", false}}));
  EXPECT_EQ(imported.lead.lead_source, "Google");
  EXPECT_EQ(imported.lead.email, "ann@example.com");
  EXPECT_EQ(imported.lead.outcome, Outcome::kPositive);
  EXPECT_THAT(imported.lead.permissions,
              ElementsAre(Permission{Channel::kEmail, "sales", PermissionState::kAllowed, "stated in import",
                                     "import:test", kMonday}));
  ASSERT_EQ(imported.activities.size(), 4u);
  const absl::Time day = absl::FromCivil(absl::CivilDay(2024, 5, 1), absl::UTCTimeZone());
  EXPECT_EQ(imported.activities[0].count, 3);
  EXPECT_EQ(imported.activities[0].subject, "site");
  EXPECT_EQ(imported.activities[1].type, "demo_request");
  EXPECT_EQ(imported.activities[1].event_time, day - absl::Hours(24));
  EXPECT_EQ(imported.activities[2].seconds, 61.5);
  EXPECT_EQ(imported.activities[2].event_time, day);
  for (Activity activity : imported.activities) {
    activity.lead = LeadId("0190163d-8694-739b-aea5-966c26f8ad91");
    activity.activity_id = "1";
    EXPECT_THAT(Validate(activity, kMonday), IsEmpty());
  }
}

TEST(ImportRow, NotAnsweredIsAbsent) {
  std::vector<std::string> cells(kColumns.size(), " select ");
  cells[0] = "r-1";
  const ImportedLead imported = Lead7(cells);
  EXPECT_THAT(imported.lead.attributes, IsEmpty());
  EXPECT_THAT(imported.activities, IsEmpty());
  EXPECT_THAT(imported.lead.permissions, IsEmpty());
  EXPECT_EQ(imported.lead.outcome, Outcome::kUnspecified);
  EXPECT_EQ(imported.lead.email, "");
  cells = TestCells();
  cells[1] = "999";
  EXPECT_EQ(Lead7(cells).lead.attributes.count("staff"), 0u);
  cells[1] = "many";
  EXPECT_EQ(std::get<double>(Lead7(cells).lead.attributes["staff"]), 5000);
}

TEST(ImportRow, CountsAndThresholdsAtTheirEdges) {
  const auto activities = [](size_t column, std::string cell) {
    std::vector<std::string> cells = TestCells();
    cells[4] = cells[5] = cells[6] = cells[11] = "";
    cells[column] = std::move(cell);
    return Lead7(cells).activities;
  };
  EXPECT_THAT(activities(4, "0.9"), IsEmpty());
  EXPECT_EQ(activities(4, "1").front().count, 1);
  EXPECT_EQ(activities(4, "10001").front().count, 10'000);
  EXPECT_THAT(activities(5, "no"), IsEmpty());
  EXPECT_THAT(activities(6, "0"), IsEmpty());
  EXPECT_EQ(activities(6, "0.1").size(), 1u);
  EXPECT_THAT(activities(11, "2.99"), IsEmpty());
  EXPECT_EQ(activities(11, "3").size(), 1u);
}

TEST(ImportRow, WithoutAnIdTheRowIsRejected) {
  EXPECT_EQ(RejectOf(0, ""), "Id: is empty, but identifies the row");
  EXPECT_EQ(RejectOf(0, "-"), "Id: is empty, but identifies the row");
  EXPECT_EQ(RejectOf(0, std::string(257, 'x')), "Id: has more than 256 characters; shorten it");
}

TEST(ImportRow, ACellThatIsNotReadCostsItsFactAlone) {
  EXPECT_THAT(Lead7().unread, IsEmpty());
  EXPECT_THAT(UnreadOf(1, "lots"), ElementsAre("Staff: is not a number"));
  EXPECT_THAT(UnreadOf(1, "inf"), ElementsAre("Staff: is not a number"));
  EXPECT_THAT(UnreadOf(3, "secret"), ElementsAre("EMail: is not one e-mail address like name@example.com"));
  EXPECT_THAT(UnreadOf(2, std::string(257, 'x')),
              ElementsAre("Lead Source: has more than 256 characters; shorten it"));
  EXPECT_THAT(UnreadOf(4, "-1"), ElementsAre("Visits: is not a number of at least 0"));
  EXPECT_THAT(UnreadOf(12, "maybe"), ElementsAre("Fax: is neither yes nor no"));
  std::vector<std::string> cells = TestCells();
  cells[1] = cells[3] = cells[4] = cells[12] = "lots";
  const ImportedLead imported = Lead7(cells);
  EXPECT_EQ(imported.unread.size(), 4u);
  EXPECT_EQ(imported.lead.email, "");
  EXPECT_EQ(imported.lead.lead_source, "Google");
  EXPECT_THAT(imported.lead.attributes, IsEmpty());
  EXPECT_EQ(imported.activities.size(), 3u);
}

TEST(ImportRow, TimesAtTheirLimits) {
  EXPECT_THAT(UnreadOf(7, "yesterday"), ElementsAre("When: is not a date"));
  EXPECT_THAT(UnreadOf(7, ""), ElementsAre("When: is empty, but dates what the row tells of"));
  EXPECT_THAT(UnreadOf(7, "1999-12-31"), ElementsAre("When: puts an activity before the year 2000"));
  EXPECT_THAT(UnreadOf(7, "2024-06-04"), ElementsAre("When: puts an activity into the future"));
  EXPECT_THAT(UnreadOf(7, "2024-06-03T00:30:00Z"), IsEmpty());
  EXPECT_THAT(UnreadOf(7, "2024-06-03T00:30:00.000001Z"),
              ElementsAre("When: puts an activity into the future"));
  EXPECT_THAT(UnreadOf(7, "2024-06-03T02:30:00+02:00"), IsEmpty());
  std::vector<std::string> cells = TestCells();
  cells[7] = "soon";
  EXPECT_THAT(Lead7(cells).activities, IsEmpty());
  EXPECT_EQ(Lead7(cells).lead.email, "ann@example.com");
}

TEST(ImportRow, CellsAreTrimmedWhateverTheirSpace) {
  std::vector<std::string> cells = TestCells();
  cells[1] = "\u00A0250\u2003";
  cells[3] = "\uFEFFMa\u200Bx@BÜCHER.example\u00A0\u2060";
  cells[9] = "\u3000No";
  const ImportedLead imported = Lead7(cells);
  EXPECT_THAT(imported.unread, IsEmpty());
  EXPECT_EQ(imported.lead.email, "max@xn--bcher-kva.example");
  EXPECT_EQ(std::get<double>(imported.lead.attributes.at("staff")), 250);
  EXPECT_EQ(imported.lead.permissions.size(), 1u);
}

TEST(ImportRow, WhatKeepsSpreadsheetsFromComputingIsTakenOff) {
  std::vector<std::string> cells = TestCells();
  cells[0] = "=\"007\"";
  cells[1] = "'-5";
  cells[2] = "'=x";
  const ImportedLead imported = Lead7(cells);
  EXPECT_EQ(imported.lead.external_ids.front().id, "007");
  EXPECT_EQ(std::get<double>(imported.lead.attributes.at("staff")), -5);
  EXPECT_EQ(imported.lead.lead_source, "=x");
  EXPECT_EQ(Bare("'Twas"), "'Twas");
  EXPECT_EQ(Bare("=\""), "=\"");
}

TEST(ImportRow, ErrorsOfASpreadsheetAreNoValues) {
  for (const std::string cell : {"#N/A", " #n/a", "#REF!", "#DIV/0!", "#NAME?"}) {
    EXPECT_THAT(UnreadOf(2, cell), ElementsAre("Lead Source: is an error value of a spreadsheet")) << cell;
    EXPECT_THAT(UnreadOf(1, cell), ElementsAre("Staff: is an error value of a spreadsheet")) << cell;
    // It may hide an objection.
    EXPECT_THAT(RejectOf(9, cell), HasSubstr("is listed neither under denied nor under allowed")) << cell;
  }
  EXPECT_THAT(UnreadOf(2, "#1 Example"), IsEmpty());
}

TEST(ImportRow, RowsMayBeShorterOrEndInEmptyCells) {
  const auto cells = TestCells();
  EXPECT_EQ(Lead7({cells.begin(), cells.begin() + 12}).lead.attributes.count("has_fax"), 0u);
  EXPECT_EQ(Lead7({"r-1"}).lead.external_ids.front().id, "r-1");
  std::vector<std::string> more = cells;
  more.insert(more.end(), {"", " ", "\u00A0"});
  EXPECT_EQ(Lead7(more).activities.size(), 4u);
  more.emplace_back("x");
  EXPECT_EQ(std::get<Reject>(Map(more)).reason, "has 17 cells, the header has 13");
  EXPECT_EQ(std::get<Reject>(Map(more)).column, "");
  EXPECT_EQ(std::get<Reject>(Map({"", " ", "\u00A0"})).reason, "is blank");
}

TEST(ImportRow, FixedAndRelativeTimes) {
  ImportMapping mapping = TestMapping();
  mapping.ignore = {"When"};
  mapping.activity_time = FixedTime{kMonday - absl::Hours(100)};
  EXPECT_EQ(Lead7(TestCells(), mapping).activities[1].event_time, kMonday - absl::Hours(124));
  mapping.activity_time = HoursBeforeImport{1.5};
  EXPECT_EQ(Lead7(TestCells(), mapping).activities[0].event_time, kMonday - absl::Minutes(90));
  mapping.id_column = "";
  mapping.ignore.emplace_back("Id");
  EXPECT_THAT(Lead7(TestCells(), mapping).lead.external_ids, IsEmpty());
}

TEST(ImportRow, GatesAreReadByTheirWordsAndOtherWordsAreNoSilentNo) {
  ImportMapping mapping = TestMapping();
  mapping.after_contact.clear();
  mapping.gates = {{"Tags", {{"Customer", Gate::kCustomer}, {"Rival", Gate::kCompetitor}}, {"lead"}}};
  std::vector<std::string> cells = TestCells();
  const auto gates = [&](std::string cell) {
    cells[10] = std::move(cell);
    return Lead7(cells, mapping).lead.gates;
  };
  EXPECT_THAT(gates("customer "), ElementsAre(Gate::kCustomer));
  EXPECT_THAT(gates("Lead"), IsEmpty());
  EXPECT_THAT(gates(""), IsEmpty());
  cells[10] = "Kunde";
  EXPECT_EQ(std::get<Reject>(Map(cells, mapping)).reason,
            "\"Kunde\" is neither among the values nor under none");
  mapping.gates[0].none = {"*"};
  EXPECT_THAT(gates("Kunde"), IsEmpty());
}

TEST(ImportRow, ArrivalOutcomeAndPermissionsHaveTimes) {
  ImportMapping mapping = TestMapping();
  mapping.arrival_time = TimeColumn{"When"};
  mapping.outcome_time = TimeColumn{"Fax"};
  mapping.attributes.pop_back();
  mapping.permissions[0].time_column = "Fax";
  std::vector<std::string> cells = TestCells();
  cells[12] = "2024-05-07";
  const Lead lead = Lead7(cells, mapping).lead;
  EXPECT_EQ(lead.arrival_time, absl::FromCivil(absl::CivilDay(2024, 5, 1), absl::UTCTimeZone()));
  EXPECT_EQ(lead.outcome_time, absl::FromCivil(absl::CivilDay(2024, 5, 7), absl::UTCTimeZone()));
  EXPECT_EQ(lead.permissions[0].time, lead.outcome_time);
  cells[12] = "soon";
  const ImportedLead undated = Lead7(cells, mapping);
  EXPECT_EQ(undated.unread.size(), 1u);
  EXPECT_EQ(undated.unread[0].column, "Fax");
  EXPECT_EQ(undated.lead.permissions[0].time, kMonday);
  mapping.arrival_time = HoursBeforeImport{1};
  EXPECT_THAT(Validate(mapping, kColumns)[0].description, HasSubstr("change with every import"));
}

TEST(ImportRow, RejectsNameTheColumnOfAField) {
  const ImportPlan plan(TestMapping(), kColumns);
  EXPECT_EQ(plan.RejectFor({"attributes[has_fax]", "is wrong"}).column, "Fax");
  EXPECT_EQ(plan.RejectFor({"email", "is wrong"}).column, "EMail");
  EXPECT_EQ(plan.RejectFor({"external_ids[0].id", "is wrong"}).column, "Id");
}

RC_GTEST_PROP(ImportRow, AnyCellsAreReadOrRejected, ()) {
  const ImportPlan plan(TestMapping(), kColumns);
  std::vector<std::string> cells = TestCells();
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    cells[*rc::gen::inRange<size_t>(0, cells.size())] = *rc::gen::arbitrary<std::string>();
  }
  const auto result = plan.MapRow(cells, 2, kMonday);
  if (const auto* imported = std::get_if<ImportedLead>(&result)) {
    RC_ASSERT(Validate(imported->lead).empty());
  } else {
    RC_ASSERT(!std::get<Reject>(result).reason.empty());
  }
}

}  // namespace
}  // namespace finalmile::leads::domain
