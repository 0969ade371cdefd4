// `finalmile doctor` as an operator runs it. What each check finds is tested beside the check.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/rpc/client.h"
#include "libs/testing/process.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DoctorTest : public SuiteTest {
 protected:
  Result Doctor(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "doctor");
    return Invoke(std::move(arguments));
  }
};

TEST_F(DoctorTest, AFreshMachineIsFineAndStaysFresh) {
  const Result result = Doctor({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.out << result.error;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("OK   settings: data is " + folder_ + "/data, from --data\n"),
                    HasSubstr("OK   store of leads: " + folder_ + "/data/leads.db is not there yet"),
                    HasSubstr("SKIP store of coaching: schema: "),
                    HasSubstr("OK   cache: the cache is this process's own memory\n"),
                    HasSubstr("SKIP suite: process, versions, leaders, outbox, parked, consumers: no "
                              "--address is given"),
                    HasSubstr("\n0 failed, 0 to look at, ")));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/data"));
}

TEST_F(DoctorTest, StoresThatWereUsedHaveTheirSchemaAndTopics) {
  ASSERT_EQ(Invoke({"leads", "create", "--email", "ada@work.example"}).code, ExitCode::kOk);
  const Result result = Doctor({});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.out;
  EXPECT_THAT(result.out, AllOf(HasSubstr("leads.db is there, and no process holds it\n"),
                                HasSubstr("OK   store of leads: leads is at version "),
                                HasSubstr(" topics are there\n")));
  EXPECT_THAT(result.out, Not(HasSubstr("next start")));
}

TEST_F(DoctorTest, WithJsonItPrintsOneDocument) {
  const Result result = Doctor({"--json"});
  const nlohmann::json document = nlohmann::json::parse(result.out);
  std::vector<std::string> groups;
  std::map<std::string, int> counts;
  for (const auto& group : document["groups"]) {
    groups.push_back(group["group"]);
    for (const auto& check : group["checks"]) {
      EXPECT_EQ(check.size(), 4u) << check;
      EXPECT_FALSE(check["check"].get<std::string>().empty());
      EXPECT_FALSE(check["finding"].get<std::string>().empty());
      ++counts[check["verdict"]];
    }
  }
  std::vector<std::string> wanted = {"settings"};
  for (const app::ModuleSpec* module : Modules()) wanted.push_back(fmt::format("store of {}", module->name));
  wanted.insert(wanted.end(), {"events", "cache", "search index", "suite"});
  EXPECT_EQ(groups, wanted);
  EXPECT_EQ(document["counts"]["ok"], counts["ok"]);
  EXPECT_EQ(document["counts"]["skipped"], counts["skipped"]);
}

TEST_F(DoctorTest, WhereNothingAnswersEachThingIsSaidAndTheExitCodeIsThatOfAnOutage) {
  const std::vector<std::string> catalog = {
      "--service",       "catalog",
      "--store",         "postgresql://catalog@127.0.0.1:1/catalog?connect_timeout=2",
      "--events",        "kafka://127.0.0.1:1",
      "--catalog-cache", "redis://127.0.0.1:1",
      "--address",       "127.0.0.1:1"};
  const Result result = Doctor(catalog);
  EXPECT_EQ(result.code, ExitCode::kUnavailable) << result.out;
  EXPECT_THAT(
      result.out,
      AllOf(HasSubstr("OK   settings: store is postgresql://127.0.0.1:1/catalog, from --store\n"),
            HasSubstr("FAIL store of catalog: store (--store): "),
            HasSubstr("SKIP store of catalog: pooler, version, rights, schema, clock, sessions: the store"),
            HasSubstr("FAIL events: events (--events): cannot reach Kafka at 127.0.0.1:1"),
            HasSubstr("FAIL cache: 127.0.0.1:1: "), HasSubstr("FAIL suite: 127.0.0.1:1: "),
            HasSubstr("SKIP suite: versions, leaders, outbox, parked, consumers: no process answered"),
            HasSubstr("4 failed (4 of them did not answer)")));
  EXPECT_THAT(result.out, Not(HasSubstr("store of leads"))) << "--service names another";
}

