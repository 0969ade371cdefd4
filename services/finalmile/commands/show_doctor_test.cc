#include "services/finalmile/commands/show_doctor.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "libs/base/clock.h"

namespace finalmile::cli {
namespace {

struct Shown {
  ExitCode code;
  std::string text;
};

Shown Show(const std::vector<FindingGroup>& groups, bool json = false) {
  const std::unique_ptr<Clock> clock = NewSystemClock();
  std::ostringstream out;
  Output output(out, out, *clock, {.json = json});
  DoctorReport report(output);
  for (const FindingGroup& group : groups) report.Add(group);
  const ExitCode code = report.Finish();
  return {code, out.str()};
}

const FindingGroup kStore{
    "store of leads",
    {{Verdict::kOk, "reach", "it answers"},
     {Verdict::kFail, "rights", "role leads cannot INSERT into outbox", "grant it: GRANT …"},
     {Verdict::kWarn, "clock", "it is late", "set it"}}};
const FindingGroup kEvents{"events",
                           {{Verdict::kAway, "reach", "nobody answers"},
                            {Verdict::kSkipped, "topics", "Kafka was not reached"},
                            {Verdict::kSkipped, "groups", "Kafka was not reached"},
                            {Verdict::kSkipped, "limits", "not permitted"}}};

TEST(ShowDoctor, ALineForEachCheckAndASum) {
  const Shown shown = Show({kStore, {"empty", {}}, kEvents});
  EXPECT_EQ(shown.text,
            "OK   store of leads: it answers\n"
            "FAIL store of leads: role leads cannot INSERT into outbox; grant it: GRANT …\n"
            "WARN store of leads: it is late; set it\n"
            "\n"
            "FAIL events: nobody answers\n"
            "SKIP events: topics, groups: Kafka was not reached\n"
            "SKIP events: limits: not permitted\n"
            "\n"
            "2 failed (1 of them did not answer), 1 to look at, 1 fine, 3 skipped\n");
}

TEST(ShowDoctor, TheExitCodeTellsAFaultFromWantOfAnAnswer) {
  EXPECT_EQ(Show({kStore, kEvents}).code, ExitCode::kFailed);
  EXPECT_EQ(Show({kEvents}).code, ExitCode::kUnavailable);
  EXPECT_EQ(Show({{"x", {{Verdict::kWarn, "y", "z"}, {Verdict::kSkipped, "y", "z"}}}}).code, ExitCode::kOk);
}

TEST(ShowDoctor, JsonIsOneDocument) {
  const Shown shown = Show({kStore, kEvents}, /*json=*/true);
  const nlohmann::json document = nlohmann::json::parse(shown.text);
  EXPECT_EQ(document["groups"][0]["group"], "store of leads");
  EXPECT_EQ(document["groups"][0]["checks"][1],
            (nlohmann::json{{"check", "rights"},
                            {"verdict", "fail"},
                            {"finding", "role leads cannot INSERT into outbox"},
                            {"advice", "grant it: GRANT …"}}));
  EXPECT_EQ(document["groups"][1]["checks"].size(), 4u);
  EXPECT_EQ(document["counts"],
            (nlohmann::json{{"ok", 1}, {"warn", 1}, {"fail", 1}, {"unreachable", 1}, {"skipped", 3}}));
  EXPECT_TRUE(document.contains("version"));
  EXPECT_EQ(shown.code, ExitCode::kFailed);
}

}  // namespace
}  // namespace finalmile::cli
