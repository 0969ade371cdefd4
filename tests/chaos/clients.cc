#include "tests/chaos/clients.h"

#include <fmt/format.h>

#include <utility>

#include "libs/rpc/errors.h"

namespace finalmile::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);

// Every call has a request id, so that one whose effect is not known may be repeated, too: PostgreSQL may be
// away for longer than a call has time.
bool MayRepeat(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status) ||
         (absl::IsResourceExhausted(status) && rpc::RetryDelayOf(status).has_value());
}

}  // namespace

Clients::Clients(testing::Replicas& replicas)
    : replicas_(replicas), progress_(replicas.clock().NewWaitEvent()) {}

Clients::~Clients() { Stop(); }

void Clients::Start(int clients, std::function<void(int client, int64_t turn)> write) {
  writing_ = true;
  for (int client = 0; client < clients; ++client) {
    threads_.emplace_back([this, client, write] {
      for (int64_t turn = 0; writing_; ++turn) write(client, turn);
    });
  }
}

void Clients::Stop() {
  writing_ = false;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool Clients::AwaitAcknowledged(int64_t more) {
  const int64_t goal = acknowledged_ + more;
  const absl::Duration deadline = replicas_.clock().Steady() + kPatience;
  while (acknowledged_ < goal) {
    progress_->Clear();
    if (acknowledged_ >= goal) return true;
    if (!progress_->WaitUntil(deadline)) return false;
  }
  return true;
}

absl::Status Clients::Call(const std::string& method, const google::protobuf::Message& request,
                           uint64_t first, google::protobuf::Message& response) {
  Clock& clock = replicas_.clock();
  const absl::Duration deadline = clock.Steady() + kPatience;
  const std::unique_ptr<WaitEvent> pause = clock.NewWaitEvent();
  absl::Status last;
  const auto count = static_cast<uint64_t>(replicas_.count());
  for (uint64_t attempt = 0; clock.Steady() < deadline; ++attempt) {
    // All may be down for a moment.
    if (attempt >= count) pause->WaitUntil(clock.Steady() + absl::Milliseconds(20));
    rpc::Channel& channel = replicas_.channel(static_cast<int>((first + attempt) % count));
    last = channel.CallMessage(method, request, response, {.timeout = absl::Seconds(2), .retry = false});
    if (last.ok()) {
      ++acknowledged_;
      progress_->Set();
      break;
    }
    if (absl::IsCancelled(last)) ++cancelled_;
    if (!MayRepeat(last)) break;
    ++retries_;
  }
  return last;
}

void Clients::Fail(const absl::Status& answer) {
  std::lock_guard lock(mutex_);
  ++failed_;
  last_failure_ = answer;
}

absl::Status Clients::failures() const {
  std::lock_guard lock(mutex_);
  if (failed_ == 0) return absl::OkStatus();
  return absl::DataLossError(fmt::format("{} calls were not answered as they should, the last one: {}",
                                         failed_, last_failure_.ToString()));
}

}  // namespace finalmile::chaos
