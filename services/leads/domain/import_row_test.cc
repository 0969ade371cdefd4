#include "services/leads/domain/import_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/test_policy.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kColumns = {"Id",   "Staff", "Lead Source", "EMail", "Visits", "Demo", "Time",
                                           "When", "Sold",  "No Mail",     "Tags",  "Rank",   "Fax"};

ImportMapping TestMapping() {
  ImportMapping mapping;
  mapping.name = "test";
  mapping.null_words = {"Select"};
  mapping.id_column = "Id";
  mapping.attributes = {{"Staff", "", AttributeType::kNumber, {{"Many", "5000"}}, {"999"}},
                        {"Fax", "has_fax", AttributeType::kBoolean, {}, {}}};
  mapping.fields = {{"Lead Source", "lead_source", {{"google", "Google"}}}, {"EMail", "email", {}}};
  mapping.activities = {{"Visits", "page_view", "site", CellIsCount{}, false, 0},
                        {"Demo", "demo_request", "", When{{"yes"}}, false, 24},
                        {"Time", "site_visit", "site", std::monostate(), true, 0},
                        {"Rank", "ranked", "", WhenAtLeast{3}, false, 0}};
  mapping.outcome = {"Sold", {"1", "Won"}};
  mapping.permissions = {{"No Mail", Channel::kEmail, "sales", {"yes"}, {"no"}}};
  mapping.after_contact = {"Tags"};
  mapping.activity_time = TimeColumn{"When"};
  return mapping;
}

std::vector<std::string> TestCells() {
  return {"r-1",    "250", "GOOGLE", " Ann@Example.com ", "3.7", "Yes", "61.5", "2024-05-01", "won", "No",
          "called", "3",   "n"};
}

std::variant<ImportedLead, Reject> Map(const std::vector<std::string>& cells,
                                       const ImportMapping& mapping = TestMapping()) {
  EXPECT_THAT(Validate(mapping, kColumns), IsEmpty());
  return ImportPlan(mapping, kColumns).MapRow(cells, 7, kMonday);
}

ImportedLead Lead7(std::vector<std::string> cells = TestCells(),
                   const ImportMapping& mapping = TestMapping()) {
  auto result = Map(cells, mapping);
  if (const auto* reject = std::get_if<Reject>(&result)) {
    ADD_FAILURE() << reject->column << ": " << reject->reason;
    return {};
  }
  return std::get<ImportedLead>(result);
}

// "column: reason" after setting one cell.
std::string RejectOf(size_t column, std::string cell) {
  std::vector<std::string> cells = TestCells();
  cells[column] = std::move(cell);
  const auto result = Map(cells);
  const auto* reject = std::get_if<Reject>(&result);
  return reject == nullptr ? "accepted" : reject->column + ": " + reject->reason;
}

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
    activity.lead = "0190163d-8694-739b-aea5-966c26f8ad91";
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

TEST(ImportRow, RejectsNameTheColumnAndNotTheCell) {
  EXPECT_EQ(RejectOf(0, ""), "Id: is empty, but identifies the row");
  EXPECT_EQ(RejectOf(1, "lots"), "Staff: is not a number");
  EXPECT_EQ(RejectOf(1, "inf"), "Staff: is not a number");
  EXPECT_EQ(RejectOf(3, "secret"), "EMail: is not one e-mail address like name@example.com");
  EXPECT_EQ(RejectOf(4, "-1"), "Visits: is not a number of at least 0");
  EXPECT_EQ(RejectOf(12, "maybe"), "Fax: is neither yes nor no");
  EXPECT_EQ(RejectOf(0, std::string(257, 'x')), "Id: has more than 256 characters; shorten it");
}

TEST(ImportRow, TimesAtTheirLimits) {
  EXPECT_EQ(RejectOf(7, "yesterday"), "When: is not an instant: give RFC 3339 or YYYY-MM-DD");
  EXPECT_EQ(RejectOf(7, ""), "When: is not an instant: give RFC 3339 or YYYY-MM-DD");
  EXPECT_EQ(RejectOf(7, "1999-12-31"), "When: puts an activity before the year 2000");
  EXPECT_EQ(RejectOf(7, "infinite-future"), "When: puts an activity into the future");
  EXPECT_EQ(RejectOf(7, "2024-06-03T00:30:00Z"), "accepted");
  EXPECT_EQ(RejectOf(7, "2024-06-03T00:30:00.000001Z"), "When: puts an activity into the future");
  EXPECT_EQ(RejectOf(7, "2024-06-03T02:30:00+02:00"), "accepted");
}

