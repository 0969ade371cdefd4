#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::faults {

// finalmile-leads as a process of its own on an embedded store, with at most 1024 open files. Not
// thread-safe.
class LeadsProgram {
 public:
  // `tokens`: the lines of its tokens file; empty: it has none.
  static absl::StatusOr<std::unique_ptr<LeadsProgram>> Start(const std::string& tokens = "");

  int port() const { return port_; }
  int admin_port() const { return admin_port_; }
  Clock& clock() { return *clock_; }

  // Whether the process runs.
  bool Lives() const;
  // 0: it ended as it should.
  int Terminate() { return process_->Terminate(); }

  // Memory of its own in MiB, now and at most since ResetPeak. Pages of the store that SQLite maps are not
  // counted: they are clean pages of the system's cache, and resident once for each connection to the store.
  double Own() const { return Memory("RssAnon:"); }
  double PeakOwn() const { return Memory("VmHWM:") - Memory("RssFile:") - Memory("RssShmem:"); }
  // With those pages.
  double PeakResident() const { return Memory("VmHWM:"); }
  void ResetPeak() const;
  // Waits until it has no more than `most` of its own, for half a minute; returns what it has.
  double AwaitOwn(double most);

  // The whole answer of the admin port to a GET of `path`, empty when there is none; `headers` are further
  // lines of the request.
  std::string Get(const std::string& path, const std::string& headers = "") const;
  // The sum over all codes of grpc_server_handled_total of a method.
  int64_t Handled(const std::string& method) const;
  // Waits until so many calls of a method were handled, for `patience`; false: they were not.
  bool AwaitHandled(const std::string& method, int64_t calls, absl::Duration patience = absl::Minutes(1));

  // Waits a moment before the next look at what has no event.
  void Pause();

 private:
  LeadsProgram() = default;
  double Memory(const std::string& line) const;

  testing::TemporaryFolder folder_;
  std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::unique_ptr<WaitEvent> never_ = clock_->NewWaitEvent();
  int port_ = 0;
  int admin_port_ = 0;
  std::unique_ptr<testing::Process> process_;
};

}  // namespace finalmile::faults
