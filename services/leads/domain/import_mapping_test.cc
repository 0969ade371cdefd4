#include "services/leads/domain/import_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "services/leads/domain/test_mapping.h"

namespace finalmile::leads::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"tag"}; }),
              ElementsAre("ignore[0]: the file has no column \"tag\""));
  std::vector<std::string> columns = kColumns;
  columns.emplace_back("Fax");
  EXPECT_THAT(WrongAfter([](ImportMapping&) {}, columns),
              ElementsAre("columns: the header names \"Fax\" twice; rename one of the columns"));
}

TEST(ImportMapping, NamesOfColumnsMatchWhateverTheirCaseAndSpace) {
  EXPECT_THAT(WrongAfter([](ImportMapping& m) {
                m.after_contact = {" TAGS\u00A0"};
                m.fields[0].column = "lead  source";
                m.id_column = "ID";
              }),
              IsEmpty());
  // Two columns that differ so alone have to be written as they are.
  std::vector<std::string> columns = kColumns;
  columns.emplace_back("TAGS");
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"TAGS"}; }, columns), IsEmpty());
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"tags"}; }, columns),
              ::testing::Contains("ignore[0]: the file has no column \"tags\""));
}

TEST(ImportMapping, ColumnsWithoutANameAreLeftOut) {
  std::vector<std::string> columns = kColumns;
  columns.insert(columns.end(), {"", " ", "\u00A0"});
  EXPECT_THAT(WrongAfter([](ImportMapping&) {}, columns), IsEmpty());
  EXPECT_THAT(WrongAfter([](ImportMapping& m) { m.ignore = {"", ""}; }, columns), IsEmpty());
  EXPECT_THAT(WrongAfter(
                  [](ImportMapping& m) {
                    m.id_column = " ";
                    m.ignore = {"Id"};
                  },
                  columns),
              ElementsAre("id_column: is empty; give the name of a column"));
}

TEST(ImportMapping, FormatsAreChecked) {
  const auto wrong = [](ColumnFormat format) {
    const auto all = WrongAfter([&](ImportMapping& m) { m.formats = {std::move(format)}; });
    return all.empty() ? std::string() : all.front();
  };
  EXPECT_EQ(wrong({.column = "", .dates = "dd.mm.yyyy", .decimal = ",", .separators = ";|,\n"}), "");
  EXPECT_EQ(wrong({.column = "Shoe size"}), "formats[0].column: the file has no column \"Shoe size\"");
  EXPECT_THAT(wrong({.column = "", .dates = "dd-mm"}), HasSubstr("formats[0].dates: "));
  EXPECT_THAT(wrong({.column = "", .zone = "Berlin"}), HasSubstr("formats[0].zone: "));
  EXPECT_THAT(wrong({.column = "", .decimal = "'"}), HasSubstr("formats[0].decimal: "));
  for (const size_t signs : {7u, 8u, 9u}) {
    EXPECT_EQ(wrong({.column = "", .separators = std::string(signs, ';')}).empty(), signs < 9) << signs;
  }
  EXPECT_THAT(wrong({.column = "", .separators = "and"}), HasSubstr("formats[0].separators: "));
  EXPECT_THAT(WrongAfter([](ImportMapping& m) {
                m.formats = {{.column = "Staff"}, {.column = "STAFF"}};
              }),
              ElementsAre("formats[1].column: has an entry already; a column has one"));
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
