#include "services/leads/domain/import_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "services/leads/domain/test_mapping.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ImportMapping WithFormat(const ColumnFormat& format) {
  ImportMapping mapping = TestMapping();
  mapping.formats = {format};
  return mapping;
}

absl::Time ActivityTimeOf(const std::string& cell, const ImportMapping& mapping) {
  std::vector<std::string> cells = TestCells();
  cells[7] = cell;
  const ImportedLead imported = Lead7(cells, mapping);
  return imported.activities.empty() ? absl::InfinitePast() : imported.activities[0].event_time;
}

TEST(ImportCell, DatesAreReadByTheFormatOfTheirColumn) {
  EXPECT_THAT(
      UnreadOf(7, "01/03/2024"),
      ElementsAre(
          "When: may begin with the day or with the month; say under formats which (dates: dd-mm-yyyy)"));
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const ColumnFormat days{
      .column = "when", .dates = "dd/mm/yyyy", .zone = "Europe/Berlin", .loaded_zone = berlin};
  EXPECT_EQ(ActivityTimeOf("01/03/2024", WithFormat(days)), absl::FromUnixSeconds(1709247600));
  EXPECT_EQ(ActivityTimeOf("01/03/2024", WithFormat({.column = "", .dates = "mm/dd/yyyy"})),
            absl::FromUnixSeconds(1704240000));
  EXPECT_THAT(UnreadOf(7, "25/03/2024", WithFormat({.column = "When", .dates = "mm/dd/yyyy"})),
              ElementsAre("When: is not a date of the form that formats gives for the column"));
  // What the entry of the column leaves out is as for all.
  ImportMapping both = WithFormat({.column = "When", .dates = "mm/dd/yyyy"});
  both.formats.push_back(
      {.column = "", .dates = "dd/mm/yyyy", .zone = "Europe/Berlin", .loaded_zone = berlin});
  EXPECT_EQ(ActivityTimeOf("01/03/2024", both), absl::FromUnixSeconds(1704236400));
}

