#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "services/finalmile/connection.h"
#include "services/finalmile/demo/demo.h"

namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

// Runs command lines as a user does on a fresh machine: nothing is started, each brings the suite up for
// itself.
class SuiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "finalmile-suite-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  struct Result {
    ExitCode code = ExitCode::kOk;
    std::string out;
    std::string error;
  };

  Result Invoke(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--data", folder_ + "/data"});
    const CommandLine line = ParseCommandLine(AllVerbs(), arguments);
    EXPECT_EQ(line.text, "");
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in;
    Output output(out, err, *clock_, {.json = line.common.json});
    Result result;
    {
      SuiteConnector connector(line.common, *clock_, *rng_);
      Session session{output, in, *clock_, *rng_, connector};
      const absl::StatusOr<ExitCode> code = line.action(session);
      result.code = code.ok() ? *code : ExitCodeOf(code.status());
      if (!code.ok()) result.error = ErrorLine(code.status());
    }
    result.out = out.str();
    return result;
  }

  std::string folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
};

TEST_F(SuiteTest, ActivitiesOfOneCommandCountInTheNext) {
  const Result created = Invoke({"leads", "create", "--email", "ada@work.example", "--company", "Work",
                                 "--phone", "1", "--attribute", "staff=300", "--attribute",
                                 "industry=software", "--attribute", "title=CEO", "--json"});
  ASSERT_EQ(created.code, ExitCode::kOk) << created.error;
  leads::v1::Lead lead;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(created.out, &lead).ok());
  EXPECT_GE(lead.score().fit(), 50);

  ASSERT_EQ(Invoke({"activity", "record", "--lead", lead.name(), "--type", "demo_request"}).code,
            ExitCode::kOk);
  const Result events =
      Invoke({"events", "tail", "--from-start", "--type", "LeadBecameSalesReady", "--json"});
  EXPECT_EQ(std::count(events.out.begin(), events.out.end(), '\n'), 1) << events.out;
  EXPECT_THAT(events.out, HasSubstr(lead.name()));
  EXPECT_THAT(events.out, HasSubstr("\"lane\":\"hand-raise\""));

  const Result explained = Invoke({"explain", lead.name(), "--json"});
  leads::v1::ExplainScoreResponse explanation;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(explained.out, &explanation).ok());
  double sum = 0;
  for (const auto& reason : explanation.reasons()) sum += reason.points();
  EXPECT_NEAR(sum, explanation.score().score(), 1e-6);
  EXPECT_THAT(Invoke({"leads", "top"}).out, HasSubstr(lead.name()));
  EXPECT_EQ(Invoke({"parked", "list"}).out.find("failed"), std::string::npos);
  EXPECT_THAT(Invoke({"status"}).out, HasSubstr("in this process"));
}

TEST_F(SuiteTest, ImportsTwiceWithoutADuplicateWithTheShippedPolicies) {
  const std::string file = folder_ + "/leads.csv";
  const std::string mapping = folder_ + "/mapping.yaml";
  std::ofstream(file) << "\xEF\xBB\xBFName;Staff;Visits\r\n\"A \"\"x\"\"\";300;4\r\nB;many;1\r\nC;;0\r\n";
  std::ofstream(mapping) << "name: mine\nid_column: Name\ndelimiter: ';'\n"
                            "attributes: [{column: Staff, type: number}]\n"
                            "activities: [{column: Visits, type: page_view, cell_is_count: true}]\n"
                            "activity_time: {hours_before_import: 24}\n";
  const Result first = Invoke({"import", file, "--mapping", mapping, "--json"});
  EXPECT_EQ(first.code, ExitCode::kPartly) << first.error;
  EXPECT_THAT(
      first.out,
      HasSubstr("\"rows\":3,\"created\":2,\"updated\":0,\"unchanged\":0,\"activities\":1,\"rejected\":1"));
  const Result other = Invoke({"import", file, "--mapping", mapping, "--json", "--request-id", "again"});
  EXPECT_THAT(other.out,
              HasSubstr("\"created\":0,\"updated\":0,\"unchanged\":2,\"activities\":0,\"rejected\":1"));
  for (const std::string policy : {"x-education-1", "bank-marketing-1"}) {
    const Result published = Invoke({"policy", "publish", policy});
    EXPECT_EQ(published.code, ExitCode::kOk) << published.error;
  }
  EXPECT_THAT(Invoke({"policy", "show"}).out, HasSubstr("policies/bank-marketing-1"));
}

TEST_F(SuiteTest, TalksToTheSuiteThatHoldsTheStore) {
  const auto suite = StartQuietly({{"data", folder_ + "/data"}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const Result status = Invoke({"status"});
  EXPECT_EQ(status.code, ExitCode::kOk) << status.error;
  EXPECT_THAT(status.out, HasSubstr((*suite)->address() + " (holds "));
  const Result migrate = Invoke({"migrate"});
  EXPECT_EQ(migrate.code, ExitCode::kRefused);
  EXPECT_THAT(migrate.error, HasSubstr((*suite)->address()));
  EXPECT_EQ(Invoke({"topics", "list"}).code, ExitCode::kOk);
  EXPECT_EQ(Invoke({"events", "tail", "nope", "--until-now"}).code, ExitCode::kNotFound);
  EXPECT_EQ(Invoke({"events", "tail", "--until-now", "--from-start"}).code, ExitCode::kOk);
}

TEST_F(SuiteTest, WrongSettingsAreOneLine) {
  EXPECT_EQ(Invoke({"status", "--store", "mysql://x"}).code, ExitCode::kUsage);
  const std::string file = folder_ + "/data";
  std::ofstream(file) << "not a folder";
  const Result result = Invoke({"leads", "list"});
  EXPECT_EQ(result.code, ExitCode::kRefused);
  EXPECT_THAT(result.error, HasSubstr(file));
}

TEST_F(SuiteTest, TheDemoIsTheSameForASeedAndServesItsStore) {
  const auto lines = [](const std::string& text) { return text.substr(text.find('\n')); };
  const Result first = Invoke({"demo", "--seed", "7"});
  ASSERT_EQ(first.code, ExitCode::kOk) << first.error;
  EXPECT_THAT(first.out, HasSubstr("finalmile dev --data"));
  EXPECT_EQ(Invoke({"demo"}).code, ExitCode::kRefused);
  EXPECT_THAT(Invoke({"leads", "top", "--limit", "3"}).out, HasSubstr("sales ready"));
  std::filesystem::remove_all(folder_ + "/data");
  const Result second = Invoke({"demo", "--seed", "7"});
  EXPECT_EQ(lines(first.out), lines(second.out));
}

}  // namespace
}  // namespace finalmile::cli
