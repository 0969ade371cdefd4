#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/v1/events_service.pb.h"
#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "services/finalmile/demo/content_sample.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
  EXPECT_THAT(Invoke({"consumers", "list"}).out, HasSubstr("leads.activities"));
  const Result moved = Invoke({"consumers", "skip-to", "leads.activities", "finalmile.leads.activities.v1",
                               "0", "latest", "--dry-run"});
  EXPECT_EQ(moved.code, ExitCode::kOk) << moved.error;
  EXPECT_THAT(moved.out, HasSubstr("Would go from offset"));
  for (const std::string verb : {"retry", "skip"}) {
    const Result resolved = Invoke({"parked", verb, "--all", "--dry-run"});
    EXPECT_EQ(resolved.code, ExitCode::kOk) << resolved.error;
    EXPECT_THAT(resolved.out, HasSubstr("0 records would be touched"));
  }
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
      HasSubstr("\"rows\":3,\"created\":3,\"updated\":0,\"unchanged\":0,\"activities\":2,\"rejected\":0"));
  EXPECT_THAT(first.out, HasSubstr("\"unread_cells\":1,\"unread\":[{\"column\":\"Staff\""));
  const Result other = Invoke({"import", file, "--mapping", mapping, "--json", "--request-id", "again"});
  EXPECT_THAT(other.out,
              HasSubstr("\"created\":0,\"updated\":0,\"unchanged\":3,\"activities\":0,\"rejected\":0"));
  for (const std::string policy : {"x-education-1", "policies/bank-marketing-1"}) {
    const Result published = Invoke({"policy", "publish", policy});
    EXPECT_EQ(published.code, ExitCode::kOk) << published.error;
    EXPECT_THAT(published.out, HasSubstr("is in force; every lead is scored under it."));
  }
  EXPECT_THAT(Invoke({"policy", "show"}).out, HasSubstr("policies/bank-marketing-1"));
  const Result older = Invoke({"policy", "publish", "x-education-1", "--dry-run"});
  EXPECT_EQ(older.code, ExitCode::kRefused);
  EXPECT_THAT(older.error, HasSubstr("others after it"));
}

// The sample's pages as a folder of a user.
void WriteHandbook(const std::string& folder) {
  for (const SamplePage& page : SamplePages()) {
    const std::filesystem::path path = std::filesystem::path(folder) / page.path;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << page.content;
  }
}

TEST_F(SuiteTest, ContentIsImportedFoundAndFilledInByTheNextCommands) {
  const std::string content = folder_ + "/handbook";
  WriteHandbook(content);
  std::ofstream(content + "/wrong.md") << "---\ntitle: x\nkind: poem\n---\nRoses\n";
  const std::vector<std::string> import = {"import", content, "--publish", "--reviewer", "kim"};
  const Result first = Invoke(import);
  EXPECT_EQ(first.code, ExitCode::kPartly) << first.error;
  EXPECT_THAT(first.out,
              HasSubstr("10 created, 0 updated, 0 unchanged, 0 retired, 1 rejected; 10 published"));
  EXPECT_THAT(Invoke(import).out, HasSubstr("0 created, 0 updated, 10 unchanged, 0 retired, 1 rejected"));

  EXPECT_THAT(Invoke({"search", "pricng", "objection"}).out,
              HasSubstr("assets/handbook_scripts_pricing-objection"));
  const std::string mail = "handbook_emails_after-webinar";
  EXPECT_THAT(Invoke({"show", mail}).out, HasSubstr("1, published"));
  const Result unfilled = Invoke({"render", mail});
  EXPECT_EQ(unfilled.code, ExitCode::kUsage);
  EXPECT_THAT(unfilled.error, HasSubstr("first_name, question"));
  EXPECT_THAT(Invoke({"render", mail, "--set", "first_name=Ada", "--set", "question=Why?"}).out,
              HasSubstr("Dear Ada,"));
  EXPECT_THAT(Invoke({"recommend", "--stage", "closing"}).out, HasSubstr("handbook_battle-cards_acme"));

  std::filesystem::remove(content + "/wrong.md");
  std::filesystem::remove(content + "/emails/after-webinar.md");
  const Result gone = Invoke(import);
  EXPECT_EQ(gone.code, ExitCode::kOk) << gone.error;
  EXPECT_THAT(gone.out, HasSubstr("1 retired"));
  EXPECT_EQ(Invoke({"render", mail}).code, ExitCode::kRefused);
  EXPECT_EQ(Invoke({"show", "nothing"}).code, ExitCode::kNotFound);
  EXPECT_THAT(Invoke({"events", "tail", "catalog.events", "--from-start", "--until-now"}).out,
              HasSubstr("AssetRetired"));
}

