#include "libs/text/numbers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace finalmile::text {
namespace {

// "1250", "51..200", "ambiguous" or "none".
std::string Read(std::string_view cell, char decimal = 0) {
  const NumberReading number = ReadNumber(cell, decimal);
  switch (number.kind) {
    case NumberReading::Kind::kNumber:
      return fmt::format("{}", number.value);
    case NumberReading::Kind::kRange:
      return fmt::format("{}..{}", number.value, number.upper);
    case NumberReading::Kind::kAmbiguous:
      return "ambiguous";
    case NumberReading::Kind::kNone:
      break;
  }
  return "none";
}

TEST(Numbers, AreReadAsTheyAreWritten) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1250", "1250"},
      {" 1250\u00A0", "1250"},
      {"1 250", "1250"},
      {"1\u202F250\u202F000", "1250000"},
      {"1'250", "1250"},
      {"1’250.5", "1250.5"},
      {"1.250.000", "1250000"},
      {"1,250,000", "1250000"},
      {"1.250,5", "1250.5"},
      {"1,250.5", "1250.5"},
      {"12,50,000", "1250000"},
      {"12.5", "12.5"},
      {"12,5", "12.5"},
      {"0.125", "0.125"},
      {"0,125", "0.125"},
      {"1234.567", "1234.567"},
      {".5", "0.5"},
      {"5.", "5"},
      {"+250", "250"},
      {"-250", "-250"},
      {"−250", "-250"},
      {"２５０", "250"},
      {"1e3", "1000"},
      {"4.47912E+11", "447912000000"},
      {"2,5e-1", "0.25"},
      {"$1,250.00", "1250"},
      {"1.250,00 €", "1250"},
      {"-$5", "-5"},
      {"1.250", "ambiguous"},
      {"1,250", "ambiguous"},
      {"$1,250", "ambiguous"},
      {"-1.250", "ambiguous"},
  };
  for (const auto& [cell, value] : cases) EXPECT_EQ(Read(cell), value) << cell;
}

TEST(Numbers, TheDecimalSignOfTheColumnDecides) {
  EXPECT_EQ(Read("1.250", '.'), "1.25");
  EXPECT_EQ(Read("1.250", ','), "1250");
  EXPECT_EQ(Read("1,250", ','), "1.25");
  EXPECT_EQ(Read("1,250", '.'), "1250");
  // The other sign is no number there.
  EXPECT_EQ(Read("12.5", ','), "none");
  EXPECT_EQ(Read("1.250,5", '.'), "none");
  EXPECT_EQ(Read("1.250.000", '.'), "none");
  EXPECT_EQ(Read("1.250.000", ','), "1250000");
  EXPECT_EQ(Read("1250", ','), "1250");
}

TEST(Numbers, Ranges) {
  EXPECT_EQ(Read("51-200"), "51..200");
  EXPECT_EQ(Read("51 – 200"), "51..200");
  EXPECT_EQ(Read("51 to 200"), "51..200");
  EXPECT_EQ(Read("10 001+"), "10001..inf");
  EXPECT_EQ(Read("10,001+"), "ambiguous");
  EXPECT_EQ(Read("10,001+", '.'), "10001..inf");
  EXPECT_EQ(Read(">= 500"), "500..inf");
  EXPECT_EQ(Read("<10"), "0..10");
  EXPECT_EQ(Read("200-51"), "none");
  EXPECT_EQ(Read("-5-5"), "-5..5");
}

TEST(Numbers, OthersAreNone) {
  for (const std::string_view cell :
       {"",       "-",     "+",         "$",          "many", "0x10", "10 %",   "1.2.3",
        "1,25,0", "12 50", "1.250,5,5", "2026-03-01", "inf",  "nan",  "1e999",  "(250)",
        "e5",     "..",    ",",         "1-",         ">",    "\xFF", "1.2e3.4"}) {
    EXPECT_EQ(Read(cell), "none") << cell;
  }
  EXPECT_EQ(Read(std::string(101, '1')), "none");
}

TEST(Numbers, ShowTheDecimalSign) {
  for (const std::string_view cell :
       {"12.5", "1,250,000", "1,250.5", "0.125", "1 250.5", "4.47912E+11", "1.5-2"}) {
    EXPECT_EQ(DecimalShownBy(cell), '.') << cell;
  }
  for (const std::string_view cell : {"12,5", "1.250.000", "1.250,5", "12-12,5"}) {
    EXPECT_EQ(DecimalShownBy(cell), ',') << cell;
  }
  for (const std::string_view cell : {"", "1250", "1.250", "1,250", "1 250", "many", "51-200", "10,001+"}) {
    EXPECT_EQ(DecimalShownBy(cell), 0) << cell;
  }
}

}  // namespace
}  // namespace finalmile::text
