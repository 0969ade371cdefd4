#include "libs/outbox/resequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"

namespace finalmile::outbox {
namespace {

constexpr int kBatch = 2000;

// A batch holds this of an aggregate.
struct Seen {
  int64_t last = 0;
  int64_t events = 0;
};
using SeenById = std::map<std::string, Seen, std::less<>>;

// Adds to `counts` and raises what is behind.
absl::Status Raise(storage::Transaction& transaction, std::string_view table, const SeenById& seen,
                   Resequenced& counts) {
  std::vector<storage::Row> ids;
  for (const auto& [id, events] : seen) ids.emplace_back(std::vector<storage::Value>{id});
  ASSIGN_OR_RETURN(
      const storage::Result stored,
      transaction.ExecuteMany(
          fmt::format("SELECT t.id, t.seq FROM {{rows: id TEXT}} AS r JOIN {} AS t ON t.id = r.id", table),
          ids));
  std::vector<storage::Row> behind;
  int64_t held = 0;
  for (const storage::Row& row : stored.rows) {
    const Seen& events = seen.find(row.Text(0))->second;
    held += events.events;
    if (row.Int(1) >= events.last) continue;
    counts.unknown += events.last - row.Int(1);
    behind.emplace_back(std::vector<storage::Value>{row.Text(0), events.last});
  }
  for (const auto& [id, events] : seen) counts.absent += events.events;
  counts.absent -= held;
  return transaction
      .ExecuteMany(
          fmt::format("UPDATE {0} SET seq = r.seq FROM {{rows: id TEXT, seq BIGINT}} AS r WHERE {0}.id "
                      "= r.id AND {0}.seq < r.seq",
                      table),
          behind)
      .status();
}

absl::Status Apply(storage::Leadership& leadership, std::span<const AggregateTable> tables,
                   const std::vector<events::Record>& records, absl::Duration deadline, Resequenced& counts) {
  std::vector<SeenById> seen(tables.size());
  int64_t others = 0;
  for (const events::Record& record : records) {
    const auto table = std::ranges::find_if(
        tables, [&](const AggregateTable& each) { return record.key.starts_with(each.collection); });
    const absl::StatusOr<int64_t> seq = SeqOf(record);
    // One whose seq cannot be read is parked by those who read it.
    if (table == tables.end() || !seq.ok() || *seq == 0) {
      ++others;
      continue;
    }
    Seen& events =
        seen[static_cast<size_t>(table - tables.begin())][record.key.substr(table->collection.size())];
    events.last = std::max(events.last, *seq);
    ++events.events;
  }
  Resequenced after;
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = deadline, .repeatable = true}, [&](storage::Transaction& transaction) -> absl::Status {
        after = counts;
        for (size_t i = 0; i < tables.size(); ++i) {
          if (!seen[i].empty()) RETURN_IF_ERROR(Raise(transaction, tables[i].table, seen[i], after));
        }
        return absl::OkStatus();
      }));
  counts = after;
  counts.records += static_cast<int64_t>(records.size());
  counts.others += others;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Resequenced> Resequence(std::string_view service, storage::Database& database,
                                       events::EventLog& log, std::string_view topic,
                                       std::span<const AggregateTable> tables, Clock& clock,
                                       absl::Duration timeout,
                                       const std::function<void(const Resequenced&)>& progress) {
  auto leadership = database.Elect(service, clock.Steady() + timeout);
  if (absl::IsFailedPrecondition(leadership.status())) {
    return absl::FailedPreconditionError(
        fmt::format("{} runs on this store: stop all its replicas first", service));
  }
  RETURN_IF_ERROR(leadership.status());
  const auto wake = clock.NewWaitEvent();
  ASSIGN_OR_RETURN(const auto tail, log.OpenTail({std::string(topic)}, events::TailFrom::kStart,
                                                 clock.Steady() + timeout, *wake));
  Resequenced counts;
  absl::Duration give_up = clock.Steady() + timeout;
  while (!tail->caught_up()) {
    wake->Clear();
    ASSIGN_OR_RETURN(const std::vector<events::Record> records, tail->Poll(kBatch));
    if (records.empty()) {
      if (tail->caught_up()) break;
      if (clock.Steady() >= give_up) {
        return absl::DeadlineExceededError(fmt::format("{}: nothing came for {} after {} records", topic,
                                                       absl::FormatDuration(timeout), counts.records));
      }
      // The lock is lost when its session stays silent.
      RETURN_IF_ERROR((*leadership)->Heartbeat(clock.Steady() + timeout));
      wake->WaitUntil(std::min(give_up, clock.Steady() + (*leadership)->heartbeat_interval()));
      continue;
    }
    RETURN_IF_ERROR(Apply(**leadership, tables, records, clock.Steady() + timeout, counts));
    give_up = clock.Steady() + timeout;
    if (progress) progress(counts);
  }
  return counts;
}

}  // namespace finalmile::outbox
