#include "libs/events/local/reader.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/events/headers.h"
#include "libs/events/local/appender.h"

namespace finalmile::events {
namespace {

constexpr absl::Duration kReadTime = absl::Seconds(5);
constexpr int64_t kReadBytes = 8 << 20;
// Rows of one statement: what may be held beyond kReadBytes.
constexpr int64_t kChunk = 256;

absl::StatusOr<Record> ToRecord(const Partition& partition, const storage::Row& row) {
  Record record{.topic = partition.topic,
                .partition = partition.partition,
                .offset = OffsetOf(row.Int(0)),
                .key = row.Blob(2),
                .value = row.Blob(3),
                .headers = {},
                .time = FromMicros(row.Int(1))};
  if (!row.Null(4)) {
    ASSIGN_OR_RETURN(record.headers, DecodeHeaders(row.Blob(4)));
  }
  return record;
}

}  // namespace

void LocalReader::Start(const Partition& partition, int64_t id, int64_t offset) {
  places_[partition] = {id, offset};
}

int64_t LocalReader::PlaceOf(const Partition& partition) const {
  const auto it = places_.find(partition);
  return it == places_.end() ? -1 : it->second.next;
}

absl::Status LocalReader::Read(int max_records, std::vector<Record>& records,
                               std::vector<PartitionOffset>& truncated) {
  struct Readable {
    Partition partition;
    Place place;
    int64_t end;
  };
  std::vector<Readable> readable;
  for (auto it = places_.begin(); it != places_.end();) {
    const Bounds bounds = catalog_.BoundsOf(it->second.id);
    if (it->second.next < bounds.start || it->second.next > bounds.end) {
      truncated.push_back({it->first, bounds.start});
      it = places_.erase(it);
      continue;
    }
    if (it->second.next < bounds.end) readable.push_back({it->first, it->second, bounds.end});
    ++it;
  }
  if (readable.empty() || max_records <= 0) return absl::OkStatus();
  const auto begin = std::find_if(readable.begin(), readable.end(),
                                  [&](const Readable& one) { return one.partition > last_read_; });
  std::rotate(readable.begin(), begin, readable.end());

  std::vector<Record> found;
  int64_t bytes = 0;
  const auto full = [&] { return bytes >= kReadBytes || found.size() >= static_cast<size_t>(max_records); };
  RETURN_IF_ERROR(database_.Transact(
      {.deadline = clock_.Steady() + kReadTime, .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        found.clear();
        bytes = 0;
        for (const auto& [partition, place, end] : readable) {
          last_read_ = partition;
          int64_t next = place.next;
          // Not beyond the end, although the table may hold more: what was committed a moment ago and is not
          // among the bounds yet would leave the place outside the log.
          while (!full()) {
            const int64_t limit = std::min<int64_t>(kChunk, max_records - static_cast<int64_t>(found.size()));
            ASSIGN_OR_RETURN(
                const storage::Result result,
                transaction.Execute("SELECT id, time, key, value, headers FROM records WHERE id >= $1 AND id "
                                    "< $2 ORDER BY id LIMIT $3",
                                    {RecordId(place.id, next), RecordId(place.id, end), limit}));
            // Offsets have no holes: a later first one means that the log was trimmed just now, as the bounds
            // will say next time.
            if (result.rows.empty() || OffsetOf(result.rows[0].Int(0)) != next) break;
            for (const storage::Row& row : result.rows) {
              ASSIGN_OR_RETURN(Record record, ToRecord(partition, row));
              bytes += static_cast<int64_t>(record.key.size() + record.value.size());
              next = record.offset + 1;
              found.push_back(std::move(record));
            }
            if (static_cast<int64_t>(result.rows.size()) < limit) break;
          }
          if (full()) break;
        }
        return absl::OkStatus();
      }));
  for (Record& record : found) {
    places_[{record.topic, record.partition}].next = record.offset + 1;
    records.push_back(std::move(record));
  }
  return absl::OkStatus();
}

}  // namespace finalmile::events
