#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

// The way of a talk track from its file to a rep, each line as a command of its own.
class TracksSuiteTest : public SuiteTest {
 protected:
  std::string File(const std::string& name, const std::string& content) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  Result As(const std::string& who, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--as", who});
    return Invoke(std::move(arguments));
  }
};

TEST_F(TracksSuiteTest, ATrackIsImportedShownInRolePublishedAndUsed) {
  const std::string head =
      "---\n"
      "title: New fleet manager\n"
      "owner: max\n"
      "situation: new-fleet-manager\n"
      "key_messages:\n"
      "  - { id: idle-hours, text: Idle hours are the cost., required: true, cues: [cut idle time by 30 "
      "percent] }\n"
      "---\n";
  const std::string story =
      "## Hook\nYour predecessor counted trucks.\n## Before\nThey idled.\n## After\nThey stopped.\n"
      "## Number\n30 % less\n## Question\nWhat does an hour cost?\n";
  const std::string file = File("New fleet manager.md", head + story);
  const Result imported = As("max:marketer", {"tracks", "import", file});
  ASSERT_EQ(imported.code, ExitCode::kOk) << imported.error << imported.notes;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("created"), HasSubstr("talkTracks/new-fleet-manager")));
  const Result early = As("cora:coach", {"tracks", "publish", "new-fleet-manager"});
  EXPECT_EQ(early.code, ExitCode::kRefused);
  EXPECT_THAT(early.error, AllOf(HasSubstr("story.telling_short"), HasSubstr("and 1 more"),
                                 HasSubstr("finalmile tracks show says all of it")));
  EXPECT_EQ(As("kim:setter", {"tracks", "show", "new-fleet-manager"}).code, ExitCode::kNotFound);

  File("New fleet manager.md", head + story + "## 15 seconds\n" + Words(20) + "\n## 60 seconds\n" +
                                   Words(100) + "\n## 180 seconds\n" + Words(300) + "\n");
  EXPECT_THAT(As("max:marketer", {"tracks", "import", file}).out, HasSubstr("new version"));
  EXPECT_THAT(As("max:marketer", {"tracks", "import", file}).out, HasSubstr("unchanged"));
  const std::string call = File("call.txt", "Kim: We cut idle time by about thirty percent.\nAna: Good.\n");
  const Result example = As("cora:coach", {"tracks", "example", "new-fleet-manager", call, "--rep", "Kim",
                                           "--title", "First call"});
  ASSERT_EQ(example.code, ExitCode::kOk) << example.error;
  const Result published = As("cora:coach", {"tracks", "publish", "new-fleet-manager"});
  ASSERT_EQ(published.code, ExitCode::kOk) << published.error;
  EXPECT_THAT(published.out, AllOf(HasSubstr("published"), HasSubstr("4 of 5")));

  EXPECT_THAT(As("kim:setter", {"tracks", "list"}).out, HasSubstr("New fleet manager"));
  EXPECT_THAT(As("kim:setter", {"tracks", "show", "new-fleet-manager"}).out,
              AllOf(HasSubstr("First call (staged, 2 turns)"), Not(HasSubstr("It lacks"))));
  const Result analysis = As("kim:setter", {"analyze", call, "--rep", "Kim", "--track", "new-fleet-manager"});
  ASSERT_EQ(analysis.code, ExitCode::kOk) << analysis.error;
  EXPECT_THAT(analysis.out, AllOf(HasSubstr("coverage 1 of 1 messages"), HasSubstr("score 10.0"),
                                  HasSubstr("cut idle time by about thirty percent")));
  const Result told = Invoke({"events", "tail", "coaching.events", "--from-start", "--until-now", "--json"});
  EXPECT_THAT(told.out, AllOf(HasSubstr("talkTracks/new-fleet-manager"), Not(HasSubstr("thirty"))));
}

TEST_F(TracksSuiteTest, AnalyzeNeedsNoTrack) {
  const std::string call = File("call.txt", "Kim: How many trucks do you have?\nAna: Forty.\n");
  const Result analysis = Invoke({"analyze", call, "--rep", "Kim"});
  ASSERT_EQ(analysis.code, ExitCode::kOk) << analysis.error;
  EXPECT_THAT(analysis.out, HasSubstr("1 question, 1 open"));
}

}  // namespace
}  // namespace finalmile::cli
