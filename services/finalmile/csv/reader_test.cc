#include "services/finalmile/csv/reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "libs/base/random.h"
#include "services/finalmile/csv/fuzz.h"
#include "services/finalmile/csv/writer.h"

namespace finalmile::cli::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  std::vector<Row> rows;
  absl::Status status;
};

Outcome ReadAll(const std::string& text, char delimiter = ',') {
  Outcome outcome;
  std::istringstream input(text);
  auto reader = Reader::Open(input, delimiter);
  if (!reader.ok()) return {{}, reader.status()};
  while (true) {
    Row row;
    const absl::StatusOr<bool> more = (*reader)->Next(row);
    if (!more.ok()) {
      outcome.status = more.status();
      return outcome;
    }
    if (!*more) return outcome;
    outcome.rows.push_back(row);
  }
}

std::vector<std::vector<std::string>> Cells(const Outcome& outcome) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : outcome.rows) cells.push_back(row.cells);
  return cells;
}

std::vector<int64_t> Lines(const Outcome& outcome) {
  std::vector<int64_t> lines;
  for (const Row& row : outcome.rows) lines.push_back(row.line);
  return lines;
}

TEST(CsvReader, ReadsRowsWithEveryLineEnd) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const Outcome outcome = ReadAll(fmt::format("a,b{0}1,2{0}3,4", end));
    EXPECT_THAT(Cells(outcome),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2"), ElementsAre("3", "4")));
    EXPECT_THAT(Lines(outcome), ElementsAre(1, 2, 3));
  }
}

TEST(CsvReader, KeepsSpacesQuotesAndEmptyCells) {
  EXPECT_THAT(Cells(ReadAll(" a ,b\t\n,\n\"\",\"x \"\"y\"\"\"\n")),
              ElementsAre(ElementsAre(" a ", "b\t"), ElementsAre("", ""), ElementsAre("", "x \"y\"")));
  EXPECT_THAT(Cells(ReadAll("a;b,c\n", ';')), ElementsAre(ElementsAre("a", "b,c")));
  EXPECT_THAT(Cells(ReadAll("a\t b\n", '\t')), ElementsAre(ElementsAre("a", " b")));
}

