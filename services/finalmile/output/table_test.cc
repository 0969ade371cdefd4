#include "services/finalmile/output/table.h"

#include <gtest/gtest.h>

#include "libs/base/text.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

TEST(Text, WidthOfWideAndCombiningCharacters) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("Zoë"), 3u);
  EXPECT_EQ(DisplayWidth("Zoe\u0308"), 3u);
  EXPECT_EQ(DisplayWidth("東京"), 4u);
  EXPECT_EQ(DisplayWidth("김"), 2u);
  EXPECT_EQ(DisplayWidth("🚚👍"), 4u);
}

TEST(Text, PrintableRemovesWhatATerminalWouldObey) {
  EXPECT_EQ(Printable("a\x1b[2Jb\tc\nd\x7f"), "a [2Jb c d ");
  EXPECT_EQ(Printable("x\u202Ey\u009Bz"), "x y z");
  EXPECT_EQ(Printable("a\xFF\xC3"), "a\uFFFD\uFFFD");
  EXPECT_EQ(Printable("é東"), "é東");
}

TEST(Text, ShortensByWidth) {
  EXPECT_EQ(Shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(Shorten("abcdefg", 6), "abcde…");
  EXPECT_EQ(Shorten("東京都", 6), "東京都");
  EXPECT_EQ(Shorten("東京都", 5), "東京…");
  EXPECT_EQ(Shorten("東京都", 4), "東…");
  EXPECT_EQ(Shorten("ab", 1), "…");
}

TEST(Text, KnowsUtf8) {
  EXPECT_TRUE(IsUtf8("é東🚚"));
  EXPECT_TRUE(IsUtf8(""));
  for (const std::string_view wrong :
       {"\xE9", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xC3"}) {
    EXPECT_FALSE(IsUtf8(wrong));
  }
}

TEST(Table, AlignsByDisplayWidth) {
  Table table({{"NAME"}, {"N", Align::kRight}, {"CITY"}});
  table.Add({"東京", "1", "x"});
  table.Add({"Zoë", "1,000", ""});
  EXPECT_EQ(table.Format({}),
            "NAME      N  CITY\n"
            "東京      1  x\n"
            "Zoë   1,000\n");
}

TEST(Table, ShrinksTheWidestColumnThatMay) {
  Table table({{"A", Align::kLeft, true}, {"B"}});
  table.Add({"abcdefghijklmnop", "fixed-width-cell"});
  EXPECT_EQ(table.Format({.width = 30}),
            "A             B\n"
            "abcdefghijk…  fixed-width-cell\n");
  EXPECT_EQ(table.Format({.width = 34}),
            "A                 B\n"
            "abcdefghijklmnop  fixed-width-cell\n");
  // No column gives way further: the table stays wider than the terminal.
  EXPECT_EQ(table.Format({.width = 5}),
            "A         B\n"
            "abcdefg…  fixed-width-cell\n");
}

TEST(Table, ColoursOnlyWhenAsked) {
  Table table({{"A"}});
  EXPECT_EQ(table.Format({.colour = true}), "\033[1mA\033[0m\n");
  EXPECT_EQ(table.Format({}), "A\n");
}

TEST(Format, Counts) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(-1234567), "-1,234,567");
  EXPECT_EQ(FormatCount(-999), "-999");
}

TEST(Format, Points) {
  EXPECT_EQ(FormatPoints(-0.04), "0.0");
  EXPECT_EQ(FormatPoints(41.26), "41.3");
}

TEST(Format, Ago) {
  const absl::Time now = absl::FromUnixSeconds(1'772'352'000);
  EXPECT_EQ(FormatAgo(now, now), "now");
  EXPECT_EQ(FormatAgo(now - absl::Milliseconds(999), now), "now");
  EXPECT_EQ(FormatAgo(now - absl::Seconds(1), now), "1 s ago");
  EXPECT_EQ(FormatAgo(now - absl::Seconds(59), now), "59 s ago");
  EXPECT_EQ(FormatAgo(now - absl::Seconds(60), now), "1 min ago");
  EXPECT_EQ(FormatAgo(now + absl::Hours(23.5), now), "in 23 h");
  EXPECT_EQ(FormatAgo(now - absl::Hours(24), now), "1 d ago");
  EXPECT_EQ(FormatTime(now - absl::Hours(24), now, absl::UTCTimeZone()), "2026-02-28 08:00 (1 d ago)");
  EXPECT_EQ(FormatTime(absl::InfinitePast(), now, absl::UTCTimeZone()), "-");
}

TEST(Format, Durations) {
  EXPECT_EQ(FormatElapsed(absl::Seconds(7.9)), "0:07");
  EXPECT_EQ(FormatElapsed(absl::Seconds(3599)), "59:59");
  EXPECT_EQ(FormatElapsed(absl::Seconds(3600)), "1:00:00");
}

TEST(Format, Moments) {
  const absl::Time now = absl::FromUnixSeconds(1'772'352'000);
  const auto parse = [&](const std::string& text) {
    absl::Time time = absl::InfinitePast();
    EXPECT_TRUE(ParseMoment(text, now, absl::FixedTimeZone(3600), time)) << text;
    return time;
  };
  EXPECT_EQ(parse("now"), now);
  EXPECT_EQ(parse("2026-03-01T08:00:00Z"), now);
  EXPECT_EQ(parse("2026-03-01T10:00:00.5+02:00"), now + absl::Milliseconds(500));
  EXPECT_EQ(parse("2026-03-01 09:00"), now);
  EXPECT_EQ(parse("2026-03-01"), now - absl::Hours(9));
  EXPECT_EQ(parse("3d"), now - absl::Hours(72));
  EXPECT_EQ(parse("1h30m"), now - absl::Minutes(90));
  absl::Time time;
  for (const std::string text : {"", "yesterday", "-3d", "-1h", "infd", "inf", "2026-13-01", "d"}) {
    EXPECT_FALSE(ParseMoment(text, now, absl::UTCTimeZone(), time)) << text;
  }
}

}  // namespace
}  // namespace finalmile::cli