TEST_F(SuiteTest, WhatIsUsedShowsInTheFiguresOfTheNextCommands) {
  const std::string content = folder_ + "/handbook";
  WriteHandbook(content);
  ASSERT_EQ(Invoke({"import", content, "--publish", "--reviewer", "kim"}).code, ExitCode::kOk);
  const std::string mail = "handbook_emails_after-webinar";
  const std::string lead = "leads/0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11";
  const Result json =
      Invoke({"render", mail, "--set", "first_name=Ada", "--set", "question=Why?", "--lead", lead, "--json"});
  catalog::v1::RenderAssetResponse rendered;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json.out, &rendered).ok()) << json.error;

  const Result used = Invoke({"use", "--asset", rendered.use_token(), "--rep", "kim", "--channel", "email"});
  EXPECT_EQ(used.code, ExitCode::kOk) << used.error;
  EXPECT_EQ(used.out, "Recorded: assets/" + mail + ", version 1, by its token\n");
  // The text alone tells which asset it is.
  const std::string sent = folder_ + "/sent.txt";
  std::ofstream(sent) << rendered.body() << "{{name}}\n";
  std::vector<std::string> text = {"use",    "--text", sent,        "--rep", "rob",
                                   "--lead", lead,     "--channel", "email"};
  const Result misused = Invoke(text);
  EXPECT_THAT(misused.out, HasSubstr("Recorded: assets/" + mail + ", version 1, "));
  EXPECT_THAT(misused.out, HasSubstr("Misused: unfilled field\n"));
  std::ofstream(sent) << "I drew on one page who would see whose crews, and what each site keeps for itself.";
  // Written once it is no gap; written to three leads it is one.
  EXPECT_EQ(Invoke(text).out, "Recorded: own words, none of our assets\n");
  const std::string third = "leads/0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b13";
  for (const std::string& other : {std::string("leads/0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b12"), third}) {
    text[6] = other;
    const std::string out = Invoke(text).out;
    EXPECT_EQ(out.find("they count for gaps/") != std::string::npos, other == third) << out;
  }

  EXPECT_EQ(Invoke({"rate", mail, "4"}).code, ExitCode::kOk);
  const std::string figures = Invoke({"performance", mail}).out;
  EXPECT_THAT(figures,
              HasSubstr("      1        0     2       0  4.0 of 1        0    -     -         -     -\n"))
      << figures;
  EXPECT_THAT(Invoke({"performance"}).out, HasSubstr("email template"));
  const std::string misuses = Invoke({"misuse", "--filter", "rep = rob"}).out;
  EXPECT_THAT(misuses, HasSubstr("unfilled field  rob  email"));
  EXPECT_EQ(std::count(misuses.begin(), misuses.end(), '\n'), 2) << misuses;
  EXPECT_THAT(Invoke({"shelf"}).out, HasSubstr("there is no shelf yet"));
  const Result offered = Invoke({"recommend", "--lead", lead});
  EXPECT_EQ(offered.code, ExitCode::kOk) << offered.error;
  EXPECT_THAT(offered.out, HasSubstr("no matured use yet"));
}

TEST_F(SuiteTest, GapsAreAskedForAndAnswered) {
  const std::string content = folder_ + "/handbook";
  WriteHandbook(content);
  ASSERT_EQ(Invoke({"import", content, "--publish", "--reviewer", "kim"}).code, ExitCode::kOk);
  const std::vector<std::string> report = {"gaps",         "report", "how our support hours compare",
                                           "--competitor", "Acme",   "--json"};
  catalog::v1::Gap gap;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(Invoke(report).out, &gap).ok());
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(Invoke(report).out, &gap).ok());
  EXPECT_EQ(gap.count(), 2);
  EXPECT_THAT(Invoke({"gaps", "accept", gap.name()}).out, HasSubstr("accepted"));
  EXPECT_EQ(Invoke({"gaps", "accept", gap.name(), "--etag", gap.etag()}).code, ExitCode::kRefused);
  EXPECT_THAT(Invoke({"gaps", "ship", gap.name(), "--asset", "handbook_battle-cards_acme"}).out,
              HasSubstr("assets/handbook_battle-cards_acme"));
  EXPECT_EQ(Invoke({"gaps", "decline", gap.name(), "--reason", "no"}).code, ExitCode::kRefused);
  const std::string list = Invoke({"gaps", "list", "--filter", "competitor = Acme"}).out;
  EXPECT_THAT(list, HasSubstr("    2  shipped  reported  how our support hours compare"));
  EXPECT_THAT(
      Invoke({"gaps", "mine"}).out,
      HasSubstr("how our support hours compare  made: finalmile show assets/handbook_battle-cards_acme"));
  EXPECT_THAT(Invoke({"events", "tail", "catalog.events", "--from-start", "--until-now"}).out,
              HasSubstr("GapShipped"));
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

