#include "libs/testing/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "libs/base/status.h"
#include "libs/testing/process.h"

namespace finalmile::testing {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(30);

// $0 is the server's folder. The read ends when the process that started the server has ended.
constexpr const char* kWatchdog = R"(
cat >/dev/null
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries+1)); done
  kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$0"
)";

std::string FindBin() {
  for (const char* version : {"15", "16", "17"}) {
    std::string bin = fmt::format("/usr/lib/postgresql/{}/bin/", version);
    if (access((bin + "postgres").c_str(), X_OK) == 0) return bin;
  }
  return {};
}

// PostgreSQL refuses to run as root.
std::vector<std::string> AsServerUser(std::vector<std::string> command) {
  if (geteuid() == 0) {
    const char* prefix[] = {"setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"};
    command.insert(command.begin(), std::begin(prefix), std::end(prefix));
  }
  return command;
}

// Starts a program with `input` as its standard input and its output going to the end of the file `log`, in a
// session of its own so that the terminal's Ctrl-C does not reach it.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, int input, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, input, 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::InternalError(fmt::format("cannot start {}: {}", command[0], strerror(error)));
  return pid;
}

std::string Tail(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.substr(text.size() > 2000 ? text.size() - 2000 : 0);
}

absl::Status RunToEnd(const std::vector<std::string>& command, const std::string& log) {
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, -1, log));
  int status = 0;
  if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return absl::OkStatus();
  return absl::InternalError(fmt::format("{} failed: {}", command[0], Tail(log)));
}

// The state that the postmaster writes into the eighth line of its file once it accepts connections.
bool IsReady(const std::string& folder, pid_t pid) {
  std::ifstream file(folder + "/data/postmaster.pid");
  std::string line, first;
  for (int i = 0; i < 8 && std::getline(file, line); ++i) {
    if (i == 0) first = line;
    if (i == 7) return first == std::to_string(pid) && line.substr(0, 5) == "ready";
  }
  return false;
}

}  // namespace

PostgresServer::PostgresServer(std::string bin, std::string folder, int port, PostgresOptions options)
    : clock_(NewSystemClock()),
      bin_(std::move(bin)),
      folder_(std::move(folder)),
      port_(port),
      options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(const PostgresOptions& options) {
  const std::string bin = FindBin();
  if (bin.empty())
    return absl::NotFoundError("PostgreSQL is not installed (Debian: apt-get install postgresql-15)");
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-postgres-XXXXXX").string();
  // A socket's path has at most 107 characters.
  if (folder.size() > 80) folder = "/tmp/finalmile-postgres-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));
  std::unique_ptr<PostgresServer> server(new PostgresServer(bin, folder, FreePort(), options));
  RETURN_IF_ERROR(server->Initialise());
  RETURN_IF_ERROR(server->Resume());
  return server;
}

PostgresServer::~PostgresServer() {
  if (server_ > 0) kill(server_, SIGQUIT);
  WaitForExit();
  if (watchdog_pipe_ >= 0) close(watchdog_pipe_);
  if (watchdog_ > 0) waitpid(watchdog_, nullptr, 0);
}

absl::Status PostgresServer::Initialise() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError("cannot make a pipe");
  watchdog_pipe_ = ends[1];
  absl::StatusOr<pid_t> watchdog = Spawn({"/bin/sh", "-c", kWatchdog, folder_}, ends[0], "/dev/null");
  close(ends[0]);
  RETURN_IF_ERROR(watchdog.status());
  watchdog_ = *watchdog;
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return absl::InternalError(fmt::format("cannot give {} to the user postgres", folder_));
    }
  }
  return RunToEnd(AsServerUser({bin_ + "initdb", "-D", folder_ + "/data", "-U", "postgres", "-A", "trust",
                                "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"}),
                  folder_ + "/initdb.log");
}

std::string PostgresServer::url(std::string_view database) const {
  return fmt::format("postgresql:///{}?host={}&port={}&user=postgres", database, folder_, port_);
}

std::string PostgresServer::tcp_url(std::string_view database) const {
  return fmt::format("postgresql://postgres@127.0.0.1:{}/{}", port_, database);
}

absl::StatusOr<std::string> PostgresServer::CreateDatabase() {
  static std::atomic<int> next{0};
  const std::string name = fmt::format("test_{}", ++next);
  RETURN_IF_ERROR(
      RunToEnd({bin_ + "psql", "-X", "-q", url("postgres"), "-c", fmt::format("CREATE DATABASE {}", name)},
               fmt::format("{}/psql_{}.log", folder_, name)));
  return name;
}

absl::Status PostgresServer::Resume() {
  std::vector<std::string> command = {bin_ + "postgres", "-D", folder_ + "/data"};
  const auto set = [&](std::string setting) {
    command.emplace_back("-c");
    command.push_back(std::move(setting));
  };
  set(fmt::format("port={}", port_));
  set("listen_addresses=127.0.0.1");
  set(fmt::format("unix_socket_directories={}", folder_));
  set("shared_buffers=64MB");
  set("deadlock_timeout=100ms");
  if (!options_.fsync) {
    set("fsync=off");
    set("full_page_writes=off");
  }
  for (const std::string& setting : options_.settings) set(setting);

  const absl::Duration give_up = clock_->Steady() + kStartLimit;
  const auto pause = clock_->NewWaitEvent();
  ASSIGN_OR_RETURN(server_, Spawn(AsServerUser(command), -1, folder_ + "/server.log"));
  while (!IsReady(folder_, server_)) {
    if (clock_->Steady() >= give_up) {
      return absl::DeadlineExceededError(
          fmt::format("PostgreSQL did not start: {}", Tail(folder_ + "/server.log")));
    }
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(20));
    // It gives up at once while the processes of a killed predecessor still end.
    if (waitpid(server_, nullptr, WNOHANG) == server_) {
      ASSIGN_OR_RETURN(server_, Spawn(AsServerUser(command), -1, folder_ + "/server.log"));
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresServer::Stop() {
  if (server_ <= 0 || kill(server_, SIGINT) != 0)
    return absl::FailedPreconditionError("PostgreSQL is not running");
  WaitForExit();
  return absl::OkStatus();
}

absl::Status PostgresServer::Restart() {
  RETURN_IF_ERROR(Stop());
  return Resume();
}

void PostgresServer::Kill() {
  if (server_ > 0) kill(server_, SIGKILL);
  WaitForExit();
}

void PostgresServer::WaitForExit() {
  if (server_ > 0) waitpid(server_, nullptr, 0);
  server_ = -1;
}

absl::StatusOr<PostgresServer*> SharedPostgres() {
  static const absl::StatusOr<std::unique_ptr<PostgresServer>> server = PostgresServer::Start({});
  if (!server.ok()) return server.status();
  return server->get();
}

bool PostgresRequired() {
  const char* required = std::getenv("REQUIRE_POSTGRES");
  return required != nullptr && std::strcmp(required, "1") == 0;
}

}  // namespace finalmile::testing
