#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "libs/storage/database.h"
#include "libs/storage/diagnose.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"

namespace finalmile::storage {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr std::string_view kLibraries[] = {"outbox"};
constexpr Migration kOutbox[] = {{1, "delivery", "CREATE TABLE outbox (id {identity}, key TEXT NOT NULL)"}};
constexpr Migration kThings[] = {
    {1, "things", "CREATE TABLE things (id BIGINT); CREATE TABLE parts (id BIGINT)"},
    {2, "more", "ALTER TABLE things ADD COLUMN more BIGINT", Change::kExpand}};

// The machine's clock, with another wall clock.
class SkewedClock final : public Clock {
 public:
  SkewedClock(Clock& inner, absl::Duration skew) : inner_(inner), skew_(skew) {}
  absl::Time Now() const override { return inner_.Now() + skew_; }
  absl::Duration Steady() const override { return inner_.Steady(); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return inner_.NewWaitEvent(); }

 private:
  Clock& inner_;
  const absl::Duration skew_;
};

class PostgresDiagnosis : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = finalmile::testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(server);
    server_ = *server;
    auto name = server_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    name_ = *name;
    auto owner = storage::Open(server_->url(name_), *clock_, {.connections = 2});
    ASSERT_TRUE(owner.ok()) << owner.status();
    owner_ = *std::move(owner);
  }

  static StoreNeeds Needs(std::span<const Migration> things = kThings) {
    return {{"things", kLibraries}, {{"outbox", kOutbox}, {"things", things}}};
  }
  void MigrateAll(std::span<const Migration> things = kThings) {
    ASSERT_EQ(Migrate(*owner_, *clock_, "outbox", kOutbox), absl::OkStatus());
    ASSERT_EQ(Migrate(*owner_, *clock_, "things", things), absl::OkStatus());
  }
  void Run(const std::string& sql) {
    ASSERT_EQ(owner_->Transact({.deadline = clock_->Steady() + absl::Seconds(10)},
                               [&](Transaction& transaction) { return transaction.Execute(sql).status(); }),
              absl::OkStatus())
        << sql;
  }
  // The role has no password: every test names one for itself.
  std::string UrlOf(const std::string& role) const {
    return fmt::format("postgresql://{}@127.0.0.1:{}/{}", role, server_->port(), name_);
  }

  std::vector<Finding> Find(const std::string& url, const StoreNeeds& needs) {
    return Diagnose(url, *clock_, needs, kPatience).findings;
  }
  // Those of one check.
  static std::vector<Finding> Of(std::string_view check, const std::vector<Finding>& findings) {
    std::vector<Finding> found;
    for (const Finding& finding : findings) {
      if (finding.check == check) found.push_back(finding);
    }
    EXPECT_FALSE(found.empty()) << check;
    if (found.empty()) found.push_back({Verdict::kSkipped, "none", ""});
    return found;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  finalmile::testing::PostgresServer* server_ = nullptr;
  std::string name_;
  std::unique_ptr<Database> owner_;
};

TEST_F(PostgresDiagnosis, AStoreAsItShouldBeHasNoFault) {
  MigrateAll();
  const StoreDiagnosis diagnosis = Diagnose(server_->url(name_), *clock_, Needs(), kPatience);
  EXPECT_THAT(diagnosis.findings, Each(Field(&Finding::verdict, Verdict::kOk)));
  EXPECT_THAT(
      Of("reach", diagnosis.findings)[0].text,
      AllOf(HasSubstr("postgresql:///" + name_ + " answers as role postgres"), HasSubstr("on this machine")));
  EXPECT_EQ(Of("rights", diagnosis.findings)[0].text, "role postgres may read and write 4 tables");
  ASSERT_TRUE(diagnosis.sessions.has_value());
  EXPECT_EQ(diagnosis.sessions->most, 97) << "max_connections 100 less 3";
  EXPECT_GE(diagnosis.sessions->held_here, 2);
  EXPECT_GE(diagnosis.sessions->held, diagnosis.sessions->held_here);
}

TEST_F(PostgresDiagnosis, ARightThatIsMissingIsNamedWithTheGrantThatMendsIt) {
  MigrateAll();
  Run("CREATE ROLE writer LOGIN");
  Run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer");
  Run("REVOKE INSERT ON outbox FROM writer");
  const Finding lacking = Of("rights", Find(UrlOf("writer"), Needs()))[0];
  EXPECT_EQ(lacking.verdict, Verdict::kFail);
  EXPECT_EQ(lacking.text, "role writer cannot INSERT into outbox");
  EXPECT_EQ(lacking.advice, "grant it, as the owner of the tables: GRANT INSERT ON outbox TO writer;");
  Run(lacking.advice.substr(lacking.advice.find("GRANT")));
  EXPECT_EQ(Of("rights", Find(UrlOf("writer"), Needs()))[0].verdict, Verdict::kOk);

  // Tables of others in the same schema are not looked at.
  Run("CREATE TABLE of_others (id BIGINT)");
  EXPECT_EQ(Of("rights", Find(UrlOf("writer"), Needs()))[0].verdict, Verdict::kOk);

  Run("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM writer");
  const std::vector<Finding> nothing = Find(UrlOf("writer"), Needs());
  const std::vector<Finding> rights = Of("rights", nothing);
  ASSERT_EQ(rights.size(), 2u);
  EXPECT_EQ(rights[0].text, "role writer cannot SELECT from schema_migrations");
  EXPECT_EQ(rights[1].text, "role writer lacks SELECT, INSERT, UPDATE, DELETE on outbox, parts, things");
  EXPECT_EQ(Of("schema", nothing)[0].verdict, Verdict::kSkipped);
  EXPECT_EQ(Of("clock", nothing)[0].verdict, Verdict::kOk) << "what can be looked at is looked at";

  Run("REVOKE ALL ON SCHEMA public FROM PUBLIC");
  EXPECT_EQ(Of("rights", Find(UrlOf("writer"), Needs()))[0].text,
            "role writer may use no schema of the database");
  owner_.reset();
}

