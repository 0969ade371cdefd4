#include "services/finalmile/import/column_formats.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace finalmile::cli {
namespace {

using leads::v1::ImportMapping;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Columns When (dates), Staff and Views (numbers), Tools (a list).
ImportMapping TestMapping() {
  ImportMapping mapping;
  mapping.mutable_activity_time()->set_column("when");
  mapping.add_attributes()->set_column("Staff");
  mapping.mutable_attributes(0)->set_type(leads::v1::ATTRIBUTE_TYPE_NUMBER);
  mapping.add_attributes()->set_column("Tools");
  mapping.mutable_attributes(1)->set_type(leads::v1::ATTRIBUTE_TYPE_LIST);
  mapping.add_activities()->set_column("Views");
  mapping.mutable_activities(0)->set_cell_is_count(true);
  return mapping;
}

struct Recognised {
  std::vector<std::string> told;
  ImportMapping mapping;

  // The entries as "column dates zone decimal separators".
  std::vector<std::string> Formats() const {
    std::vector<std::string> formats;
    for (const auto& format : mapping.formats()) {
      formats.push_back(format.column() + " " + format.dates() + " " + format.zone() + " " +
                        format.decimal() + " " + format.separators().substr(0, 2));
    }
    return formats;
  }
};

Recognised Recognise(const std::string& rows, const std::string& zone = "",
                     ImportMapping mapping = TestMapping()) {
  std::istringstream input("When;Staff;Views;Tools\n" + rows);
  auto reader = csv::Reader::Open(input, ';');
  const auto told = RecogniseFormats(**reader, zone, mapping);
  EXPECT_TRUE(told.ok()) << told.status();
  return {*told, mapping};
}

TEST(ColumnFormats, OneCellThatShowsItDecidesForItsColumn) {
  const Recognised days = Recognise("01/03/2026;1.250;;\n25/03/2026;12,5;;\n");
  EXPECT_THAT(days.Formats(), ElementsAre("when dd-mm-yyyy   ", "Staff   , "));
  EXPECT_THAT(days.told,
              ElementsAre("Column 'when': dates begin with the day, as line 3 shows.",
                          "Column 'Staff': the comma is before the fraction of numbers, as line 3 shows."));
  const Recognised months = Recognise("03-25-2026;;2.5;\n01-03-2026;;1.250;\n");
  const Recognised years = Recognise("99-12-31;;;\n26-03-01;;;\n");
  EXPECT_THAT(years.Formats(), ElementsAre("when yyyy-mm-dd   "));
  EXPECT_THAT(months.Formats(), ElementsAre("when mm-dd-yyyy   ", "Views   . "));
}

TEST(ColumnFormats, NothingIsDecidedWhereCellsShowBothOrNone) {
  EXPECT_THAT(Recognise("01/03/2026;1.250;;\n02/03/2026;1,250;;\n").Formats(), IsEmpty());
  EXPECT_THAT(Recognise("01/03/2026;1.250;;\n25/03/2026;12,5;;\n03/25/2026;12.5;;\n").Formats(), IsEmpty());
}

TEST(ColumnFormats, NothingIsDescribedThatCellsSayThemselves) {
  EXPECT_THAT(Recognise("25/03/2026;12,5;3;a;b\n2026-03-01;1250;3;a,b\n").Formats(), IsEmpty());
}

TEST(ColumnFormats, CommasOfAListAreTextWhereOtherSignsPartIt) {
  EXPECT_THAT(Recognise(";;;\"Acme, Inc.\"\n;;;\"Acme, Inc.; Example\"\n").Formats(),
              ElementsAre("Tools    ;|"));
  EXPECT_THAT(Recognise(";;;\"a, b\"\n").Formats(), IsEmpty());
}

TEST(ColumnFormats, WhatTheMappingSaysStays) {
  ImportMapping mapping = TestMapping();
  mapping.add_formats()->set_decimal(".");
  EXPECT_THAT(Recognise("01/03/2026;1.250;;\n25/03/2026;12,5;;\n", "", mapping).Formats(),
              ElementsAre("   . ", "when dd-mm-yyyy   "));
  mapping.mutable_formats(0)->set_dates("mm/dd/yyyy");
  EXPECT_THAT(Recognise("01/03/2026;1.250;;\n25/03/2026;12,5;;\n", "", mapping).told, IsEmpty());
}

TEST(ColumnFormats, DaysAreOfTheZoneThatIsGiven) {
  EXPECT_THAT(Recognise("2026-03-01;;;\n", "Europe/Berlin").Formats(), ElementsAre("  Europe/Berlin  "));
  ImportMapping mapping = TestMapping();
  mapping.add_formats()->set_zone("Asia/Tokyo");
  EXPECT_THAT(Recognise("2026-03-01;;;\n", "Europe/Berlin", mapping).Formats(),
              ElementsAre("  Asia/Tokyo  "));
  mapping.clear_formats();
  mapping.clear_activity_time();
  EXPECT_THAT(Recognise("2026-03-01;;;\n", "Europe/Berlin", mapping).Formats(), IsEmpty());
}

TEST(ColumnFormats, RowsWithAFaultShowNothing) {
  EXPECT_THAT(Recognise("01/03/2026;;;\n25/03/2026;x\"y;;\n").Formats(), IsEmpty());
  EXPECT_THAT(Recognise("").told, IsEmpty());
}

}  // namespace
}  // namespace finalmile::cli
