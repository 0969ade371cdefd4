#include "libs/app/suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/exit_codes.h"
#include "libs/app/settings.h"
#include "libs/app/testdata/notes_module.h"
#include "libs/rpc/client.h"
#include "libs/testing/temporary_folder.h"
#include "notes.pb.h"

namespace finalmile::app {
namespace {

using apptest::v1::CountNotesRequest;
using apptest::v1::Note;
using apptest::v1::NoteCounts;

// The answer to an HTTP request, headers included; empty when nobody answers.
std::string HttpGet(const std::string& address, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  std::string answer;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  if (connect(connection, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 &&
      write(connection, request.data(), request.size()) > 0) {
    char part[4096];
    for (ssize_t size; (size = read(connection, part, sizeof(part))) > 0;) answer.append(part, size);
  }
  close(connection);
  return answer;
}

class SuiteTest : public ::testing::Test {
 protected:
  ~SuiteTest() override {
    std::fclose(log_);
    std::free(log_text_);
  }

  absl::StatusOr<std::unique_ptr<Suite>> Start(std::vector<const ModuleSpec*> modules,
                                               config::Assignments settings = {}) {
    config::Assignments all = {{"data", folder_.path()}, {"listen", "127.0.0.1:0"}, {"admin", "127.0.0.1:0"}};
    all.insert(all.end(), settings.begin(), settings.end());
    auto config = config::Load(SchemaFor(modules), all, {});
    if (!config.ok()) return config.status();
    return Suite::Start({.modules = modules, .config = *config, .log_output = log_});
  }
  std::string Error(config::Assignments settings) {
    const auto suite = Start({&notes_}, std::move(settings));
    EXPECT_FALSE(suite.ok());
    return std::string(suite.status().message());
  }

  std::unique_ptr<rpc::Channel> Connect(const Suite& suite) {
    return rpc::NewGrpcChannel({.target = suite.address()}, *clock_, *rng_);
  }
  static absl::Status Add(rpc::Channel& channel, const std::string& text) {
    Note note;
    note.set_text(text);
    return channel.Call<Note>("/finalmile.apptest.v1.NoteService/AddNote", note).status();
  }
  static NoteCounts Counts(rpc::Channel& channel) {
    const auto counts =
        channel.Call<NoteCounts>("/finalmile.apptest.v1.NoteService/CountNotes", CountNotesRequest());
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.ok() ? *counts : NoteCounts();
  }
  static v1::Status StatusOf(rpc::Channel& channel) {
    const auto status =
        channel.Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest());
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : v1::Status();
  }

  // A module whose store tells `seen` of events that were counted.
  ModuleSpec Watched(std::string_view name, bool serves, WaitEvent& seen) {
    ModuleSpec spec = NotesModule(name, serves);
    spec.build = [build = spec.build, &seen](const config::Config& config,
                                             Runtime& runtime) -> absl::StatusOr<Module> {
      auto module = build(config, runtime);
      if (module.ok()) {
        module->state =
            std::shared_ptr<storage::Subscription>(runtime.database.Subscribe(kSeenChannel, seen));
      }
      return module;
    };
    return spec;
  }
  std::string Log() {
    std::fflush(log_);
    return log_text_;
  }
  void Await(WaitEvent& event, const std::function<bool()>& condition) {
    const absl::Duration deadline = clock_->Steady() + absl::Seconds(30);
    while (!condition()) {
      ASSERT_TRUE(event.WaitUntil(deadline)) << "it did not come to pass; the log:\n" << Log();
      event.Clear();
    }
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  const ModuleSpec notes_ = NotesModule("notes", true);
  const testing::TemporaryFolder folder_;
  char* log_text_ = nullptr;
  size_t log_size_ = 0;
  std::FILE* log_ = open_memstream(&log_text_, &log_size_);
};

TEST_F(SuiteTest, ServesRelaysAndConsumes) {
  const auto seen = clock_->NewWaitEvent();
  const ModuleSpec spec = Watched("notes", true, *seen);
  const auto started = Start({&spec});
  ASSERT_TRUE(started.ok()) << started.status();
  Suite& suite = **started;
  const auto channel = Connect(suite);
  EXPECT_EQ(rpc::IsServing(*channel, "", absl::Seconds(5)).value_or(false), true);
  // One partition: who has counted the last note has set the poisoned one aside.
  ASSERT_TRUE(Add(*channel, "poison").ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Add(*channel, "hello").ok());
  Await(*seen, [&] { return Counts(*channel).seen() == 3; });
  EXPECT_EQ(Counts(*channel).written(), 4);
  const v1::Status status = StatusOf(*channel);
  EXPECT_EQ(status.services(0).service(), "notes");
  EXPECT_EQ(status.services(0).parked_failed(), 1);
  EXPECT_EQ(status.services(0).consumers(0).name(), "notes.notes");

  EXPECT_EQ(storage::HolderOf(folder_.path() + "/notes.db").value_or(""), suite.address());
  const std::string ready = HttpGet(suite.admin_address(), "/readyz");
  EXPECT_NE(ready.find("200 OK"), std::string::npos) << ready;
  EXPECT_NE(ready.find("serving: ok\nevents: ok\nnotes store: ok\n"), std::string::npos) << ready;
  EXPECT_NE(HttpGet(suite.admin_address(), "/livez").find("steps: ok\n"), std::string::npos);
  const std::string metrics = HttpGet(suite.admin_address(), "/metrics");
  for (const char* series :
       {"grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"AddNote\",grpc_service=\"finalmile.apptest."
        "v1."
        "NoteService\",grpc_type=\"unary\"} 4\n",
        "finalmile_step_runs_total{step=\"notes.relay\"}", "finalmile_outbox_depth{service=\"notes\"}",
        "finalmile_build_info{version=\"" FINALMILE_TEST_VERSION "\"} 1\n", "finalmile_events_up 1\n",
        "finalmile_store_up{service=\"notes\"} 1\n", "finalmile_pool_connections_max{service=\"notes\"} 20\n",
        "finalmile_pool_wait_seconds_count{service=\"notes\"}", "finalmile_admission_inside 0\n"}) {
    EXPECT_NE(metrics.find(series), std::string::npos) << series;
  }
  suite.Stop();
  EXPECT_EQ(HttpGet(suite.admin_address(), "/livez"), "");
  EXPECT_FALSE(storage::HolderOf(folder_.path() + "/notes.db").ok());
  EXPECT_NE(Log().find("\"message\":\"stopped\""), std::string::npos);
}

TEST_F(SuiteTest, WhatWasStoredIsThereAgain) {
  {
    const auto first = Start({&notes_});
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_TRUE(Add(*Connect(**first), "hello").ok());
  }
  const auto second = Start({&notes_});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Counts(*Connect(**second)).written(), 1);
}

TEST_F(SuiteTest, SeveralModulesShareTheLogAndThePort) {
  const auto seen = clock_->NewWaitEvent();
  const ModuleSpec alpha = NotesModule("alpha", true);
  const ModuleSpec beta = Watched("beta", false, *seen);
  const auto suite = Start({&alpha, &beta});
  ASSERT_TRUE(suite.ok()) << suite.status();
  const auto channel = Connect(**suite);
  ASSERT_TRUE(Add(*channel, "hello").ok());
  EXPECT_TRUE(seen->WaitUntil(clock_->Steady() + absl::Seconds(30)));
  EXPECT_EQ(StatusOf(*channel).services(0).service(), "alpha");
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/alpha.db"));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/beta.db"));
  EXPECT_EQ(storage::HolderOf(folder_.path() + "/beta.db").value_or(""), (*suite)->address());
}

