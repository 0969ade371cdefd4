#include "tests/bench/peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "libs/base/status.h"

namespace finalmile::bench {
namespace {

// The longest that a command may take: more than the limits of the peers themselves.
constexpr absl::Duration kCommandLimit = absl::Minutes(15);

}  // namespace

absl::StatusOr<std::unique_ptr<Peer>> Peer::Start(Clock& clock, std::string_view main, std::string_view heap,
                                                  const std::vector<std::string>& arguments,
                                                  const std::string& log) {
  const std::string built = FINALMILE_SOURCE_DIR "/.build/peers/target";
  if (!std::filesystem::is_directory(built + "/lib"))
    return absl::NotFoundError("the peers are not built: run tests/bench/peers/build first");
  std::vector<std::string> command = {"java",
                                      fmt::format("-Xms{}", heap),
                                      fmt::format("-Xmx{}", heap),
                                      "-XX:+UseG1GC",
                                      "-XX:-UsePerfData",
                                      "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                                      "-cp",
                                      fmt::format("{}/classes:{}/lib/*", built, built),
                                      fmt::format("com.finalmile.peers.{}", main)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : command) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  std::unique_ptr<Peer> peer(new Peer(clock, log));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return absl::InternalError(fmt::format("cannot make a pair of sockets: {}", std::strerror(errno)));
  peer->line_ = ends[0];
  cpu_set_t every;
  CPU_ZERO(&every);
  for (int core = 0; core < CPU_SETSIZE; ++core) CPU_SET(core, &every);
  const pid_t parent = getpid();
  peer->pid_ = fork();
  if (peer->pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sched_setaffinity(0, sizeof(every), &every);
    dup2(ends[1], STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
    execvp(pointers[0], pointers.data());
    _exit(127);
  }
  close(ends[1]);
  if (peer->pid_ < 0) return absl::InternalError(fmt::format("cannot start java: {}", std::strerror(errno)));
  return peer;
}

Peer::~Peer() {
  if (line_ >= 0) close(line_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::Status Peer::Say(std::string_view command) {
  const std::string text = fmt::format("{}\n", command);
  const ssize_t sent = send(line_, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent == static_cast<ssize_t>(text.size())) return absl::OkStatus();
  return absl::UnavailableError(fmt::format("the peer has ended; see {}", log_));
}

absl::StatusOr<std::string> Peer::Hear(std::string_view word, absl::Duration limit) {
  ASSIGN_OR_RETURN(const std::string line, ReadLine(clock_.Steady() + limit));
  if (line == word) return "";
  if (line.starts_with(fmt::format("{} ", word))) return line.substr(word.size() + 1);
  return absl::InternalError(fmt::format("the peer answered \"{}\", not \"{} …\"; see {}", line, word, log_));
}

absl::StatusOr<std::string> Peer::Ask(std::string_view command) {
  RETURN_IF_ERROR(Say(command));
  return Hear(fmt::format("ok {}", command.substr(0, command.find(' '))), kCommandLimit);
}

absl::StatusOr<std::string> Peer::ReadLine(absl::Duration deadline) {
  for (;;) {
    if (const size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    const absl::Duration left = deadline - clock_.Steady();
    if (left <= absl::ZeroDuration())
      return absl::DeadlineExceededError(fmt::format("the peer does not answer; see {}", log_));
    pollfd ready{.fd = line_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1) <= 0) continue;
    char bytes[4096];
    const ssize_t got = read(line_, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return absl::UnavailableError(fmt::format("the peer has ended; see {}", log_));
    unread_.append(bytes, static_cast<size_t>(got));
  }
}

}  // namespace finalmile::bench
