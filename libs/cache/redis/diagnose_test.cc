#include "libs/cache/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "libs/testing/findings.h"
#include "libs/testing/redis_server.h"

namespace finalmile::cache {
namespace {

using finalmile::testing::FindingOf;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

class RedisDiagnosis : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = finalmile::testing::RedisServer::Start();
    FINALMILE_NEEDS_REDIS(server);
    server_ = *std::move(server);
    file_ = server_->folder() + "/password";
    std::ofstream(file_) << "s3cret\n";
    Set({"reset", "on", ">s3cret", "~shared:*", "&__redis__:invalidate", "+@all", "-info"});
  }

  // Rules of the user, added to those that it has.
  void Set(const std::vector<std::string>& rules) {
    std::vector<std::string> words = {"ACL", "SETUSER", "tester"};
    words.insert(words.end(), rules.begin(), rules.end());
    ASSERT_EQ(server_->Command(words).value_or(""), "OK");
  }
  std::vector<Finding> Find(const std::string& url) {
    return Diagnose(url, *clock_, "shared", absl::Seconds(5));
  }
  std::vector<Finding> FindAsUser() { return Find(server_->url() + "?user=tester&password.file=" + file_); }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::unique_ptr<finalmile::testing::RedisServer> server_;
  std::string file_;
};

TEST_F(RedisDiagnosis, AServerOfOneSelfIsFineAndStaysEmpty) {
  EXPECT_THAT(Find(server_->url()), Each(Field(&Finding::verdict, Verdict::kOk)));
  EXPECT_EQ(server_->Command({"DBSIZE"}).value_or(""), "0");
}

TEST_F(RedisDiagnosis, AUserLacksWhatIsNamedWithTheRuleThatMendsIt) {
  EXPECT_EQ(FindingOf("rights", FindAsUser()).verdict, Verdict::kOk);
  const Finding memory = FindingOf("memory", FindAsUser());
  EXPECT_EQ(memory.verdict, Verdict::kSkipped);
  EXPECT_THAT(memory.text, HasSubstr("may not run info"));

  Set({"-getrange", "-eval"});
  const Finding commands = FindingOf("rights", FindAsUser());
  EXPECT_EQ(commands.verdict, Verdict::kFail);
  EXPECT_EQ(commands.text, "user tester may not run getrange, eval");
  EXPECT_THAT(commands.advice,
              AllOf(HasSubstr("ACL SETUSER tester"), HasSubstr("+getrange"), HasSubstr("eval")));

  Set({"+@all", "resetkeys", "~other:*"});
  const Finding keys = FindingOf("rights", FindAsUser());
  EXPECT_EQ(keys.text, "user tester may not touch the keys shared:*");
  EXPECT_THAT(keys.advice, HasSubstr("~shared:*"));
}

TEST_F(RedisDiagnosis, TrackingThatIsNotPermittedIsNamed) {
  EXPECT_EQ(FindingOf("tracking", FindAsUser()).verdict, Verdict::kOk);
  Set({"-client|tracking"});
  const Finding tracking = FindingOf("tracking", FindAsUser());
  EXPECT_EQ(tracking.verdict, Verdict::kFail);
  EXPECT_THAT(tracking.advice, HasSubstr("ACL SETUSER tester +client|tracking"));
  Set({"+@all", "resetchannels"});
  EXPECT_THAT(FindingOf("tracking", FindAsUser()).advice, HasSubstr("&__redis__:invalidate"));
}

TEST_F(RedisDiagnosis, AFullServerThatEvictsNothingIsAWarning) {
  ASSERT_TRUE(server_->Command({"CONFIG", "SET", "maxmemory", "100mb"}).ok());
  EXPECT_EQ(FindingOf("memory", Find(server_->url())).verdict, Verdict::kWarn);
  ASSERT_TRUE(server_->Command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}).ok());
  const Finding memory = FindingOf("memory", Find(server_->url()));
  EXPECT_EQ(memory.verdict, Verdict::kOk);
  EXPECT_EQ(memory.text, "maxmemory is 100.00M, maxmemory-policy allkeys-lru");
}

TEST_F(RedisDiagnosis, WhoDoesNotAnswerIsToldFromWhoRefuses) {
  std::ofstream(file_) << "wrong\n";
  const std::vector<Finding> refused = FindAsUser();
  EXPECT_EQ(refused[0].verdict, Verdict::kFail);
  EXPECT_THAT(refused[0].advice, HasSubstr(file_));
  EXPECT_THAT(refused[0].text, ::testing::Not(HasSubstr("wrong")));

  ASSERT_TRUE(server_->Command({"CONFIG", "SET", "requirepass", "any"}).ok());
  EXPECT_EQ(FindingOf("rights", Find(server_->url())).text, "Redis asks for a password");

  server_->Kill();
  const std::vector<Finding> away = Find(server_->url());
  EXPECT_EQ(away[0].verdict, Verdict::kAway);
  EXPECT_EQ(away.size(), 4u);
  for (size_t i = 1; i < away.size(); ++i) EXPECT_EQ(away[i].verdict, Verdict::kSkipped);
}

TEST(LocalDiagnosis, HasNothingToLookAt) {
  const std::unique_ptr<Clock> clock = NewSystemClock();
  EXPECT_THAT(Diagnose("local:", *clock, "shared", absl::Seconds(1)),
              Each(Field(&Finding::verdict, Verdict::kOk)));
  EXPECT_EQ(Diagnose("memcached://x", *clock, "shared", absl::Seconds(1))[0].verdict, Verdict::kFail);
}

}  // namespace
}  // namespace finalmile::cache