TEST_F(DoctorTest, AFileOfASecretIsNamedWithItsSetting) {
  const std::string tokens = folder_ + "/tokens";
  const std::string password = folder_ + "/password";
  const std::vector<std::string> leads = {
      "--service", "leads",   "--tokens-file",
      tokens,      "--store", "postgresql://leads@127.0.0.1:1/leads?password.file=" + password};
  const Result missing = Doctor(leads);
  EXPECT_EQ(missing.code, ExitCode::kFailed);
  EXPECT_THAT(missing.out,
              AllOf(HasSubstr("FAIL settings: --store: password.file: cannot read the file " + password),
                    HasSubstr("FAIL settings: --tokens-file: "), HasSubstr(tokens)));
  std::ofstream(password) << "geheim";
  std::ofstream(tokens) << "sha256:" << std::string(64, 'a') << " ops admin\nnonsense\n";
  const Result malformed = Doctor(leads);
  EXPECT_EQ(malformed.code, ExitCode::kFailed);
  EXPECT_THAT(malformed.out,
              AllOf(HasSubstr("OK   settings: 1 file that addresses name can be read\n"),
                    HasSubstr("FAIL settings: --tokens-file: " + tokens + ":2"), Not(HasSubstr("geheim"))));
}

TEST_F(DoctorTest, AWrongSettingHidesOnlyWhatItKeepsFromBeingFound) {
  const Result value = Doctor({"--drain", "soon"});
  EXPECT_EQ(value.code, ExitCode::kFailed);
  EXPECT_THAT(value.out,
              AllOf(HasSubstr("FAIL settings: --drain: drain is \"soon\""),
                    HasSubstr("SKIP settings: stores, events, cache: "), HasSubstr("SKIP suite: ")));
  const Result others = Doctor({"--service", "leads", "--catalog-cache", "local:"});
  EXPECT_EQ(others.code, ExitCode::kFailed);
  EXPECT_THAT(others.out, HasSubstr("FAIL settings: --catalog-cache: there is no such setting"));
  EXPECT_EQ(Doctor({"--service", "sales"}).code, ExitCode::kUsage);
  EXPECT_THAT(Doctor({"--listen", "0.0.0.0:7000"}).out,
              HasSubstr("FAIL settings: 0.0.0.0:7000 is to be listened on, and there is no tokens file"));
}

TEST_F(DoctorTest, ASuiteThatRunsHoldsItsStoresAndIsAsked) {
  auto process = testing::Process::Start({FINALMILE_BINARY, "serve", "--data", folder_ + "/data", "--listen",
                                          "127.0.0.1:0", "--admin", "", "--log-level", "error"},
                                         "");
  ASSERT_TRUE(process.ok()) << process.status();
  const auto line = (*process)->ReadLine();
  ASSERT_TRUE(line.ok()) << line.status();
  const size_t begin = line->find(" serves on ") + sizeof(" serves on ") - 1;
  const std::string address = line->substr(begin, line->find(';') - begin);

  // Who leads is known a moment after the start.
  Result result;
  const absl::Duration give_up = clock_->Steady() + absl::Seconds(20);
  do {
    result = Doctor({"--address", address});
  } while (result.out.find("none of 1 process") != std::string::npos && clock_->Steady() < give_up);
  EXPECT_EQ(result.code, ExitCode::kOk) << result.out;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("leads.db is held by the process that answers at " + address + "\n"),
                    HasSubstr("events.db is held by "),
                    HasSubstr("OK   suite: " + address + " serves leads, catalog, appointments, coaching"),
                    HasSubstr("OK   suite: every process is "), HasSubstr("OK   suite: leads: each of "),
                    HasSubstr("OK   suite: catalog: 0 events wait to be sent\n"),
                    HasSubstr("OK   suite: coaching: no record is parked\n")));
  EXPECT_THAT(Doctor({"--address", "leads=" + address + ",catalog=localhost:1"}).out,
              AllOf(HasSubstr("OK   suite: " + address), HasSubstr("FAIL suite: 127.0.0.1:1: ")));

  // The groups that the program says it has are those that run.
  const auto channel = rpc::NewGrpcChannel({.target = address}, *clock_, *rng_);
  const auto status =
      channel->Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest());
  ASSERT_TRUE(status.ok()) << status.status();
  for (int i = 0; i < status->services_size(); ++i) {
    std::set<std::string> running;
    for (const auto& consumer : status->services(i).consumers()) running.insert(consumer.name());
    std::set<std::string> said;
    for (const app::GroupSpec& group : Modules()[static_cast<size_t>(i)]->groups) said.emplace(group.name);
    EXPECT_EQ(running, said) << status->services(i).service();
  }
  EXPECT_EQ((*process)->Terminate(), 0);
}

}  // namespace
}  // namespace finalmile::cli
