#include "services/finalmile/csv/reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

Outcome ReadAll(const std::string& text, char delimiter = ',', const std::string& encoding = "") {
  Outcome outcome;
  std::istringstream input(text);
  auto reader = Reader::Open(input, delimiter, encoding);
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
  for (const Row& row : outcome.rows) {
    EXPECT_EQ(row.fault, "");
    cells.push_back(row.cells);
  }
  return cells;
}

std::vector<int64_t> Lines(const Outcome& outcome) {
  std::vector<int64_t> lines;
  for (const Row& row : outcome.rows) lines.push_back(row.line);
  return lines;
}

// "2: a|b", and "3! what is wrong: its first line" for a row with a fault.
std::vector<std::string> Rows(const Outcome& outcome) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  std::vector<std::string> rows;
  for (const Row& row : outcome.rows) {
    rows.push_back(row.fault.empty()
                       ? fmt::format("{}: {}", row.line, fmt::join(row.cells, "|"))
                       : fmt::format("{}! {}: {}", row.line, row.fault.substr(0, 20), row.cells.at(0)));
  }
  return rows;
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

TEST(CsvReader, AQuoteInTheWrongPlaceCostsItsRow) {
  for (const std::string stray : {"1,x\"y", "1,\"x\"y", "1, x\"", "1,\"x\" \"y\""}) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
      const std::string text = fmt::format("a,b{1}{0}{1}2,z{1}", stray, end);
      EXPECT_THAT(Rows(ReadAll(text)),
                  ElementsAre("1: a|b", fmt::format("2! cell 2 has a quote i: {}", stray), "3: 2|z"));
    }
  }
  EXPECT_THAT(ReadAll("1,x\"y").rows.at(0).fault,
              HasSubstr("cell 2 has a quote in the wrong place; put the cell in quotes"));
}

TEST(CsvReader, AQuoteThatIsNotClosedCostsItsLine) {
  EXPECT_THAT(Rows(ReadAll("a,b\n1,2\n3,\"4\n5,6\n7,8")),
              ElementsAre("1: a|b", "2: 1|2", "3! the quote that opens: 3,\"4", "4: 5|6", "5: 7|8"));
  // The next quote shows that it was not closed.
  EXPECT_THAT(Rows(ReadAll("1,\"2\r\n3,\"x,y\"\r\n5,6\r\n")),
              ElementsAre("1! cell 2 has a quote i: 1,\"2", "2: 3|x,y", "3: 5|6"));
  EXPECT_THAT(Rows(ReadAll("\"")), ElementsAre("1! the quote that opens: \""));
}

TEST(CsvReader, ARowThatIsTooLargeCostsItself) {
  const std::string half(Reader::kMaxRowBytes / 2 - 1, 'x');
  const std::string lines = half.substr(0, 1000) + "\n" + half;
  EXPECT_EQ(Cells(ReadAll(fmt::format("{0},{0}\nb\n", half))).size(), 2u);
  for (const std::string& text : {fmt::format("{0},{0}y", half), fmt::format("\"{0}{0}\",a", lines)}) {
    const Outcome outcome = ReadAll(fmt::format("head\n{}\nb\n", text));
    ASSERT_EQ(outcome.rows.size(), 3u);
    EXPECT_EQ(outcome.rows[1].fault, "the row is larger than 1048576 bytes");
    EXPECT_EQ(outcome.rows[1].cells.at(0), text.substr(0, 1000));
    EXPECT_THAT(outcome.rows[2].cells, ElementsAre("b"));
    EXPECT_EQ(outcome.rows[2].line, 3 + std::count(text.begin(), text.end(), '\n'));
  }
}

TEST(CsvReader, BoundsTheCellsOfARow) {
  EXPECT_EQ(Cells(ReadAll(std::string(Reader::kMaxRowBytes - 1, ',') + "\n")).size(), 1u);
  EXPECT_THAT(ReadAll(std::string(Reader::kMaxRowBytes, ',') + "\n").rows.at(0).fault, HasSubstr("larger"));
}

TEST(CsvReader, ManyLinesAfterAQuoteThatIsNeverClosedAreRead) {
  std::string text = "a,\"b\n";
  for (int i = 0; i < 100'000; ++i)
    text += fmt::format("row {},some text that makes it more than a block\n", i);
  const Outcome outcome = ReadAll(text);
  ASSERT_TRUE(outcome.status.ok());
  ASSERT_EQ(outcome.rows.size(), 100'001u);
  EXPECT_NE(outcome.rows[0].fault, "");
  EXPECT_EQ(outcome.rows[100'000].cells[0], "row 99999");
  EXPECT_EQ(outcome.rows[100'000].line, 100'001);
}

TEST(CsvReader, SpacesMayStandAroundQuotes) {
  EXPECT_THAT(Rows(ReadAll("a, \"b,c\" ,d\n")), ElementsAre("1: a|b,c|d"));
}

TEST(CsvReader, TheFileMayNameItsDelimiter) {
  for (const std::string line : {"sep=;", "SEP=;", "\"sep=;\"", "\xEF\xBB\xBFsep=;"}) {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
      EXPECT_THAT(Rows(ReadAll(fmt::format("{0}{1}a;b{1}1;2", line, end))), ElementsAre("2: a|b", "3: 1|2"))
          << line;
    }
  }
  EXPECT_THAT(Rows(ReadAll("sep=\t\na\tb\n")), ElementsAre("2: a|b"));
  EXPECT_THAT(Rows(ReadAll("sep=;")), ElementsAre());
  EXPECT_THAT(Rows(ReadAll("sep=;x,y\n")), ElementsAre("1: sep=;x|y"));
  EXPECT_THAT(Rows(ReadAll("sep=a\n")), ElementsAre("1: sep=a"));
  EXPECT_THAT(Rows(ReadAll("a\nsep=;\n")), ElementsAre("1: a", "2: sep=;"));
}

TEST(CsvReader, DecodesOtherEncodings) {
  EXPECT_THAT(Rows(ReadAll("Jos\xE9,\x80 5\n", ',', "windows-1252")), ElementsAre("1: Jos\u00E9|\u20AC 5"));
  EXPECT_THAT(Rows(ReadAll("\xA4\n", ',', "iso-8859-15")), ElementsAre("1: \u20AC"));
  EXPECT_THAT(Rows(ReadAll("\x83\x4A;\x83\x7C\n", ';', "shift_jis")), ElementsAre("1: \u30AB|\u30DD"));
  EXPECT_THAT(Rows(ReadAll("a\nb\x81\nc\n", ',', "windows-1252")),
              ElementsAre("1: a", "2! holds bytes that the: b\x81", "3: c"));
  for (const std::string encoding : {"utf-16", "utf-16le", "ebcdic-us", "no-such"}) {
    EXPECT_THAT(std::string(ReadAll("a", ',', encoding).status.message()),
                HasSubstr("--encoding " + encoding));
  }
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

}  // namespace
}  // namespace finalmile::cli::csv
