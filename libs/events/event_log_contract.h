#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/events/event_log.h"

namespace finalmile::events {

// One engine under the contract suite. Instantiate EventLogContract with one for each engine.
struct ContractEngine {
  std::string name;
  // The URL of a log for one test: the same one for every call within the test. Fails with the reason for
  // skipping.
  std::function<absl::StatusOr<std::string>(std::string_view test)> url;
  // Whether a test without the engine fails instead of being skipped.
  bool required = false;
};

inline std::ostream& operator<<(std::ostream& out, const ContractEngine& engine) {
  return out << engine.name;
}

// What every EventLog promises. Each test has topics and groups of its own.
class EventLogContract : public ::testing::TestWithParam<ContractEngine> {
 protected:
  void SetUp() override;

  void Open();
  absl::Duration Soon() const { return clock_->Steady() + absl::Seconds(30); }
  // A name no other test uses.
  std::string Unique(std::string_view what) const;
  // Makes a topic and returns its name.
  std::string MakeTopic(int32_t partitions, std::string_view what = "t");
  void Append(const std::vector<Message>& messages);
  // Polls until `done` says so about what has been returned; fails after half a minute.
  void PollUntil(Consumer& consumer, WaitEvent& wake, const std::function<bool(Polled&)>& done);
  // Waits for an assignment of at least one partition that `wanted` accepts, and starts it all at `offset`.
  std::vector<Partition> StartAll(Consumer& consumer, WaitEvent& wake, int64_t offset,
                                  const std::function<bool(const std::vector<Partition>&)>& wanted);
  std::vector<Record> Read(Consumer& consumer, WaitEvent& wake, size_t count);
  std::vector<Record> ReadTail(Tail& tail, WaitEvent& wake, size_t count);

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::string url_;
  std::unique_ptr<EventLog> log_;
};

inline bool Any(const std::vector<Partition>& partitions) { return !partitions.empty(); }

inline std::vector<std::string> Values(const std::vector<Record>& records) {
  std::vector<std::string> values;
  for (const Record& record : records) values.push_back(record.value);
  return values;
}

inline Message Text(const std::string& topic, std::string key, std::string value) {
  return {.topic = topic, .key = std::move(key), .value = std::move(value), .headers = {}};
}

}  // namespace finalmile::events
