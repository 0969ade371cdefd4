#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "libs/base/status.h"
#include "libs/events/event_log.h"
#include "libs/outbox/handler.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/parked.h"
#include "libs/outbox/schema.h"
#include "libs/storage/database.h"
#include "libs/testing/forwarding_event_log.h"
#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::outbox {

// A store whose calls a test can make fail.
class HookedDatabase final : public storage::Database {
 public:
  explicit HookedDatabase(storage::Database& inner) : inner_(inner) {}

  // UNAVAILABLE before anything is done.
  bool away = false;
  // Leaders lose their locks.
  bool expel = false;
  // Called before each transaction of the database's own; what it returns is the answer unless it is OK.
  std::function<absl::Status(const storage::TransactOptions&)> before = [](const auto&) {
    return absl::OkStatus();
  };
  // What it says that it is.
  std::optional<storage::Engine> called;

  storage::Engine engine() const override { return called.value_or(inner_.engine()); }
  absl::Status Transact(const storage::TransactOptions& options,
                        const storage::TransactionFunction& function) override {
    if (away) return absl::UnavailableError("the store is away");
    RETURN_IF_ERROR(before(options));
    return inner_.Transact(options, function);
  }
  absl::StatusOr<std::unique_ptr<storage::Leadership>> Elect(std::string_view name,
                                                             absl::Duration deadline) override {
    if (away) return absl::UnavailableError("the store is away");
    ASSIGN_OR_RETURN(auto inner, inner_.Elect(name, deadline));
    return std::make_unique<HookedLeadership>(*this, std::move(inner));
  }
  std::unique_ptr<storage::Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    return inner_.Subscribe(channel, event);
  }
  void SetCompanion(storage::Companion* companion) override { inner_.SetCompanion(companion); }
  std::vector<Step*> steps() override { return {}; }
  absl::Status Advertise(std::string_view) override { return absl::OkStatus(); }

 private:
  class HookedLeadership final : public storage::Leadership {
   public:
    HookedLeadership(HookedDatabase& database, std::unique_ptr<storage::Leadership> inner)
        : database_(database), inner_(std::move(inner)) {}
    absl::Status Transact(const storage::TransactOptions& options,
                          const storage::TransactionFunction& function) override {
      return Lost() ? absl::UnavailableError("the lock is lost") : inner_->Transact(options, function);
    }
    absl::Status Heartbeat(absl::Duration deadline) override {
      return Lost() ? absl::UnavailableError("the lock is lost") : inner_->Heartbeat(deadline);
    }
    absl::Duration heartbeat_interval() const override { return absl::Seconds(1); }

   private:
    bool Lost() {
      if (database_.expel) inner_.reset();
      return inner_ == nullptr;
    }

    HookedDatabase& database_;
    std::unique_ptr<storage::Leadership> inner_;
  };

  storage::Database& inner_;
};

// A log of which a test sees and changes what comes back.
class HookedLog final : public testing::ForwardingEventLog {
 public:
  using ForwardingEventLog::ForwardingEventLog;

  // The answer to an append that has been stored.
  std::function<absl::Status()> after_append = [] { return absl::OkStatus(); };
  std::function<void(events::Polled&)> on_poll = [](events::Polled&) {};
  std::function<void(const std::vector<events::PartitionOffset>&)> on_report =
      [](const std::vector<events::PartitionOffset>&) {};

  absl::Status Append(const std::vector<events::Message>& messages, absl::Duration deadline) override {
    RETURN_IF_ERROR(inner().Append(messages, deadline));
    return after_append();
  }
  absl::StatusOr<std::unique_ptr<events::Consumer>> Join(std::string_view group,
                                                         const std::vector<std::string>& topics,
                                                         WaitEvent& wake) override {
    ASSIGN_OR_RETURN(auto consumer, inner().Join(group, topics, wake));
    return std::make_unique<HookedConsumer>(*this, std::move(consumer));
  }

 private:
  class HookedConsumer final : public events::Consumer {
   public:
    HookedConsumer(HookedLog& log, std::unique_ptr<events::Consumer> inner)
        : log_(log), inner_(std::move(inner)) {}
    absl::StatusOr<events::Polled> Poll(int max_records) override {
      auto polled = inner_->Poll(max_records);
      if (polled.ok()) log_.on_poll(*polled);
      return polled;
    }
    absl::Status Start(const std::vector<events::PartitionOffset>& offsets) override {
      return inner_->Start(offsets);
    }
    absl::Status Rejoin() override { return inner_->Rejoin(); }
    void Report(const std::vector<events::PartitionOffset>& offsets) override {
      log_.on_report(offsets);
      inner_->Report(offsets);
    }

   private:
    HookedLog& log_;
    const std::unique_ptr<events::Consumer> inner_;
  };
};