TEST_F(SuiteTest, TakesWhatIsOpenAlready) {
  auto events = events::Open("local:" + folder_.path() + "/other.db", *clock_);
  ASSERT_TRUE(events.ok()) << events.status();
  auto database = storage::Open("sqlite:" + folder_.path() + "/mine.db", *clock_, {});
  ASSERT_TRUE(database.ok()) << database.status();
  auto config = config::Load(SchemaFor({&notes_}), {{"listen", "127.0.0.1:0"}, {"admin", ""}}, {});
  ASSERT_TRUE(config.ok()) << config.status();
  SuiteOptions options{.modules = {&notes_}, .config = *config, .log_output = log_};
  options.clock = clock_.get();
  options.rng = rng_.get();
  options.events = events->get();
  options.databases["notes"] = database->get();
  const auto suite = Suite::Start(std::move(options));
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ((*suite)->admin_address(), "");
  EXPECT_TRUE(Add(*Connect(**suite), "hello").ok());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/notes.db"));
}

TEST_F(SuiteTest, AStoreOfAnotherServiceIsRefused) {
  const std::string store = "sqlite:" + folder_.path() + "/shared.db";
  const auto first = Start({&notes_}, {{"store", store}});
  ASSERT_TRUE(first.ok()) << first.status();
  (*first)->Stop();
  const ModuleSpec beta = NotesModule("beta", false);
  const auto second = Start({&beta}, {{"store", store}});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      second.status().message(),
      "beta: this store holds the tables of notes, so beta cannot use it: each service has a store of its "
      "own; give beta another database");
}