TEST(ImportRow, AWrongNumberOfCellsRejectsTheRow) {
  std::vector<std::string> cells = TestCells();
  cells.pop_back();
  EXPECT_EQ(std::get<Reject>(Map(cells)).reason, "has 12 cells, the header has 13");
  EXPECT_EQ(std::get<Reject>(Map(cells)).column, "");
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
  EXPECT_EQ(std::get<Reject>(Map(cells, mapping)).column, "Fax");
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

std::vector<std::string> WrongAfter(const std::function<void(ImportMapping&)>& change,
                                    std::vector<std::string> columns = kColumns) {
  ImportMapping mapping = TestMapping();
  change(mapping);
  std::vector<std::string> texts;
  for (const Violation& violation : Validate(mapping, columns)) {
    texts.push_back(violation.field + ": " + violation.description);
  }
  return texts;
}

TEST(ImportMapping, EveryColumnExactlyOnce) {
  EXPECT_THAT(
      WrongAfter([](ImportMapping& m) { m.after_contact.clear(); }),
      ElementsAre("columns: column \"Tags\" is not in the mapping; say what it is, or list it under ignore"));
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"Tags"}; }),
              ElementsAre("ignore[0]: column \"Tags\" is named twice; name every column once"));
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"tags"}; }),
              ElementsAre("ignore[0]: the file has no column \"tags\""));
  std::vector<std::string> columns = kColumns;
  columns.emplace_back("Fax");
  EXPECT_THAT(WrongAfter([](ImportMapping&) {}, columns),
              ElementsAre("columns: the header names \"Fax\" twice; rename one of the columns"));
}

TEST(ImportMapping, FieldsAreChecked) {
  const auto one = [](const std::function<void(ImportMapping&)>& change) {
    const auto wrong = WrongAfter(change);
    EXPECT_EQ(wrong.size(), 1u);
    return wrong.empty() ? std::string() : wrong.front();
  };
  EXPECT_THAT(one([](ImportMapping& m) { m.name = "Test"; }), HasSubstr("name: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.delimiter = ";;"; }), HasSubstr("delimiter: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.attributes[0].attribute = "email"; }),
              HasSubstr("attributes[0].attribute: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.attributes[0].type = AttributeType::kUnspecified; }),
              HasSubstr("attributes[0].type: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.attributes[1].attribute = "staff"; }), HasSubstr("filled twice"));
  EXPECT_THAT(one([](ImportMapping& m) { m.fields[1].field = "mail"; }),
              HasSubstr("fields[1].field: must be one of"));
  EXPECT_THAT(one([](ImportMapping& m) { m.activities[0].type = "Page"; }),
              HasSubstr("activities[0].type: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.activities[0].hours_before = -1; }), HasSubstr("hours_before"));
  EXPECT_THAT(one([](ImportMapping& m) { m.activities[2].cell_is_seconds = false; }),
              HasSubstr("how to read the cell"));
  EXPECT_THAT(one([](ImportMapping& m) { m.activities[0].cell_is_seconds = true; }),
              HasSubstr("count and seconds"));
  EXPECT_THAT(one([](ImportMapping& m) { m.outcome.positive.clear(); }), HasSubstr("outcome.positive: "));
  EXPECT_THAT(one([](ImportMapping& m) { m.permissions[0].purpose = ""; }),
              HasSubstr("permissions[0].purpose: "));
  EXPECT_THAT(one([](ImportMapping& m) {
                m.activity_time.emplace<std::monostate>();
                m.ignore = {"When"};
              }),
              HasSubstr("activity_time: is missing"));
}

TEST(ImportMapping, ItsNameLeavesRoomForTheSource) {
  // "import:" and the name are a source of at most 64 characters.
  for (const size_t length : {1u, 56u, 57u}) {
    EXPECT_THAT(WrongAfter([&](ImportMapping& m) { m.name = std::string(length, 'a'); }), IsEmpty())
        << length;
  }
  for (const size_t length : {0u, 58u}) {
    EXPECT_THAT(WrongAfter([&](ImportMapping& m) { m.name = std::string(length, 'a'); }),
                ElementsAre("name: must be 1 to 57 characters of a-z, 0-9 and -, starting with a letter"))
        << length;
  }
}

TEST(ImportMapping, NamesAttributesAfterColumns) {
  EXPECT_EQ(AttributeName({.column = "Page Views/Visit", .attribute = "", .values = {}, .null_words = {}}),
            "page_views_visit");
}

}  // namespace
}  // namespace finalmile::leads::domain