TEST_F(SuiteTest, TailsThatWaitLeaveTheThreadsToCalls) {
  ASSERT_EQ(Invoke({"leads", "create", "--company", "Work"}).code, ExitCode::kOk);
  const auto suite = StartQuietly({{"data", folder_ + "/data"}, {"threads", "2"}});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const auto channel = rpc::NewGrpcChannel({.target = (*suite)->address()}, *clock_, *rng_);
  v1::TailEventsRequest request;
  request.add_topics("finalmile.leads.events.v1");
  request.set_from_start(true);
  std::vector<std::unique_ptr<rpc::Stream>> tails;
  for (int i = 0; i < 16; ++i) {
    tails.push_back(channel->Open("/finalmile.v1.EventsService/TailEvents", {.timeout = absl::Seconds(60)}));
    ASSERT_TRUE(tails.back()->Write(request));
    tails.back()->WritesDone();
    v1::TailEventsResponse response;
    ASSERT_TRUE(tails.back()->Read(response)) << "tail " << i << ": " << tails.back()->Finish();
  }
  EXPECT_EQ(Invoke({"leads", "top"}).code, ExitCode::kOk);
  // Each hears what happens now.
  ASSERT_EQ(Invoke({"leads", "create", "--company", "Other"}).code, ExitCode::kOk);
  for (const auto& tail : tails) {
    v1::TailEventsResponse response;
    EXPECT_TRUE(tail->Read(response)) << tail->Finish();
  }
}

TEST_F(SuiteTest, EveryServiceHasAStoreOfItsOwn) {
  // As an earlier release left it: without the other services' stores.
  ASSERT_EQ(Invoke({"migrate", "--service", "leads"}).code, ExitCode::kOk);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/data/leads.db"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/data/catalog.db"));
  const Result status = Invoke({"status"});
  EXPECT_EQ(status.code, ExitCode::kOk) << status.error;
  EXPECT_THAT(status.out, HasSubstr("/data/catalog.db, sqlite:"));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/data/catalog.db"));
  const Result all = Invoke({"migrate", "--json"});
  EXPECT_EQ(all.code, ExitCode::kOk) << all.error;
  EXPECT_THAT(all.out, HasSubstr("\"service\":\"leads\""));
  EXPECT_THAT(all.out, HasSubstr("\"service\":\"catalog\""));

  const std::string other = folder_ + "/other/content.db";
  const Result one = Invoke({"migrate", "--service", "catalog", "--store", "sqlite:" + other});
  EXPECT_EQ(one.code, ExitCode::kOk) << one.error;
  EXPECT_EQ(one.out.find("leads"), std::string::npos) << one.out;
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_THAT(Invoke({"status", "--service", "catalog", "--store", "sqlite:" + other}).out,
              HasSubstr("sqlite:" + other));

  const Result whose = Invoke({"migrate", "--store", "sqlite:" + other});
  EXPECT_EQ(whose.code, ExitCode::kUsage);
  EXPECT_THAT(whose.error, HasSubstr("--service"));
  const Result nobody = Invoke({"migrate", "--service", "leeds"});
  EXPECT_EQ(nobody.code, ExitCode::kUsage);
  EXPECT_THAT(nobody.error, HasSubstr("must be one of leads, catalog"));
  // A way to a log needs no store.
  EXPECT_EQ(Invoke({"topics", "apply", "--store", "sqlite:" + other}).code, ExitCode::kOk);
}

TEST_F(SuiteTest, TheEnvironmentsStoreIsThatOfTheNamedService) {
  const std::string other = folder_ + "/other.db";
  setenv("FINALMILE_STORE", ("sqlite:" + other).c_str(), 1);
  EXPECT_THAT(Invoke({"status"}).error, HasSubstr("FINALMILE_STORE"));
  EXPECT_EQ(Invoke({"migrate", "--service", "leads"}).code, ExitCode::kOk);
  unsetenv("FINALMILE_STORE");
  EXPECT_TRUE(std::filesystem::exists(other));
  setenv("FINALMILE_CATALOG_STORE", ("sqlite:" + folder_ + "/content.db").c_str(), 1);
  EXPECT_THAT(Invoke({"status"}).out, HasSubstr(folder_ + "/content.db"));
  unsetenv("FINALMILE_CATALOG_STORE");
}