TEST_F(SuiteTest, WhatIsWrongIsOneClearLine) {
  const auto running = Start({&notes_});
  ASSERT_TRUE(running.ok()) << running.status();
  const std::string address = (*running)->address();
  const std::string other = folder_.path() + "/other";

  const std::string store = Error({});
  EXPECT_NE(store.find(folder_.path() + "/notes.db"), std::string::npos) << store;
  EXPECT_NE(store.find(address), std::string::npos) << store;

  const std::string port = Error({{"data", other}, {"listen", address}});
  EXPECT_NE(port.find(address), std::string::npos) << port;
  EXPECT_NE(port.find("in use"), std::string::npos) << port;
  EXPECT_NE(port.find("--listen"), std::string::npos) << port;

  const std::string tokens = Error({{"data", other}, {"tokens-file", other + "/none"}});
  EXPECT_TRUE(tokens.starts_with("--tokens-file: ")) << tokens;
  EXPECT_NE(tokens.find(other + "/none"), std::string::npos) << tokens;

  const std::string admin = Error({{"data", other}, {"admin", (*running)->admin_address()}});
  EXPECT_NE(admin.find((*running)->admin_address() + " is in use"), std::string::npos) << admin;

  const std::string folder = Error({{"data", "/proc/nowhere"}});
  EXPECT_NE(folder.find("cannot write to the folder /proc/nowhere"), std::string::npos) << folder;
  EXPECT_NE(folder.find("--data"), std::string::npos) << folder;

  const std::string scheme = Error({{"data", other}, {"store", "mysql://x"}});
  EXPECT_NE(scheme.find("notes: "), std::string::npos) << scheme;

  for (const std::string& line : {store, port, tokens, admin, folder, scheme}) {
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

// finalmile-notes as a process.
class ServiceProcess {
 public:
  ServiceProcess(const std::string& folder, std::vector<std::string> arguments)
      : errors_(folder + "/stderr") {
    arguments.insert(arguments.begin(), "finalmile-notes");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors_.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    const int error = posix_spawn(&pid_, FINALMILE_NOTES_SERVICE, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
    if (error != 0) std::abort();
  }
  ~ServiceProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    std::fclose(output_);
  }

  std::string ReadLine() {
    char line[4096];
    return std::fgets(line, sizeof(line), output_) == nullptr ? "" : line;
  }
  std::string Errors() const {
    std::FILE* file = std::fopen(errors_.c_str(), "r");
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
  }
  void Signal(int signal) const { kill(pid_, signal); }
  // The wait status.
  int Wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  int ExitCode() {
    const int status = Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  const std::string errors_;
  pid_t pid_ = -1;
  std::FILE* output_ = nullptr;
};

TEST_F(SuiteTest, AServiceRunsUntilSigterm) {
  ServiceProcess service(folder_.path(),
                         {"--data", folder_.path(), "--listen", "127.0.0.1:0", "--admin", ""});
  const std::string line = service.ReadLine();
  const std::string start = "finalmile-notes " FINALMILE_TEST_VERSION " serves on 127.0.0.1:";
  ASSERT_TRUE(line.starts_with(start)) << line << service.Errors();
  EXPECT_NE(line.find("; store sqlite:" + folder_.path() + "/notes.db; events local:" + folder_.path() +
                      "/events.db; admin none\n"),
            std::string::npos)
      << line;
  const std::string port = line.substr(start.size(), line.find(';') - start.size());
  const auto channel = rpc::NewGrpcChannel({.target = "127.0.0.1:" + port}, *clock_, *rng_);
  EXPECT_TRUE(Add(*channel, "hello").ok());
  service.Signal(SIGTERM);
  EXPECT_EQ(service.ExitCode(), kExitOk) << service.Errors();
  EXPECT_NE(service.Errors().find("\"message\":\"stopped\""), std::string::npos);
  const auto again = Start({&notes_});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Counts(*Connect(**again)).written(), 1);
}

TEST_F(SuiteTest, AServiceSaysWhatIsWrongAndHowItEnds) {
  {
    ServiceProcess service(folder_.path(), {"--stroe", "x"});
    EXPECT_EQ(service.ExitCode(), kExitUsage);
    EXPECT_EQ(service.Errors(), "finalmile-notes: --stroe: there is no such flag; did you mean --store?\n");
  }
  {
    ServiceProcess service(folder_.path(), {"--threads=0"});
    EXPECT_EQ(service.ExitCode(), kExitUsage);
    EXPECT_EQ(service.Errors(),
              "finalmile-notes: --threads: threads is \"0\"; it must be a whole number from 1 to 256\n");
  }
  {
    ServiceProcess service(folder_.path(), {"--data", "/proc/nowhere", "--admin="});
    EXPECT_EQ(service.ExitCode(), kExitFailure);
    EXPECT_NE(service.Errors().find("finalmile-notes: cannot write to the folder /proc/nowhere"),
              std::string::npos)
        << service.Errors();
  }
  {
    ServiceProcess service(folder_.path(), {"--help"});
    EXPECT_EQ(service.ExitCode(), kExitOk);
    std::string text;
    for (std::string line; !(line = service.ReadLine()).empty();) text += line;
    EXPECT_NE(text.find("--notes-limit VALUE"), std::string::npos) << text;
  }
  {
    ServiceProcess service(folder_.path(), {"--print-config", "--threads", "3"});
    EXPECT_EQ(service.ExitCode(), kExitOk);
    std::string text;
    for (std::string line; !(line = service.ReadLine()).empty();) text += line;
    EXPECT_NE(text.find("threads: 3  # --threads\n"), std::string::npos) << text;
  }
}

TEST_F(SuiteTest, AnUnreachableStoreIsNamed) {
  const std::string error = Error({{"store", "postgresql://127.0.0.1:1/notes?connect_timeout=1"}});
  EXPECT_TRUE(error.starts_with("notes: ")) << error;
  EXPECT_NE(error.find("127.0.0.1"), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

}  // namespace
}  // namespace finalmile::app