TEST(ImportCell, NumbersAreReadByTheFormatOfTheirColumn) {
  const auto staff = [](const std::string& cell, const ColumnFormat& format) {
    std::vector<std::string> cells = TestCells();
    cells[1] = cell;
    const ImportedLead imported = Lead7(cells, WithFormat(format));
    const auto found = imported.lead.attributes.find("staff");
    return found == imported.lead.attributes.end() ? -1 : std::get<double>(found->second);
  };
  EXPECT_EQ(staff("1.250", {.column = "Staff", .decimal = ","}), 1250);
  EXPECT_EQ(staff("1.250", {.column = "", .decimal = "."}), 1.25);
  EXPECT_EQ(staff("1.250", {.column = "Visits", .decimal = ","}), -1);
  EXPECT_EQ(staff("51-200", {.column = "Staff", .ranges = RangeEnd::kLower}), 51);
  EXPECT_EQ(staff("51-200", {.column = "Staff", .ranges = RangeEnd::kUpper}), 200);
  EXPECT_EQ(staff("51-200", {.column = "Staff", .ranges = RangeEnd::kMiddle}), 125.5);
  EXPECT_EQ(staff("10 001+", {.column = "Staff", .ranges = RangeEnd::kMiddle}), 10'001);
  EXPECT_THAT(UnreadOf(1, "1.250"), ElementsAre(HasSubstr("Staff: may be a thousand or a fraction")));
  EXPECT_THAT(UnreadOf(1, "51-200"), ElementsAre(HasSubstr("Staff: is a range")));
  EXPECT_THAT(UnreadOf(4, "1,250"), ElementsAre(HasSubstr("Visits: may be a thousand or a fraction")));
}

TEST(ImportCell, AListHasItsSeparators) {
  ImportMapping mapping = TestMapping();
  mapping.attributes[1] = {"Fax", "tools", AttributeType::kList, {{"sf", "Salesforce"}}, {"none"}};
  const auto tools = [&](const std::string& cell, const std::string& separators = "") {
    std::vector<std::string> cells = TestCells();
    cells[12] = cell;
    mapping.formats = {{.column = "Fax", .separators = separators}};
    const ImportedLead imported = Lead7(cells, mapping);
    const auto found = imported.lead.attributes.find("tools");
    return found == imported.lead.attributes.end() ? std::vector<std::string>()
                                                   : std::get<std::vector<std::string>>(found->second);
  };
  for (const std::string cell :
       {"Salesforce; HubSpot", "SF|HubSpot", "[Salesforce, HubSpot]", "Salesforce,HubSpot",
        "[\"Salesforce\", \"HubSpot\"]", "Salesforce\nHubSpot", ";Salesforce;;HubSpot;-"}) {
    EXPECT_THAT(tools(cell), ElementsAre("Salesforce", "HubSpot")) << cell;
  }
  EXPECT_THAT(tools("Acme, Inc.; Example"), ElementsAre("Acme, Inc.", "Example"));
  EXPECT_THAT(tools("Acme, Inc.", ";"), ElementsAre("Acme, Inc."));
  EXPECT_THAT(tools("a/b", "/"), ElementsAre("a", "b"));
  EXPECT_THAT(tools("None"), IsEmpty());
  EXPECT_THAT(tools(";"), IsEmpty());
  mapping.formats.clear();
  for (const size_t values : {99u, 100u, 101u}) {
    std::string cell;
    for (size_t i = 0; i < values; ++i) cell += "x;";
    EXPECT_EQ(tools(cell).size(), values > 100 ? 0 : values);
  }
}

TEST(ImportCell, AWordAboutPermissionThatIsNotListedRejectsTheRow) {
  for (const std::string cell : {"TRUE", "1", "Y", "Ja", "opted out", "✓", "*"}) {
    EXPECT_EQ(RejectOf(9, cell),
              "No Mail: \"" + cell +
                  "\" is listed neither under denied nor under allowed; list it there, or under "
                  "null_words where it says nothing");
  }
  for (const std::string cell : {"YES", " yes\u00A0", "ｙｅｓ", "no", "", "-"})
    EXPECT_EQ(RejectOf(9, cell), "accepted") << cell;
  ImportMapping denials = TestMapping();
  denials.permissions[0].allowed.clear();
  denials.permissions[0].null_words = {"never asked"};
  const auto states = [&](const std::string& cell) {
    std::vector<std::string> cells = TestCells();
    cells[9] = cell;
    std::vector<PermissionState> states;
    for (const Permission& permission : Lead7(cells, denials).lead.permissions)
      states.push_back(permission.state);
    return states;
  };
  EXPECT_THAT(states("yes"), ElementsAre(PermissionState::kDenied));
  EXPECT_THAT(states("No"), IsEmpty());
  EXPECT_THAT(states("Never asked"), IsEmpty());
  EXPECT_NE(RejectOf(9, "false", denials), "accepted");
  denials.permissions[0] = {"No Mail", Channel::kEmail, "sales", {}, {"true"}};
  EXPECT_THAT(states("TRUE"), ElementsAre(PermissionState::kAllowed));
  EXPECT_THAT(states("false"), IsEmpty());
  EXPECT_NE(RejectOf(9, "unsubscribed", denials), "accepted");
}

TEST(ImportCell, WordsOfOutcomesAndActivitiesThatAreNotListedAreNamed) {
  EXPECT_THAT(UnreadOf(8, "Closed Won"), ElementsAre(HasSubstr("Sold: \"Closed Won\" is listed neither")));
  EXPECT_THAT(UnreadOf(5, "TRUE"), ElementsAre(HasSubstr("Demo: \"TRUE\" is not listed under when")));
  EXPECT_THAT(UnreadOf(5, "No"), IsEmpty());
  const auto outcome = [](const std::string& cell, const ImportMapping& mapping = TestMapping()) {
    std::vector<std::string> cells = TestCells();
    cells[8] = cell;
    return Lead7(cells, mapping).lead.outcome;
  };
  EXPECT_EQ(outcome("WON"), Outcome::kPositive);
  EXPECT_EQ(outcome("0"), Outcome::kNegative);
  EXPECT_EQ(outcome("lost"), Outcome::kUnspecified);
  ImportMapping listed = TestMapping();
  listed.outcome.negative = {"lost"};
  listed.outcome.null_words = {"open"};
  EXPECT_EQ(outcome("Lost", listed), Outcome::kNegative);
  EXPECT_EQ(outcome("0", listed), Outcome::kUnspecified);
  EXPECT_THAT(UnreadOf(8, "Open", listed), IsEmpty());
}

TEST(ImportCell, WhatIsNoPhoneNumberIsNotTaken) {
  ImportMapping mapping = TestMapping();
  mapping.fields[0] = {"Lead Source", "phone", {}};
  for (const std::string cell : {"#N/A!", "4.47912E+11", "4,47912E+11", "1234", "n/a", "00000",
                                 "call 5 times at 10, 11 or 12", "123456789012345678901", "#12345"}) {
    EXPECT_THAT(UnreadOf(2, cell, mapping), ElementsAre("Lead Source: is not a phone number")) << cell;
  }
  for (const std::string cell :
       {"+49 (0)30 123-456", "12345", "030/123456 ext. 12", "＋４９ ３０ １２３４", "tel. 030 1234567"}) {
    EXPECT_THAT(UnreadOf(2, cell, mapping), IsEmpty()) << cell;
  }
  EXPECT_THAT(UnreadOf(2, "-", mapping), IsEmpty());
  std::vector<std::string> cells = TestCells();
  cells[2] = "-";
  EXPECT_EQ(Lead7(cells, mapping).lead.phone, "");
}

TEST(ImportCell, QuotesTheBeginningOfAWord) {
  EXPECT_EQ(Quoted("opted out"), "\"opted out\"");
  for (const size_t length : {39u, 40u, 41u}) {
    std::string word, shown;
    for (size_t i = 0; i < length; ++i) word += "é";
    for (size_t i = 0; i < std::min<size_t>(length, 40); ++i) shown += "é";
    EXPECT_EQ(Quoted(word), "\"" + shown + (length > 40 ? "…\"" : "\""));
  }
}

TEST(ImportCell, OppositesArePlainWordsOfOnePair) {
  const std::vector<std::string> yes = {"yes", "won"};
  EXPECT_TRUE(IsOppositeOf(yes, "no"));
  for (const std::string word : {"n", "false", "0", "lost", "yes", ""})
    EXPECT_FALSE(IsOppositeOf(yes, word)) << word;
  EXPECT_TRUE(IsOppositeOf({"0"}, "1"));
}

TEST(ImportCell, SpacedWordsAreThoseOfAnyScript) {
  EXPECT_EQ(SpacedWords("Vice-President, ＥＭＥＡ"), " vice president emea ");
  EXPECT_EQ(SpacedWords("CTO’s \u201Coffice\u201D"), " cto s office ");
  EXPECT_EQ(SpacedWords("C.E.O. of B.V. Example"), " ceo of bv example ");
  EXPECT_EQ(SpacedWords("営業部長"), " 営業部長 ");
  EXPECT_EQ(SpacedWords(" –\u00A0, "), "");
}

}  // namespace
}  // namespace finalmile::leads::domain
