#include "libs/events/local/appender.h"

#include <algorithm>
#include <map>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/headers.h"

namespace finalmile::events {
namespace {

// Bounds of one transaction, so that a call's wait and the memory of a batch stay small.
constexpr size_t kBatchMessages = 5'000;
constexpr int64_t kBatchBytes = 16 << 20;

absl::Status Expired() {
  return absl::DeadlineExceededError("events: the append did not finish before its deadline; append again");
}

}  // namespace

struct LocalAppender::Call {
  const std::vector<Message>& messages;
  const std::vector<int64_t>& partitions;
  absl::Duration deadline;
  std::unique_ptr<WaitEvent> event;
  int64_t bytes = 0;
  // Guarded by mutex_.
  bool taken = false;
  bool leads = false;
  bool done = false;
  absl::Status status = absl::OkStatus();
};

absl::StatusOr<std::vector<int64_t>> LocalAppender::PartitionsOf(const std::vector<Message>& messages) {
  std::map<std::string_view, Catalog::Topic> topics;
  std::vector<int64_t> ids;
  ids.reserve(messages.size());
  for (const Message& message : messages) {
    auto it = topics.find(message.topic);
    if (it == topics.end()) {
      const auto topic = catalog_.Find(message.topic);
      if (!topic) return UnknownTopic(message.topic);
      it = topics.emplace(message.topic, *topic).first;
    }
    const int32_t count = it->second.spec.partitions;
    int64_t partition;
    if (message.key.empty()) {
      std::lock_guard lock(mutex_);
      partition = keyless_++ % count;
    } else {
      partition = PartitionOf(message.key, count);
    }
    ids.push_back(it->second.first_id + partition);
  }
  return ids;
}

absl::Status LocalAppender::Append(const std::vector<Message>& messages, absl::Duration deadline) {
  RETURN_IF_ERROR(CheckSizes(messages, kMaxMessageBytes));
  ASSIGN_OR_RETURN(const std::vector<int64_t> partitions, PartitionsOf(messages));
  if (messages.empty()) return absl::OkStatus();
  Call call{
      .messages = messages, .partitions = partitions, .deadline = deadline, .event = clock_.NewWaitEvent()};
  for (const Message& message : messages) call.bytes += MessageBytes(message);

  std::unique_lock lock(mutex_);
  waiting_.push_back(&call);
  call.leads = !committing_;
  committing_ = true;
  while (!call.done) {
    if (call.leads) {
      const Calls batch = TakeBatch();
      absl::Duration soonest = absl::InfiniteDuration();
      for (const Call* member : batch) soonest = std::min(soonest, member->deadline);
      lock.unlock();
      const absl::Status status = soonest <= clock_.Steady() ? Expired() : Commit(batch, soonest);
      lock.lock();
      Settle(batch, status);
      continue;
    }
    lock.unlock();
    const bool woken = call.event->WaitUntil(deadline);
    lock.lock();
    if (!woken && !call.done && !call.leads) {
      if (!call.taken) {
        std::erase(waiting_, &call);
        return Expired();
      }
      // Its transaction has the same deadline and refers to the messages: the answer is on its way.
      lock.unlock();
      call.event->WaitUntil(absl::InfiniteDuration());
      lock.lock();
    }
    call.event->Clear();
  }
  return call.status;
}

LocalAppender::Calls LocalAppender::TakeBatch() {
  Calls batch;
  size_t messages = 0;
  int64_t bytes = 0;
  while (!waiting_.empty()) {
    Call* call = waiting_.front();
    messages += call->messages.size();
    bytes += call->bytes;
    if (!batch.empty() && (messages > kBatchMessages || bytes > kBatchBytes)) break;
    call->taken = true;
    batch.push_back(call);
    waiting_.pop_front();
  }
  return batch;
}

// Answers the calls of a batch, and passes the duty to commit on. A batch that ran into its soonest deadline
// was rolled back: the calls that still have time are tried again.
void LocalAppender::Settle(const Calls& batch, const absl::Status& status) {
  const absl::Duration now = clock_.Steady();
  Calls again;
  for (Call* call : batch) {
    call->taken = false;
    call->leads = false;
    if (absl::IsDeadlineExceeded(status) && call->deadline > now) {
      again.push_back(call);
      continue;
    }
    call->done = true;
    call->status = status;
    call->event->Set();
  }
  waiting_.insert(waiting_.begin(), again.begin(), again.end());
  committing_ = !waiting_.empty();
  if (committing_) {
    waiting_.front()->leads = true;
    waiting_.front()->event->Set();
  }
}

absl::Status LocalAppender::Commit(const Calls& batch, absl::Duration deadline) {
  const int64_t now = ToMicros(clock_.Now());
  std::map<int64_t, int64_t> ends;
  absl::Status status =
      database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
        std::map<int64_t, int64_t> next;
        std::vector<storage::Row> rows;
        for (const Call* call : batch) {
          for (const int64_t id : call->partitions) ++next[id];
        }
        ends.clear();
        for (auto& [id, offset] : next) {
          ASSIGN_OR_RETURN(
              const storage::Result moved,
              transaction.Execute(
                  "UPDATE partitions SET next_offset = next_offset + $1 WHERE id = $2 RETURNING next_offset",
                  {offset, id}));
          ends[id] = moved.rows[0].Int(0);
          offset = ends[id] - offset;
        }
        for (const Call* call : batch) {
          for (size_t i = 0; i < call->messages.size(); ++i) {
            const Message& message = call->messages[i];
            const int64_t id = call->partitions[i];
            storage::Value headers;
            if (!message.headers.empty()) headers = storage::Bytes{EncodeHeaders(message.headers)};
            rows.push_back(storage::Row({RecordId(id, next[id]++), now, storage::Bytes{message.key},
                                         storage::Bytes{message.value}, std::move(headers)}));
          }
        }
        return transaction
            .ExecuteMany(
                "INSERT INTO records (id, time, key, value, headers) SELECT r.id, r.time, r.key, r.value, "
                "r.headers FROM "
                "{rows: id BIGINT, time BIGINT, key BYTES, value BYTES, headers BYTES} AS r WHERE TRUE",
                rows)
            .status();
      });
  if (status.ok()) {
    for (const auto& [id, end] : ends) catalog_.Grown(id, end);
  }
  return status;
}

}  // namespace finalmile::events