TEST_F(PostgresDiagnosis, TheSchemaIsComparedWithTheProgram) {
  const std::string url = server_->url(name_);
  const Finding none = Of("schema", Find(url, Needs()))[0];
  EXPECT_EQ(none.verdict, Verdict::kFail);
  EXPECT_EQ(none.text, "outbox is at version 0, this program needs 1");
  EXPECT_THAT(none.advice, HasSubstr("finalmile migrate --service things"));
  EXPECT_EQ(Of("rights", Find(url, Needs()))[0].verdict, Verdict::kSkipped);

  MigrateAll(std::span(kThings).first(1));
  const std::vector<Finding> behind = Of("schema", Find(url, Needs()));
  EXPECT_EQ(behind[0], (Finding{Verdict::kOk, "schema", "outbox is at version 1"}));
  EXPECT_EQ(behind[1].verdict, Verdict::kFail);
  EXPECT_EQ(behind[1].text, "things is at version 1, this program needs 2");

  MigrateAll();
  const Finding newer = Of("schema", Find(url, Needs(std::span(kThings).first(1))))[1];
  EXPECT_EQ(newer.verdict, Verdict::kWarn);
  EXPECT_THAT(newer.text, HasSubstr("things is at version 2, this program knows 1"));

  const std::vector<Migration> contracted = {kThings[0], kThings[1], {3, "drop", "DROP TABLE parts"}};
  MigrateAll(contracted);
  const Finding refused = Of("schema", Find(url, Needs()))[1];
  EXPECT_EQ(refused.verdict, Verdict::kFail);
  EXPECT_THAT(refused.text, HasSubstr("run a newer program"));

  StoreNeeds other = Needs();
  other.owner.service = "others";
  other.components[1].name = "others";
  const std::vector<Finding> wrong = Of("schema", Find(url, other));
  ASSERT_EQ(wrong.size(), 1u) << "said once";
  EXPECT_EQ(wrong[0].verdict, Verdict::kFail);
  EXPECT_THAT(wrong[0].text, HasSubstr("this store holds the tables of things"));
}

TEST_F(PostgresDiagnosis, WhoDoesNotAnswerIsToldFromWhoRefuses) {
  const std::vector<Finding> away =
      Find(fmt::format("postgresql://app@127.0.0.1:{}/x", finalmile::testing::FreePort()), Needs());
  EXPECT_EQ(away[0].verdict, Verdict::kAway) << away[0].text;
  EXPECT_THAT(away[0].text, HasSubstr("refused"));
  EXPECT_EQ(away.size(), 7u);
  for (size_t i = 1; i < away.size(); ++i) EXPECT_EQ(away[i].verdict, Verdict::kSkipped) << away[i].check;

  const Finding database = Find(server_->tcp_url("no_such_database"), Needs())[0];
  EXPECT_EQ(database.verdict, Verdict::kFail);
  EXPECT_THAT(database.text, HasSubstr("does not exist"));

  const Finding file = Find(server_->tcp_url(name_) + "?password.file=/no/such/file", Needs())[0];
  EXPECT_EQ(file.verdict, Verdict::kFail);
  EXPECT_THAT(file.text, HasSubstr("password.file: cannot read the file /no/such/file"));

  EXPECT_EQ(Find("mysql://x", Needs())[0].verdict, Verdict::kFail);
}

TEST_F(PostgresDiagnosis, ClocksThatDifferByMoreThanASecondAreNamed) {
  MigrateAll();
  for (const auto& [skew, verdict] : {std::pair{absl::Milliseconds(500), Verdict::kOk},
                                      {absl::Minutes(2), Verdict::kWarn},
                                      {-absl::Minutes(2), Verdict::kWarn}}) {
    SkewedClock skewed(*clock_, skew);
    const Finding found = Of("clock", Diagnose(server_->url(name_), skewed, Needs(), kPatience).findings)[0];
    EXPECT_EQ(found.verdict, verdict) << found.text;
    if (verdict == Verdict::kOk) continue;
    EXPECT_THAT(found.text, AllOf(HasSubstr("the server's clock is 1"),
                                  HasSubstr(skew > absl::ZeroDuration() ? "behind" : "ahead of")));
  }
}

}  // namespace
}  // namespace finalmile::storage
