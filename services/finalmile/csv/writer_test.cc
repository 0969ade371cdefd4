#include "services/finalmile/csv/writer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "services/finalmile/csv/reader.h"

namespace finalmile::cli::csv {
namespace {

TEST(CsvWriter, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(FormatRow({"a", "b,c", "d\"e", "f\ng", ""}), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
  EXPECT_EQ(FormatRow({""}), "\"\"\r\n");
  EXPECT_EQ(FormatRow({"a,b", "c;d"}, ';'), "a,b;\"c;d\"\r\n");
}

// The one cell as it is read back.
std::string InSpreadsheet(const std::string& cell) {
  std::istringstream input(FormatRowForSpreadsheet({"x", cell}));
  auto reader = Reader::Open(input, ',');
  Row row;
  EXPECT_TRUE((*reader)->Next(row).value_or(false));
  EXPECT_EQ(row.cells.size(), 2u);
  return row.cells.back();
}

TEST(CsvWriter, NoCellForASpreadsheetIsAFormula) {
  EXPECT_EQ(FormatRowForSpreadsheet({"a", "=b\"c", ""}), "\"a\",\"'=b\"\"c\",\"\"\r\n");
  for (const std::string cell : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "－1"}) {
    EXPECT_EQ(InSpreadsheet(cell)[0], '\'') << cell;
  }
  EXPECT_EQ(InSpreadsheet("  =1"), "  '=1");
  // What a spreadsheet with other delimiters would take for the beginning of a cell.
  EXPECT_EQ(InSpreadsheet("a;=1"), "a;'=1");
  EXPECT_EQ(InSpreadsheet("a;\"=1"), "a;\"'=1");
  EXPECT_EQ(InSpreadsheet("a\t@b"), "a\t'@b");
  EXPECT_EQ(InSpreadsheet("a\n-b"), "a\n'-b");
  for (const std::string cell : {"", "a", "a=b", "x+1", "1-2", "a@example.com", "'=1", "a, b; c"}) {
    EXPECT_EQ(InSpreadsheet(cell), cell) << cell;
  }
}

}  // namespace
}  // namespace finalmile::cli::csv
