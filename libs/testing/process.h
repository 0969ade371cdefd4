#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace finalmile::testing {

// A child process that dies with this one. Not thread-safe.
class Process {
 public:
  // Starts `arguments[0]` with our environment less FINALMILE_…; its standard output is read by ReadLine, its
  // standard error goes to `log` (appended) or, when empty, to ours.
  static absl::StatusOr<std::unique_ptr<Process>> Start(std::vector<std::string> arguments,
                                                        const std::string& log);
  // Kill().
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // The next line of its standard output; UNAVAILABLE when it has ended without one.
  absl::StatusOr<std::string> ReadLine();

  // SIGKILL, and waits for the end.
  void Kill();
  // SIGSTOP, and waits until every thread has stopped.
  void Freeze() const;
  void Thaw() const;
  // SIGTERM; waits and returns the exit code.
  int Terminate();

 private:
  Process(pid_t pid, int output) : pid_(pid), output_(output) {}
  int Wait();

  pid_t pid_ = -1;
  int output_ = -1;
  std::string unread_;
};

// A port of 127.0.0.1 that was free a moment ago; 0: there was none.
int FreePort();

}  // namespace finalmile::testing