TEST(CsvReader, CountsLinesInsideQuotesAndEmptyLines) {
  const Outcome outcome = ReadAll("a,b\r\n\"1\r\n2\n3\r4\",x\r\n\r\n\n5,6\n");
  EXPECT_THAT(Cells(outcome),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1\r\n2\n3\r4", "x"), ElementsAre("5", "6")));
  EXPECT_THAT(Lines(outcome), ElementsAre(1, 2, 8));
}

TEST(CsvReader, SkipsTheByteOrderMarkAndRefusesOtherEncodings) {
  EXPECT_THAT(Cells(ReadAll("\xEF\xBB\xBF\"a\",b\n")), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(Cells(ReadAll("\xEF\xBB\xBF")), ElementsAre());
  EXPECT_THAT(Cells(ReadAll("")), ElementsAre());
  EXPECT_THAT(ReadAll(std::string("\xFF\xFE"
                                  "a\0",
                                  4))
                  .status.message(),
              HasSubstr("UTF-8"));
}

TEST(CsvReader, NamesTheLineOfAQuoteThatIsNotClosed) {
  const Outcome outcome = ReadAll("a,b\n1,2\n3,\"4\n5,6\n");
  EXPECT_EQ(outcome.rows.size(), 2u);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(outcome.status.message(), HasSubstr("line 3: a quote"));
}

TEST(CsvReader, NamesLineAndCellOfAMisplacedQuote) {
  for (const std::string text : {"a,b\n1,x\"y\n", "a,b\n1,\"x\"y\n"}) {
    const Outcome outcome = ReadAll(text);
    EXPECT_EQ(outcome.rows.size(), 1u);
    EXPECT_THAT(outcome.status.message(), HasSubstr("line 2: cell 2 has a quote"));
  }
}

TEST(CsvReader, BoundsARow) {
  const std::string half(Reader::kMaxRowBytes / 2 - 1, 'x');
  EXPECT_EQ(Cells(ReadAll(half + "," + half + "\nb\n")).size(), 2u);
  for (const std::string& text : {fmt::format("{0},{0}y\nb\n", half), fmt::format("\"{0}{0}yyy", half),
                                  fmt::format("{0},{0}y", half)}) {
    const Outcome outcome = ReadAll("head\n" + text);
    EXPECT_EQ(outcome.rows.size(), 1u);
    EXPECT_THAT(outcome.status.message(), HasSubstr("line 2: the row is larger than"));
  }
}

TEST(CsvReader, BoundsTheCellsOfARow) {
  EXPECT_EQ(Cells(ReadAll(std::string(Reader::kMaxRowBytes - 1, ',') + "\n")).size(), 1u);
  EXPECT_THAT(ReadAll(std::string(Reader::kMaxRowBytes, ',') + "\n").status.message(),
              HasSubstr("line 1: the row is"));
}

TEST(CsvReader, StopsReadingSoonAfterAQuoteThatIsNeverClosed) {
  std::istringstream input("\"" + std::string(8 << 20, 'x'));
  auto reader = Reader::Open(input, ',');
  ASSERT_TRUE(reader.ok());
  Row row;
  EXPECT_FALSE((*reader)->Next(row).ok());
  EXPECT_LE((*reader)->bytes_read(), static_cast<int64_t>(Reader::kMaxRowBytes + (128 << 10)));
}

TEST(CsvReader, RefusesDelimitersThatCannotWork) {
  std::istringstream input("a");
  for (const char delimiter : {'"', '\n', '\r', '\0'}) EXPECT_FALSE(Reader::Open(input, delimiter).ok());
}

TEST(CsvReader, ReadsBackWhatIsWritten) {
  const auto rng = NewSeededRng(7);
  constexpr std::string_view kAlphabet = "ab ,;\"\r\n\t\xC3\xA9";
  for (int run = 0; run < 300; ++run) {
    const char delimiter = ",;\t"[rng->Below(3)];
    std::string text;
    std::vector<std::vector<std::string>> rows;
    std::vector<int64_t> lines;
    for (uint64_t i = 0, count = 1 + rng->Below(40); i < count; ++i) {
      std::vector<std::string> cells(1 + rng->Below(5));
      for (std::string& cell : cells) {
        for (uint64_t j = rng->Below(12); j > 0; --j) cell += kAlphabet[rng->Below(kAlphabet.size())];
      }
      text += FormatRow(cells, delimiter);
      rows.push_back(std::move(cells));
    }
    ASSERT_EQ(Cells(ReadAll(text, delimiter)), rows) << "run " << run;
  }
}

TEST(CsvReader, LinesEqualThoseCountedByHand) {
  const auto rng = NewSeededRng(11);
  for (int run = 0; run < 300; ++run) {
    // Cells without line ends other than \n, so that a line is what a text editor shows.
    std::string text;
    std::vector<int64_t> expected;
    int64_t line = 1;
    for (uint64_t i = 0, count = 1 + rng->Below(30); i < count; ++i) {
      expected.push_back(line);
      const uint64_t inner = rng->Below(3);
      text += fmt::format("\"x{}\",y\n", std::string(inner, '\n'));
      line += static_cast<int64_t>(inner) + 1;
      const uint64_t blank = rng->Below(2);
      text += std::string(blank, '\n');
      line += static_cast<int64_t>(blank);
    }
    ASSERT_EQ(Lines(ReadAll(text)), expected) << "run " << run;
  }
}

TEST(CsvReader, KeepsItsPromisesOnAnyBytes) {
  const auto rng = NewSeededRng(13);
  constexpr std::string_view kAlphabet = std::string_view("a,;\"\"\"\r\n\t\0\xEF\xBB\xBF", 13);
  for (int run = 0; run < 20'000; ++run) {
    std::string bytes(rng->Below(60), ' ');
    for (char& byte : bytes) byte = kAlphabet[rng->Below(kAlphabet.size())];
    FuzzReader(bytes);
  }
}

TEST(CsvWriter, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(FormatRow({"a", "b,c", "d\"e", "f\ng", ""}), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
  EXPECT_EQ(FormatRow({""}), "\"\"\r\n");
  EXPECT_EQ(FormatRow({"a,b", "c;d"}, ';'), "a,b;\"c;d\"\r\n");
}

}  // namespace
}  // namespace finalmile::cli::csv
