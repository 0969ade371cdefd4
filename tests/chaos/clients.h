#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "libs/testing/replicas.h"

namespace finalmile::chaos {

// Clients that write to two replicas, one thread each, while the test breaks something. Call and Fail are
// thread-safe, as are the counters; the others are the test's.
class Clients {
 public:
  // The replicas outlive the clients.
  explicit Clients(testing::Replicas& replicas);
  // Stop().
  ~Clients();

  // Each client calls `write` over and over, with its number and the turn, until Stop.
  void Start(int clients, std::function<void(int client, int64_t turn)> write);
  void Stop();
  // Returns when the clients have had so many more acknowledgements, or with false after two minutes without.
  bool AwaitAcknowledged(int64_t more);

  // One call of a method, by its full name, of the replica that `first` chooses, and with the same request of
  // the other one, in turn, as a client may repeat it: after UNAVAILABLE, after RESOURCE_EXHAUSTED that names
  // a delay, and when it has given up itself. Returns the answer, or the last error after two minutes.
  absl::Status Call(const std::string& method, const google::protobuf::Message& request, uint64_t first,
                    google::protobuf::Message& response);
  // An answer that no client should have had.
  void Fail(const absl::Status& answer);

  // DATA_LOSS once Fail was called, with the last of these answers.
  absl::Status failures() const;
  // Calls that were repeated.
  int64_t retries() const { return retries_; }
  // Attempts that ended CANCELLED, which no client repeats by itself.
  int64_t cancelled() const { return cancelled_; }

 private:
  testing::Replicas& replicas_;
  const std::unique_ptr<WaitEvent> progress_;
  std::vector<std::thread> threads_;
  std::atomic<bool> writing_ = false;
  std::atomic<int64_t> acknowledged_ = 0;
  std::atomic<int64_t> retries_ = 0;
  std::atomic<int64_t> cancelled_ = 0;
  mutable std::mutex mutex_;
  int64_t failed_ = 0;
  absl::Status last_failure_;
};

}  // namespace finalmile::chaos
