#include "libs/events/local/local_log.h"

#include <algorithm>
#include <map>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/local/appender.h"
#include "libs/events/local/catalog.h"
#include "libs/events/local/groups.h"
#include "libs/events/local/reader.h"
#include "libs/events/local/retention.h"
#include "libs/storage/database.h"

namespace finalmile::events {
namespace {

class LocalConsumer final : public Consumer {
 public:
  LocalConsumer(storage::Database& database, Catalog& catalog, Groups& groups, Clock& clock,
                const std::string& group, const std::vector<std::string>& topics, WaitEvent& wake)
      : catalog_(catalog),
        groups_(groups),
        wake_(wake),
        reader_(database, catalog, clock),
        watch_(catalog.NewWatch(topics, wake)),
        member_(groups.Join(group, topics, wake)) {}
  ~LocalConsumer() override { groups_.Leave(member_); }

  absl::StatusOr<Polled> Poll(int max_records) override {
    Polled polled;
    if (auto next = groups_.Take(member_)) {
      reader_.StopAll();
      polled.assigned = true;
      polled.partitions = next->partitions;
      assignment_ = std::move(*next);
      wake_.Set();
      return polled;
    }
    if (!assignment_.missing.empty()) {
      const auto topic = assignment_.missing.extract(assignment_.missing.begin());
      wake_.Set();
      return UnknownTopic(topic.value());
    }
    RETURN_IF_ERROR(reader_.Read(max_records, polled.records, polled.truncated));
    if (!polled.records.empty()) wake_.Set();
    return polled;
  }

  absl::Status Start(const std::vector<PartitionOffset>& offsets) override {
    for (const auto& [partition, offset] : offsets) {
      if (offset < 0) {
        return absl::InvalidArgumentError(fmt::format("events: offset {} of {}/{} is negative", offset,
                                                      partition.topic, partition.partition));
      }
    }
    for (const auto& [partition, offset] : offsets) {
      const auto& owned = assignment_.partitions;
      if (std::find(owned.begin(), owned.end(), partition) == owned.end()) continue;
      reader_.Start(partition, catalog_.Find(partition.topic)->first_id + partition.partition, offset);
    }
    wake_.Set();
    return absl::OkStatus();
  }

  absl::Status Rejoin() override {
    reader_.StopAll();
    groups_.Rejoin(member_);
    return absl::OkStatus();
  }

  void Report(const std::vector<PartitionOffset>&) override {}

 private:
  Catalog& catalog_;
  Groups& groups_;
  WaitEvent& wake_;
  LocalReader reader_;
  const std::unique_ptr<Watch> watch_;
  const int64_t member_;
  Assignment assignment_;
};

class LocalTail final : public Tail {
 public:
  LocalTail(storage::Database& database, Catalog& catalog, Clock& clock,
            const std::vector<Catalog::Topic>& topics, TailFrom from, WaitEvent& wake)
      : wake_(wake), reader_(database, catalog, clock) {
    std::vector<std::string> names;
    for (const Catalog::Topic& topic : topics) {
      names.push_back(topic.spec.name);
      for (int32_t p = 0; p < topic.spec.partitions; ++p) {
        const int64_t id = topic.first_id + p;
        const Bounds bounds = catalog.BoundsOf(id);
        const Partition partition{topic.spec.name, p};
        reader_.Start(partition, id, from == TailFrom::kStart ? bounds.start : bounds.end);
        ids_[partition] = id;
        if (from == TailFrom::kStart && bounds.start < bounds.end) behind_[partition] = bounds.end;
      }
    }
    watch_ = catalog.NewWatch(names, wake);
    wake_.Set();
  }

  absl::StatusOr<std::vector<Record>> Poll(int max_records) override {
    std::vector<Record> records;
    std::vector<PartitionOffset> truncated;
    RETURN_IF_ERROR(reader_.Read(max_records, records, truncated));
    for (const auto& [partition, start] : truncated) reader_.Start(partition, ids_.at(partition), start);
    std::erase_if(behind_, [&](const auto& entry) { return reader_.PlaceOf(entry.first) >= entry.second; });
    if (!records.empty() || !truncated.empty()) wake_.Set();
    return records;
  }

  bool caught_up() const override { return behind_.empty(); }