class DemoTest : public SuiteTest {
 protected:
  // What `finalmile resequence` says, by service.
  std::map<std::string, nlohmann::json> Resequence() {
    const Result done = Invoke({"resequence", "--json"});
    EXPECT_EQ(done.code, ExitCode::kOk) << done.error;
    std::map<std::string, nlohmann::json> services;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      services[json["service"]] = json;
    }
    return services;
  }

  int64_t Sql(std::string_view service, const std::string& sql) {
    const auto database = storage::Open(fmt::format("sqlite:{}/data/{}.db", folder_, service), *clock_, {});
    EXPECT_TRUE(database.ok()) << database.status();
    int64_t number = 0;
    EXPECT_EQ((*database)->Transact({.deadline = clock_->Steady() + absl::Seconds(10)},
                                    [&](storage::Transaction& transaction) -> absl::Status {
                                      ASSIGN_OR_RETURN(const storage::Result result,
                                                       transaction.Execute(sql));
                                      number = result.rows.empty() ? result.affected : result.rows[0].Int(0);
                                      return absl::OkStatus();
                                    }),
              absl::OkStatus());
    return number;
  }

  // Every event of every service is about an aggregate that its module names, but for the policy's; and
  // stores that are an event behind their topics are brought back.
  void ExpectResequenced() {
    for (const auto& [service, said] : Resequence()) {
      EXPECT_GT(said["events"], 0) << service;
      EXPECT_EQ(said["unknown_to_the_store"], 0) << service;
      EXPECT_EQ(said["of_absent_aggregates"], 0) << service;
      EXPECT_EQ(said["of_no_aggregate"], service == "leads" ? 1 : 0) << service;
    }
    std::map<std::string, int64_t> lost;
    std::map<std::string, int64_t> sums;
    for (const app::ModuleSpec* module : Modules()) {
      for (const outbox::AggregateTable& table : module->aggregates) {
        const std::string key = fmt::format("{}.{}", module->name, table.table);
        sums[key] = Sql(module->name, fmt::format("SELECT SUM(seq) FROM {}", table.table));
        lost[std::string(module->name)] +=
            Sql(module->name,
                fmt::format("UPDATE {0} SET seq = seq - 1 WHERE seq > 0 AND NOT EXISTS (SELECT 1 FROM outbox "
                            "WHERE outbox.key = '{1}' || {0}.id)",
                            table.table, table.collection));
      }
    }
    for (const auto& [service, said] : Resequence()) {
      EXPECT_EQ(said["unknown_to_the_store"], lost[service]) << service;
      EXPECT_GT(lost[service], 0) << service;
    }
    for (const app::ModuleSpec* module : Modules()) {
      for (const outbox::AggregateTable& table : module->aggregates) {
        const std::string key = fmt::format("{}.{}", module->name, table.table);
        EXPECT_EQ(Sql(module->name, fmt::format("SELECT SUM(seq) FROM {}", table.table)), sums[key]) << key;
      }
    }
  }
};

TEST_F(DemoTest, TheDemoIsTheSameForASeedAndServesItsStore) {
  const auto lines = [](const std::string& text) { return text.substr(text.find('\n')); };
  const Result first = Invoke({"demo", "--seed", "7"});
  ASSERT_EQ(first.code, ExitCode::kOk) << first.error;
  EXPECT_THAT(first.out, HasSubstr("finalmile dev --data"));
  EXPECT_THAT(first.out, HasSubstr("10 sales assets"));
  EXPECT_THAT(first.out, HasSubstr("Shelf rate: "));
  EXPECT_THAT(first.out, HasSubstr("how our support hours compare"));
  EXPECT_THAT(first.out, HasSubstr("first meetings were set from these leads"));
  EXPECT_THAT(first.out, HasSubstr("What it changed: who holds the meetings about several-sites"));
  EXPECT_THAT(first.out, HasSubstr("rehearsals before meetings were assigned to her, the last by "));
  EXPECT_THAT(first.out, HasSubstr("Recommended for the best lead, "));
  EXPECT_THAT(first.out, HasSubstr("Subject: What an idle hour costs "));
  EXPECT_EQ(Invoke({"demo"}).code, ExitCode::kRefused);
  // Which leads and stages they are depends on the days since the demo's last Monday.
  EXPECT_THAT(Invoke({"leads", "top", "--limit", "3"}).out, AllOf(HasSubstr("STAGE"), HasSubstr("leads/")));
  ExpectResequenced();
  std::filesystem::remove_all(folder_ + "/data");
  const Result second = Invoke({"demo", "--seed", "7"});
  EXPECT_EQ(lines(first.out), lines(second.out));
}

}  // namespace
}  // namespace finalmile::cli
