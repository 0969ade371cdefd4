#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "services/leads/domain/import_row.h"
#include "services/leads/domain/test_policy.h"

// A mapping with every kind of column, for tests of rows and cells.
namespace finalmile::leads::domain {

inline const std::vector<std::string> kColumns = {"Id",   "Staff", "Lead Source", "EMail", "Visits",
                                                  "Demo", "Time",  "When",        "Sold",  "No Mail",
                                                  "Tags", "Rank",  "Fax"};

inline ImportMapping TestMapping() {
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

inline std::vector<std::string> TestCells() {
  return {"r-1",    "250", "GOOGLE", " Ann@Example.com ", "3.7", "Yes", "61.5", "2024-05-01", "won", "No",
          "called", "3",   "n"};
}

inline std::variant<ImportedLead, Reject> Map(const std::vector<std::string>& cells,
                                              const ImportMapping& mapping = TestMapping()) {
  EXPECT_THAT(Validate(mapping, kColumns), ::testing::IsEmpty());
  return ImportPlan(mapping, kColumns).MapRow(cells, 7, kMonday);
}

inline ImportedLead Lead7(std::vector<std::string> cells = TestCells(),
                          const ImportMapping& mapping = TestMapping()) {
  auto result = Map(cells, mapping);
  if (const auto* reject = std::get_if<Reject>(&result)) {
    ADD_FAILURE() << reject->column << ": " << reject->reason;
    return {};
  }
  return std::get<ImportedLead>(result);
}

// "column: reason" after setting one cell.
inline std::string RejectOf(size_t column, std::string cell, const ImportMapping& mapping = TestMapping()) {
  std::vector<std::string> cells = TestCells();
  cells[column] = std::move(cell);
  const auto result = Map(cells, mapping);
  const auto* reject = std::get_if<Reject>(&result);
  return reject == nullptr ? "accepted" : reject->column + ": " + reject->reason;
}

// What is not read after setting one cell; each as "column: reason".
inline std::vector<std::string> UnreadOf(size_t column, std::string cell,
                                         const ImportMapping& mapping = TestMapping()) {
  std::vector<std::string> cells = TestCells();
  cells[column] = std::move(cell);
  std::vector<std::string> unread;
  for (const Reject& one : Lead7(cells, mapping).unread) unread.push_back(one.column + ": " + one.reason);
  return unread;
}

}  // namespace finalmile::leads::domain