// Notes what it is given in the table `applied`, and fails as the test says.
class NotingHandler final : public Handler {
 public:
  // By the record's value.
  std::map<std::string, absl::Status> faults;
  std::set<std::string> set_aside;
  // The value at which it throws; empty: none.
  std::string throws;
  int calls = 0;
  // Deliveries of the largest batch.
  size_t largest = 0;
  // Called for each delivery.
  std::function<void(const Delivery&)> on_delivery = [](const Delivery&) {};

  absl::Status Apply(storage::Transaction& transaction, Batch& batch) override {
    ++calls;
    largest = std::max(largest, batch.deliveries().size());
    for (size_t i = 0; i < batch.deliveries().size(); ++i) {
      const auto& [record, seq, trace] = batch.deliveries()[i];
      on_delivery(batch.deliveries()[i]);
      if (!throws.empty() && record->value == throws) throw std::runtime_error("no jane@example.org");
      if (const auto fault = faults.find(record->value); fault != faults.end()) return fault->second;
      if (set_aside.contains(record->value)) {
        batch.Park(i, "set aside");
        continue;
      }
      RETURN_IF_ERROR(transaction
                          .Execute("INSERT INTO applied (key, seq, value) VALUES ($1, $2, $3)",
                                   {storage::Bytes{record->key}, seq, record->value})
                          .status());
    }
    return absl::OkStatus();
  }
};

// A store with the library's tables and an event log with the topic "t" of two partitions, by hand-moved
// time.
class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    auto store = storage::Open("sqlite:" + folder_.path() + "/store.db", clock, {});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    EXPECT_TRUE(storage::Migrate(*store_, clock, "outbox", Migrations()).ok());
    Sql("CREATE TABLE applied (id INTEGER PRIMARY KEY, key BLOB, seq BIGINT, value TEXT)");
    auto log = events::Open("local:" + folder_.path() + "/events.db", clock);
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    EXPECT_TRUE(log_->ApplyTopics({{.name = "t", .partitions = 2}}, Soon()).ok());
    database = std::make_unique<HookedDatabase>(*store_);
    events = std::make_unique<HookedLog>(*log_);
  }
  ~OutboxTest() override {
    log_.reset();
    store_.reset();
  }

  absl::Duration Soon() const { return clock.Steady() + absl::Seconds(10); }

  std::vector<storage::Row> Sql(std::string_view sql) {
    std::vector<storage::Row> rows;
    const absl::Status done = store_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) {
      auto result = transaction.Execute(sql);
      if (result.ok()) rows = std::move(result->rows);
      return result.status();
    });
    EXPECT_TRUE(done.ok()) << sql << ": " << done;
    return rows;
  }

  // A key of the topic's partition.
  static std::string KeyIn(int32_t partition, const std::string& prefix = "k") {
    for (int i = 0;; ++i) {
      std::string key = prefix + std::to_string(i);
      if (events::PartitionOf(key, 2) == partition) return key;
    }
  }

  // Appends a record with a seq (0: without).
  void Append(const std::string& key, int64_t seq, const std::string& value) {
    events::Message message{"t", key, value, {}};
    if (seq != 0) message.headers = {{"ce_sequence", std::to_string(seq)}};
    const absl::Status done = log_->Append({message}, Soon());
    ASSERT_TRUE(done.ok()) << done;
  }

  // Runs the step until it has nothing to do at this moment.
  void Drive(Step& step) {
    for (int i = 0; i < 100; ++i) {
      step.wake().Clear();
      if (step.Run() > clock.Steady() && !step.wake().WaitUntil(absl::ZeroDuration())) return;
    }
    FAIL() << step.name() << " does not come to rest";
  }

  // Values that the handler has taken, in order; of `key` when it is not empty.
  std::vector<std::string> Applied(const std::string& key = "") {
    std::vector<std::string> values;
    for (const storage::Row& row : Sql("SELECT key, value FROM applied ORDER BY id")) {
      if (key.empty() || row.Blob(0) == key) values.push_back(row.Text(1));
    }
    return values;
  }

  // "state:value", oldest offset first.
  std::vector<std::string> Parked() {
    std::vector<std::string> parked;
    for (const storage::Row& row : Sql("SELECT state, value FROM parked ORDER BY partition, record_offset")) {
      parked.push_back(row.Text(0) + ":" + row.Blob(1));
    }
    return parked;
  }

  using Strings = std::vector<std::string>;

  testing::ManualClock clock;
  testing::CapturingLog logger;
  std::unique_ptr<HookedDatabase> database;
  std::unique_ptr<HookedLog> events;
  NotingHandler handler;

 private:
  const testing::TemporaryFolder folder_;

 protected:
  std::unique_ptr<storage::Database> store_;
  std::unique_ptr<events::EventLog> log_;
};

}  // namespace finalmile::outbox
