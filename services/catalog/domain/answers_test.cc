#include "services/catalog/domain/answers.h"

#include <gtest/gtest.h>

namespace finalmile::catalog::domain {
namespace {

TEST(Answers, WordsThatSayNothing) {
  for (const char* text :
       {"", " ", "-", "—", "?", "...", "n/a", "N.A.", "TBD", "tbd.", "To do", "none", "unknown"})
    EXPECT_TRUE(SaysNothing(text)) << text;
  for (const char* text : {"X", "sales", "no-code teams", "12 %", "营销"})
    EXPECT_FALSE(SaysNothing(text)) << text;
}

TEST(Answers, ADayAndATime) {
  for (const char* text :
       {"Tuesday, 10:00", "Tue 2 pm", "2026-03-03 14:00", "3 March at 2pm", "Dienstag um 10 Uhr",
        "mardi 10h30", "3/4, 10:00 CET", "Friday noon", "12月3日10時", "miércoles 16:00"})
    EXPECT_TRUE(SaysWhen(text)) << text;
  for (const char* text :
       {"soon", "next week", "Tuesday", "10:00", "2 pm", "in 3 days", "morning", "2026-03-03", ""})
    EXPECT_FALSE(SaysWhen(text)) << text;
}

TEST(Answers, APermission) {
  for (const char* text : {"contract 4711, 2026-02-01", "Jane Roe by e-mail, 3 March",
                           "asked and granted 2026-02-01", "contract No. 4711", "yes, 2026-02-01"})
    EXPECT_TRUE(SaysPermitted(text)) << text;
  for (const char* text :
       {"no", "yes", "not yet", "no (asked 2026-01-02)", "pending since 2026-01-02", "requested 2026-01-02",
        "denied 2026-01-02", "nein, 2026", "soon", "2026: not granted"})
    EXPECT_FALSE(SaysPermitted(text)) << text;
}

}  // namespace
}  // namespace finalmile::catalog::domain
