#include "services/finalmile/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "libs/rpc/errors.h"
#include "services/finalmile/role_refusal.h"

namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

CommandLine Parse(const std::vector<std::string>& arguments) {
  return ParseCommandLine(ChannelVerbs(), arguments);
}

std::string MistakeOf(const std::vector<std::string>& arguments) {
  const CommandLine line = Parse(arguments);
  EXPECT_EQ(line.exit_code, ExitCode::kUsage);
  EXPECT_FALSE(line.action);
  EXPECT_EQ(std::count(line.text.begin(), line.text.end(), '\n'), 1) << line.text;
  EXPECT_TRUE(line.text.starts_with("finalmile: ")) << line.text;
  return line.text;
}

TEST(CommandLine, EveryVerbHasHelpWithItsExample) {
  std::set<std::string_view> paths;
  for (const Verb& verb : ChannelVerbs()) {
    EXPECT_TRUE(paths.insert(verb.path).second) << verb.path;
    EXPECT_TRUE(
        verb.example.starts_with("finalmile " + std::string(verb.path.substr(0, verb.path.find(' ')))))
        << verb.path;
    std::vector<std::string> arguments;
    std::string path(verb.path);
    const size_t space = path.find(' ');
    arguments.push_back(path.substr(0, space));
    if (space != std::string::npos) {
      EXPECT_FALSE(GroupSummary(arguments[0]).empty()) << path;
      arguments.push_back(path.substr(space + 1));
    }
    arguments.emplace_back("--help");
    const CommandLine line = Parse(arguments);
    EXPECT_EQ(line.exit_code, ExitCode::kOk) << path;
    EXPECT_THAT(line.text, HasSubstr(std::string(verb.example))) << path;
    EXPECT_THAT(line.text, HasSubstr(std::string(verb.summary))) << path;
  }
}

TEST(CommandLine, RootHelpListsVerbsAndExitCodes) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"--help"}}) {
    const CommandLine line = Parse(arguments);
    EXPECT_EQ(line.exit_code, ExitCode::kOk);
    EXPECT_THAT(line.text, HasSubstr("Exit codes:"));
    EXPECT_THAT(line.text, HasSubstr("import"));
    EXPECT_THAT(line.text, HasSubstr("--address"));
  }
}

TEST(CommandLine, CommonFlagsStandBeforeOrAfterTheVerb) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--json", "--address", "h:1", "leads", "top", "--limit", "5"},
        {"leads", "--json", "top", "--limit=5", "--address=h:1"},
        {"leads", "top", "--limit", "7", "--json", "--address", "h:1", "--limit", "5"}}) {
    const CommandLine line = Parse(arguments);
    EXPECT_EQ(line.text, "");
    EXPECT_EQ(line.path, "leads top");
    EXPECT_TRUE(line.common.json);
    EXPECT_EQ(line.common.address, "h:1");
    EXPECT_TRUE(line.action);
  }
}

TEST(CommandLine, MistakesAreOneLineThatNamesTheThing) {
  EXPECT_THAT(MistakeOf({"leeds", "top"}),
              HasSubstr("there is no verb 'leeds'; is 'leads' meant?; see finalmile --help"));
  EXPECT_THAT(MistakeOf({"leads", "tpo"}),
              HasSubstr("there is no verb 'tpo'; is 'top' meant?; see finalmile leads --help"));
  EXPECT_THAT(MistakeOf({"leads"}), HasSubstr("a verb is missing; see finalmile leads --help"));
  EXPECT_THAT(MistakeOf({"leads", "top", "--limt", "5"}), HasSubstr("--limt"));
  EXPECT_THAT(MistakeOf({"leads", "top", "--limit", "0"}), HasSubstr("--limit"));
  EXPECT_THAT(MistakeOf({"leads", "top", "--limit", "1001"}), HasSubstr("--limit"));
  EXPECT_THAT(MistakeOf({"leads", "top", "--limit", "many"}), HasSubstr("--limit"));
  EXPECT_THAT(MistakeOf({"leads", "show"}), HasSubstr("LEAD"));
  EXPECT_THAT(MistakeOf({"leads", "show", "a", "b"}), HasSubstr("b"));
  EXPECT_THAT(MistakeOf({"import"}), HasSubstr("PATH"));
  EXPECT_THAT(MistakeOf({"--timeout", "0", "version"}), HasSubstr("--timeout"));
}

TEST(CommandLine, LimitsAreTaken) {
  EXPECT_EQ(Parse({"leads", "top", "--limit", "1"}).text, "");
  EXPECT_EQ(Parse({"leads", "top", "--limit", "1000"}).text, "");
}

TEST(Errors, NameFieldsAndWhatToDo) {
  rpc::FieldViolations violations;
  violations.Add("lead.email", "must be an address");
  violations.Add("lead.phone", "is too long");
  const absl::Status status = violations.ToStatus();
  EXPECT_EQ(ErrorLine(status), "lead.email: must be an address; lead.phone: is too long");
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  for (const char* field : {"c", "d", "e"}) violations.Add(field, "x");
  EXPECT_THAT(ErrorLine(violations.ToStatus()), HasSubstr("; c: x; and 2 more"));
  EXPECT_THAT(ErrorLine(absl::UnauthenticatedError("no token")),
              HasSubstr("no token; give a valid token with --token-file"));
  EXPECT_EQ(ErrorLine(absl::InternalError("")), "INTERNAL");
  EXPECT_EQ(ErrorLine(absl::InternalError("a\nb\x1b")), "a b ");
}

TEST(Errors, ExitCodes) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeOf(absl::AbortedError("")), ExitCode::kRefused);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("")), ExitCode::kRefused);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), ExitCode::kFailed);
}

TEST(RoleRefusal, NamesTheVerbRatherThanTheMethod) {
  const absl::Status denied = rpc::Error(
      absl::StatusCode::kPermissionDenied, "ROLE_MISSING",
      "kim may not call /finalmile.coaching.v1.TalkTrackService/PublishTalkTrack: it needs one of the roles "
      "admin, coach",
      {{"method", "/finalmile.coaching.v1.TalkTrackService/PublishTalkTrack"},
       {"principal", "kim"},
       {"roles", "admin, coach"}});
  const absl::Status said = InWordsOf("tracks publish", denied);
  EXPECT_EQ(
      ErrorLine(said),
      "kim may not run finalmile tracks publish, which needs one of the roles admin, coach; ask an admin "
      "for a role that may do this");
  EXPECT_EQ(ExitCodeOf(said), ExitCode::kRefused);
  // What is refused to a role for another reason, and every other error, stays as it is.
  for (const absl::Status& other :
       {rpc::Error(absl::StatusCode::kPermissionDenied, "ROLE_MISSING", "assets/a: no", {{"roles", "admin"}}),
        rpc::Error(absl::StatusCode::kPermissionDenied, "NOT_YOURS", "it is another's"),
        absl::UnauthenticatedError("no token"), absl::OkStatus()})
    EXPECT_EQ(InWordsOf("tracks publish", other), other);
}

}  // namespace
}  // namespace finalmile::cli
