#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

// A rep's way to a certificate, each line as a command of its own.
class PracticeSuiteTest : public SuiteTest {
 protected:
  std::string File(const std::string& name, const std::string& content) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  Result As(const std::string& who, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--as", who});
    Result result = Invoke(std::move(arguments));
    EXPECT_EQ(result.code, ExitCode::kOk) << result.error;
    return result;
  }
};

TEST_F(PracticeSuiteTest, ThreeDaysAndACoachMakeACertificate) {
  const std::string track =
      File("fleet.md",
           "---\ntitle: Fleet\nowner: max\nsituation: fleet\nkey_messages:\n"
           "  - { id: idle-hours, text: Idle hours are the cost., required: true, cues: [cut idle time by 30 "
           "percent] }\n"
           "---\n## Hook\nListen.\n## Before\nThey idled.\n## After\nThey stopped.\n## Number\n30 % less\n"
           "## Question\nWhat does an hour cost?\n## 15 seconds\n" +
               Words(20) + "\n## 60 seconds\n" + Words(100) + "\n## 180 seconds\n" + Words(300) + "\n");
  const std::string call = File("call.txt", "Kim: We cut idle time by about thirty percent.\nAna: Good.\n");
  As("max:marketer", {"tracks", "import", track});
  As("cora:coach", {"tracks", "example", "fleet", call, "--rep", "Kim", "--title", "First call"});
  As("cora:coach", {"tracks", "publish", "fleet"});

  EXPECT_THAT(As("cora:coach", {"assign", "fleet", "--to", "kim", "--due", "3d"}).out,
              HasSubstr("kim is to practise fleet by"));
  EXPECT_THAT(As("kim:setter", {"practise"}).out, HasSubstr("assigned by cora"));
  const auto practise = [&](const std::string& at) {
    return As("kim:setter", {"practise", "fleet", "--file", call, "--rep", "Kim", "--at", at}).out;
  };
  EXPECT_THAT(practise("2d"),
              AllOf(HasSubstr("cut idle time by about thirty percent"), HasSubstr("1 of 3 days")));
  EXPECT_THAT(practise("1d"), HasSubstr("2 of 3 days"));
  EXPECT_THAT(practise("now"), HasSubstr("3 of 3 days, a coach's review is missing"));
  EXPECT_THAT(As("kim:setter", {"mastery"}).out, HasSubstr("3 of 3 days, a coach's review is missing"));

  EXPECT_THAT(As("cora:coach", {"review"}).out, AllOf(HasSubstr("kim"), HasSubstr("fleet")));
  EXPECT_THAT(As("cora:coach", {"practices", "show", "1"}).out,
              AllOf(HasSubstr("1  Kim: We cut idle time"), HasSubstr("opening")));
  EXPECT_THAT(
      As("cora:coach", {"review", "1", "--level", "opening=3,discovery=3", "--comment", "1:well said"}).out,
      AllOf(HasSubstr("10.0 in place of 10.0"), HasSubstr("mastered")));

  EXPECT_THAT(As("kim:setter", {"practices", "list", "--filter", "state = STATE_REVIEWED"}).out,
              HasSubstr("reviewed"));
  EXPECT_THAT(As("kim:setter", {"mastery"}).out, AllOf(HasSubstr("mastered"), HasSubstr("to 20")));
  EXPECT_THAT(As("mia:manager", {"certificates", "--rep", "kim"}).out, HasSubstr("valid"));
  EXPECT_THAT(As("mia:manager", {"team"}).out, HasSubstr("fleet"));
}

}  // namespace
}  // namespace finalmile::cli