 private:
  WaitEvent& wake_;
  LocalReader reader_;
  std::unique_ptr<Watch> watch_;
  std::map<Partition, int64_t> ids_;
  // The ends at opening that have not been reached.
  std::map<Partition, int64_t> behind_;
};

class LocalLog final : public EventLog {
 public:
  LocalLog(std::unique_ptr<storage::Database> database, std::unique_ptr<Catalog> catalog, Clock& clock)
      : clock_(clock),
        database_(std::move(database)),
        catalog_(std::move(catalog)),
        groups_(*catalog_),
        appender_(*database_, *catalog_, clock),
        retention_(NewRetention(*database_, *catalog_, clock)) {}

  absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline) override {
    return appender_.Append(messages, deadline);
  }
  int64_t max_message_bytes() const override { return kMaxMessageBytes; }

  absl::StatusOr<std::unique_ptr<Consumer>> Join(std::string_view group,
                                                 const std::vector<std::string>& topics,
                                                 WaitEvent& wake) override {
    return std::make_unique<LocalConsumer>(*database_, *catalog_, groups_, clock_, std::string(group), topics,
                                           wake);
  }

  absl::StatusOr<std::unique_ptr<Tail>> OpenTail(const std::vector<std::string>& topics, TailFrom from,
                                                 absl::Duration deadline, WaitEvent& wake) override {
    RETURN_IF_ERROR(CheckDeadline(clock_, deadline));
    ASSIGN_OR_RETURN(const std::vector<Catalog::Topic> found, Find(topics));
    return std::make_unique<LocalTail>(*database_, *catalog_, clock_, found, from, wake);
  }

  absl::StatusOr<std::vector<PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                          absl::Duration deadline) override {
    return Offsets(topics, deadline, &Bounds::end);
  }
  absl::StatusOr<std::vector<PartitionOffset>> StartOffsets(const std::vector<std::string>& topics,
                                                            absl::Duration deadline) override {
    return Offsets(topics, deadline, &Bounds::start);
  }

  absl::Status ApplyTopics(const std::vector<TopicSpec>& topics, absl::Duration deadline) override {
    RETURN_IF_ERROR(catalog_->Apply(topics, deadline));
    groups_.TopicsChanged();
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<TopicSpec>> ListTopics(absl::Duration) override {
    std::vector<TopicSpec> specs;
    for (Catalog::Topic& topic : catalog_->List()) specs.push_back(std::move(topic.spec));
    return specs;
  }

  std::vector<Step*> steps() override {
    std::vector<Step*> steps = database_->steps();
    steps.push_back(retention_.get());
    return steps;
  }

 private:
  absl::StatusOr<std::vector<PartitionOffset>> Offsets(const std::vector<std::string>& topics,
                                                       absl::Duration deadline,
                                                       int64_t Bounds::*bound) const {
    RETURN_IF_ERROR(CheckDeadline(clock_, deadline));
    ASSIGN_OR_RETURN(const std::vector<Catalog::Topic> found, Find(topics));
    std::vector<PartitionOffset> offsets;
    for (const Catalog::Topic& topic : found) {
      for (int32_t p = 0; p < topic.spec.partitions; ++p)
        offsets.push_back({{topic.spec.name, p}, catalog_->BoundsOf(topic.first_id + p).*bound});
    }
    return offsets;
  }

  absl::StatusOr<std::vector<Catalog::Topic>> Find(const std::vector<std::string>& topics) const {
    std::vector<Catalog::Topic> found;
    for (const std::string& name : topics) {
      const auto topic = catalog_->Find(name);
      if (!topic) return UnknownTopic(name);
      found.push_back(*topic);
    }
    return found;
  }

  Clock& clock_;
  const std::unique_ptr<storage::Database> database_;
  const std::unique_ptr<Catalog> catalog_;
  Groups groups_;
  LocalAppender appender_;
  const std::unique_ptr<Step> retention_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> OpenLocal(std::string_view path, Clock& clock) {
  if (path.empty())
    return absl::InvalidArgumentError("events: local: needs a path, as in local:finalmile-events.db");
  ASSIGN_OR_RETURN(auto database, storage::Open(fmt::format("sqlite:{}", path), clock, {}));
  ASSIGN_OR_RETURN(auto catalog, Catalog::Load(*database, clock));
  return std::make_unique<LocalLog>(std::move(database), std::move(catalog), clock);
}

}  // namespace finalmile::events
