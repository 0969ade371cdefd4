#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/settings.h"
#include "libs/rpc/client.h"
#include "libs/testing/process.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/testing/suite_fixture.h"

namespace finalmile::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServeTest : public SuiteTest {
 protected:
  std::vector<std::string> In(std::vector<std::string> command) const {
    command.insert(command.end(), {"--data", folder_ + "/data", "--listen", "127.0.0.1:0", "--admin", "",
                                   "--log-level", "error"});
    return command;
  }

  // The services at the address that `line`, the first of a program, names.
  std::vector<std::string> ServicesAt(const std::string& line) {
    const size_t begin = line.find(" serves on ") + sizeof(" serves on ") - 1;
    const auto channel =
        rpc::NewGrpcChannel({.target = line.substr(begin, line.find(';') - begin)}, *clock_, *rng_);
    const auto status =
        channel->Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest());
    EXPECT_TRUE(status.ok()) << status.status();
    std::vector<std::string> names;
    if (status.ok()) {
      for (const auto& service : status->services()) names.push_back(service.service());
    }
    return names;
  }

  void ExpectServes(const std::vector<std::string>& command, const std::vector<std::string>& services,
                    const std::string& shown) {
    auto process = testing::Process::Start(In(command), "");
    ASSERT_TRUE(process.ok()) << process.status();
    const auto line = (*process)->ReadLine();
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_THAT(*line, HasSubstr(shown));
    EXPECT_EQ(ServicesAt(*line), services);
    EXPECT_EQ((*process)->Terminate(), 0);
  }

  std::vector<std::string> AllServices() const {
    std::vector<std::string> names;
    for (const app::ModuleSpec* module : Modules()) names.emplace_back(module->name);
    return names;
  }
};

TEST_F(ServeTest, RunsEveryServiceInOneProcess) {
  ExpectServes({FINALMILE_BINARY, "serve"}, AllServices(),
               fmt::format("stores appointments sqlite:{}/data/appointments.db, ", folder_));
}

TEST_F(ServeTest, RunsOneServiceByVerbAndByName) {
  ExpectServes({FINALMILE_BINARY, "serve", "--service", "coaching"}, {"coaching"}, "finalmile-coaching ");
  ExpectServes({FINALMILE_COACHING_BINARY}, {"coaching"}, "finalmile-coaching ");
}

TEST_F(ServeTest, TakesEverySettingOfAService) {
  const Result shown = Invoke({"serve", "--print-config", "--drain", "7s", "--threads", "3",
                               "--catalog-cache-ttl", "5s", "--leads-store", "postgresql:///leads"});
  ASSERT_EQ(shown.code, ExitCode::kOk) << shown.error;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("drain: 7s  # --drain\n"), HasSubstr("threads: 3  # --threads\n"),
                               HasSubstr("catalog-cache-ttl: 5s  # --catalog-cache-ttl\n"),
                               HasSubstr("leads-store: \"postgresql:///leads\"  # --leads-store\n"),
                               HasSubstr("log-level: info  # default\n")));
  const CommandLine help = ParseCommandLine(AllVerbs(), {"serve", "--help"});
  const config::Schema schema = app::SchemaFor(Modules());
  for (const config::Setting& setting : schema.settings()) {
    // The verb's own help or, for what every verb takes, that of the program.
    const std::string program = ParseCommandLine(AllVerbs(), {"--help"}).text;
    EXPECT_THAT(help.text + program, HasSubstr("--" + setting.name + " "));
  }
}

TEST_F(ServeTest, RefusesAWrongSettingByItsName) {
  EXPECT_THAT(Invoke({"serve", "--drain", "soon"}).error, HasSubstr("--drain"));
  EXPECT_EQ(Invoke({"serve", "--drain", "soon"}).code, ExitCode::kUsage);
  EXPECT_EQ(Invoke({"serve", "--service", "sales"}).error,
            "--service sales: must be one of leads, catalog, appointments, coaching");
  EXPECT_THAT(Invoke({"serve", "--store", "sqlite:" + folder_ + "/one.db"}).error, HasSubstr("--service"));
  EXPECT_EQ(ParseCommandLine(AllVerbs(), {"serve", "--treads", "3"}).exit_code, ExitCode::kUsage);
}

// Not a copy: every service is the same program.
TEST_F(ServeTest, AServiceIsALinkToTheProgram) {
  struct stat program {};
  struct stat service {};
  ASSERT_EQ(stat(FINALMILE_BINARY, &program), 0);
  ASSERT_EQ(stat(FINALMILE_COACHING_BINARY, &service), 0);
  EXPECT_EQ(program.st_ino, service.st_ino);
}

}  // namespace
}  // namespace finalmile::cli
