#include "tests/faults/leads_program.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <fstream>

#include "libs/base/status.h"
#include "libs/testing/raw_http2.h"

namespace finalmile::faults {

absl::StatusOr<std::unique_ptr<LeadsProgram>> LeadsProgram::Start(const std::string& tokens) {
  auto program = std::unique_ptr<LeadsProgram>(new LeadsProgram());
  const std::string& folder = program->folder_.path();
  program->port_ = testing::FreePort();
  program->admin_port_ = testing::FreePort();
  // The hard limit too: the program raises its own.
  std::vector<std::string> arguments = {"/bin/sh",
                                        "-c",
                                        "ulimit -n 1024 && exec \"$0\" \"$@\"",
                                        FINALMILE_LEADS_BINARY,
                                        "--data",
                                        folder,
                                        "--listen",
                                        fmt::format("127.0.0.1:{}", program->port_),
                                        "--admin",
                                        fmt::format("127.0.0.1:{}", program->admin_port_)};
  if (!tokens.empty()) {
    std::ofstream(folder + "/tokens") << tokens;
    arguments.insert(arguments.end(), {"--tokens-file", folder + "/tokens", "--lame-duck", "0s"});
  }
  ASSIGN_OR_RETURN(program->process_, testing::Process::Start(arguments, folder + "/log"));
  RETURN_IF_ERROR(program->process_->ReadLine().status());
  return program;
}

bool LeadsProgram::Lives() const {
  siginfo_t end{};
  return waitid(P_PID, static_cast<id_t>(process_->pid()), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         end.si_pid == 0;
}

double LeadsProgram::Memory(const std::string& line) const {
  std::ifstream status(fmt::format("/proc/{}/status", process_->pid()));
  for (std::string word; status >> word;) {
    if (word != line) continue;
    double kibibytes = 0;
    status >> kibibytes;
    return kibibytes / 1024;
  }
  return 0;
}

void LeadsProgram::ResetPeak() const {
  std::ofstream(fmt::format("/proc/{}/clear_refs", process_->pid())) << "5";
}

double LeadsProgram::AwaitOwn(double most) {
  const absl::Duration deadline = clock_->Steady() + absl::Seconds(30);
  while (Own() > most && clock_->Steady() < deadline) Pause();
  return Own();
}

std::string LeadsProgram::Get(const std::string& path, const std::string& headers) const {
  const testing::Socket socket(admin_port_);
  std::string answer;
  if (!socket.connected() || !socket.Send(fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", path, headers)))
    return answer;
  for (std::string bytes; !(bytes = socket.Receive(absl::Seconds(10))).empty();) answer += bytes;
  return answer;
}

int64_t LeadsProgram::Handled(const std::string& method) const {
  const std::string metrics = Get("/metrics");
  const std::string label = fmt::format("grpc_method=\"{}\"", method);
  int64_t calls = 0;
  for (size_t at = 0; (at = metrics.find("\ngrpc_server_handled_total{", at)) != std::string::npos;) {
    const size_t end = metrics.find('\n', ++at);
    const std::string line = metrics.substr(at, end - at);
    if (line.find(label) != std::string::npos) calls += std::stoll(line.substr(line.rfind(' ') + 1));
  }
  return calls;
}

bool LeadsProgram::AwaitHandled(const std::string& method, int64_t calls, absl::Duration patience) {
  const absl::Duration deadline = clock_->Steady() + patience;
  while (Handled(method) < calls) {
    if (clock_->Steady() > deadline) return false;
    Pause();
  }
  return true;
}

void LeadsProgram::Pause() { never_->WaitUntil(clock_->Steady() + absl::Milliseconds(20)); }

}  // namespace finalmile::faults
