#include "libs/events/local/catalog.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/storage/migrate.h"

namespace finalmile::events {
namespace {

constexpr storage::Migration kMigrations[] = {{1, "log", R"(
  CREATE TABLE topics (
    name TEXT PRIMARY KEY,
    partitions BIGINT NOT NULL,
    retention BIGINT
  );
  CREATE TABLE partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition BIGINT NOT NULL,
    start_offset BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    UNIQUE (topic, partition)
  );
  CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    time BIGINT NOT NULL,
    key {bytes} NOT NULL,
    value {bytes} NOT NULL,
    headers {bytes}
  );
)"}};

constexpr absl::Duration kLoadTime = absl::Seconds(30);

absl::Status Make(storage::Transaction& transaction, const TopicSpec& spec) {
  storage::Value retention;
  if (spec.retention != absl::InfiniteDuration()) retention = absl::ToInt64Microseconds(spec.retention);
  RETURN_IF_ERROR(transaction
                      .Execute("INSERT INTO topics (name, partitions, retention) VALUES ($1, $2, $3)",
                               {spec.name, int64_t{spec.partitions}, retention})
                      .status());
  ASSIGN_OR_RETURN(const storage::Result last,
                   transaction.Execute("SELECT coalesce(max(id), 0) FROM partitions"));
  const int64_t first_id = last.rows[0].Int(0) + 1;
  for (int32_t p = 0; p < spec.partitions; ++p) {
    RETURN_IF_ERROR(transaction
                        .Execute("INSERT INTO partitions (id, topic, partition, start_offset, next_offset) "
                                 "VALUES ($1, $2, $3, 0, 0)",
                                 {first_id + p, spec.name, int64_t{p}})
                        .status());
  }
  return absl::OkStatus();
}

}  // namespace

class Catalog::WatchImpl final : public Watch {
 public:
  WatchImpl(Catalog& catalog, WaitEvent& event) : catalog_(catalog), event_(event) {}
  ~WatchImpl() override {
    std::lock_guard lock(catalog_.mutex_);
    std::erase_if(catalog_.watches_, [&](const auto& entry) { return entry.second == this; });
  }

  void Wake() { event_.Set(); }

 private:
  Catalog& catalog_;
  WaitEvent& event_;
};

absl::StatusOr<std::unique_ptr<Catalog>> Catalog::Load(storage::Database& database, Clock& clock) {
  RETURN_IF_ERROR(storage::Migrate(database, clock, "events", kMigrations));
  std::unique_ptr<Catalog> catalog(new Catalog(database));
  RETURN_IF_ERROR(catalog->Read(clock.Steady() + kLoadTime));
  return catalog;
}

absl::Status Catalog::Read(absl::Duration deadline) {
  storage::Result topics, partitions;
  RETURN_IF_ERROR(database_.Transact(
      {.deadline = deadline, .read_only = true}, [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(topics, transaction.Execute("SELECT name, partitions, retention FROM topics"));
        ASSIGN_OR_RETURN(
            partitions,
            transaction.Execute("SELECT id, topic, start_offset, next_offset FROM partitions ORDER BY id"));
        return absl::OkStatus();
      }));
  std::lock_guard lock(mutex_);
  for (const storage::Row& row : topics.rows) {
    TopicSpec spec{.name = row.Text(0), .partitions = static_cast<int32_t>(row.Int(1))};
    if (!row.Null(2)) spec.retention = absl::Microseconds(row.Int(2));
    topics_.try_emplace(spec.name, Topic{spec, 0});
  }
  for (const storage::Row& row : partitions.rows) {
    const auto [it, added] =
        partitions_.try_emplace(row.Int(0), State{row.Text(1), {row.Int(2), row.Int(3)}});
    Topic& topic = topics_.at(row.Text(1));
    if (added && topic.first_id == 0) topic.first_id = it->first;
  }
  return absl::OkStatus();
}

absl::Status Catalog::Apply(const std::vector<TopicSpec>& topics, absl::Duration deadline) {
  for (const TopicSpec& spec : topics) RETURN_IF_ERROR(CheckSpec(spec));
  RETURN_IF_ERROR(
      database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) -> absl::Status {
        for (const TopicSpec& spec : topics) {
          ASSIGN_OR_RETURN(const storage::Result found,
                           transaction.Execute("SELECT partitions FROM topics WHERE name = $1", {spec.name}));
          if (found.rows.empty()) {
            RETURN_IF_ERROR(Make(transaction, spec));
          } else {
            RETURN_IF_ERROR(CheckPartitions(
                {.name = spec.name, .partitions = static_cast<int32_t>(found.rows[0].Int(0))}, spec));
          }
        }
        return absl::OkStatus();
      }));
  return Read(deadline);
}

std::optional<Catalog::Topic> Catalog::Find(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const auto it = topics_.find(name);
  if (it == topics_.end()) return std::nullopt;
  return it->second;
}

std::vector<Catalog::Topic> Catalog::List() const {
  std::lock_guard lock(mutex_);
  std::vector<Topic> topics;
  for (const auto& [name, topic] : topics_) topics.push_back(topic);
  return topics;
}

Bounds Catalog::BoundsOf(int64_t partition_id) const {
  std::lock_guard lock(mutex_);
  return partitions_.at(partition_id).bounds;
}

void Catalog::Grown(int64_t partition_id, int64_t end) {
  std::lock_guard lock(mutex_);
  State& state = partitions_.at(partition_id);
  state.bounds.end = std::max(state.bounds.end, end);
  Wake(state.topic);
}

void Catalog::Trimmed(int64_t partition_id, int64_t start) {
  std::lock_guard lock(mutex_);
  State& state = partitions_.at(partition_id);
  state.bounds.start = std::max(state.bounds.start, start);
  Wake(state.topic);
}

// Under the lock, because only the lock keeps a watched event alive; setting an event does not wait.
void Catalog::Wake(const std::string& topic) {
  const auto [begin, end] = watches_.equal_range(topic);
  for (auto it = begin; it != end; ++it) it->second->Wake();
}

std::unique_ptr<Watch> Catalog::NewWatch(const std::vector<std::string>& topics, WaitEvent& event) {
  auto watch = std::make_unique<WatchImpl>(*this, event);
  std::lock_guard lock(mutex_);
  for (const std::string& topic : topics) watches_.emplace(topic, watch.get());
  return watch;
}

}  // namespace finalmile::events
