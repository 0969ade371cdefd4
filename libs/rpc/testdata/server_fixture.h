#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/rpc/client.h"
#include "libs/rpc/server.h"
#include "libs/rpc/testdata/echo_fixture.h"
#include "libs/testing/logs.h"

namespace finalmile::rpc {

struct Count {
  int started = 0;
  int64_t received = 0;
  int64_t sent = 0;
  std::map<absl::StatusCode, int> codes;
};

// Counts calls by "type Method".
class CountingObserver final : public CallObserver {
 public:
  struct One final : MethodObserver {
    One(CountingObserver& all, std::string name) : all(all), name(std::move(name)) {}
    void Started() override {
      std::lock_guard lock(all.mutex);
      ++all.counts[name].started;
    }
    void Finished(absl::StatusCode code, absl::Duration took, int64_t received, int64_t sent) override {
      EXPECT_GE(took, absl::ZeroDuration());
      std::lock_guard lock(all.mutex);
      Count& count = all.counts[name];
      ++count.codes[code];
      count.received += received;
      count.sent += sent;
    }
    CountingObserver& all;
    const std::string name;
  };
  std::unique_ptr<MethodObserver> ForMethod(const MethodLabels& labels) override {
    EXPECT_EQ(labels.service, "finalmile.rpctest.v1.EchoService");
    return std::make_unique<One>(*this, fmt::format("{} {}", labels.type, labels.method));
  }
  void Refused(std::string_view reason) override {
    std::lock_guard lock(mutex);
    ++refused[std::string(reason)];
  }
  std::mutex mutex;
  std::map<std::string, Count> counts;
  std::map<std::string, int> refused;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.listen = "127.0.0.1:0"; }

  absl::Status TryStart() {
    const ServerDeps deps{.executor = executor_,
                          .clock = *server_clock_,
                          .log = log_,
                          .observer = &observer_,
                          .credentials = credentials_};
    ASSIGN_OR_RETURN(server_, Server::Start(options_, {&echo_.service}, deps));
    return absl::OkStatus();
  }
  void Start() {
    ASSERT_EQ(TryStart(), absl::OkStatus());
    server_->SetServing(true);
    channel_ = NewChannel();
  }
  std::unique_ptr<Channel> NewChannel() {
    return NewGrpcChannel({.target = server_->address()}, *clock_, *rng_);
  }

  ~ServerTest() override { StopSteps(); }
  void StopSteps() {
    stop_ = true;
    for (Step* step : running_) step->wake().Set();
    for (std::thread& thread : step_threads_) thread.join();
    running_.clear();
    step_threads_.clear();
  }
  // Runs server_->steps() from now to the end of the test.
  void RunSteps() {
    running_ = server_->steps();
    for (Step* step : running_) {
      step_threads_.emplace_back([this, step] {
        while (!stop_) {
          step->wake().Clear();
          if (!stop_) step->wake().WaitUntil(step->Run());
        }
      });
    }
  }

  absl::StatusOr<pb::SayResponse> Say(const pb::SayRequest& request, const CallOptions& options = {}) {
    return channel_->Call<pb::SayResponse>(kSay, request, options);
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::CapturingLog log_;
  CountingObserver observer_;
  // Outlive the executor's threads, whose last act may be to open one.
  Latch entered_, leave_, ended_;
  Echo echo_;
  TestExecutor executor_{4};
  ServerOptions options_;
  const Credentials* credentials_ = nullptr;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
  // The server uses this clock.
  Clock* server_clock_ = clock_.get();
  std::atomic<bool> stop_ = false;
  std::vector<Step*> running_;
  std::vector<std::thread> step_threads_;
};

}  // namespace finalmile::rpc
