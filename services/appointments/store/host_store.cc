#include "services/appointments/store/host_store.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::store {
namespace {

using domain::Host;
using storage::In;
using storage::Row;
using storage::Value;

template <class Field>
auto OfHost(Field Host::*field) {
  return In(&HostRow::host, field);
}

}  // namespace

const storage::Table<HostRow> kHosts(
    "hosts", {"id"},
    {{"id", &HostRow::id},
     {"version", &HostRow::version},
     {"title", OfHost(&Host::title)},
     {"active", OfHost(&Host::active)},
     {"zone", OfHost(&Host::zone)},
     {"weekly_hours", "TEXT", [](const HostRow& row) -> Value { return EncodeWeekly(row.host.weekly_hours); },
      [](const Row& row, size_t column, HostRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.host.weekly_hours, DecodeWeekly(row.Text(column)));
        return absl::OkStatus();
      }},
     {"buffer_before", OfHost(&Host::buffer_before)},
     {"buffer_after", OfHost(&Host::buffer_after)},
     {"notice", OfHost(&Host::notice)},
     {"horizon_days", OfHost(&Host::horizon_days)},
     {"daily_cap", OfHost(&Host::daily_cap)},
     {"slot_step", OfHost(&Host::slot_step)},
     {"weight", OfHost(&Host::weight)},
     {"calibration", &HostRow::calibration},
     {"calibration_month", &HostRow::calibration_month},
     {"create_time", &HostRow::create_time},
     {"update_time", &HostRow::update_time}});

const storage::Table<TimeOffRow> kTimeOff("time_off", {"id"},
                                          {{"id", &TimeOffRow::id},
                                           {"host", &TimeOffRow::host},
                                           {"start_time", &TimeOffRow::start_time},
                                           {"end_time", &TimeOffRow::end_time},
                                           {"due_time", &TimeOffRow::due_time, absl::InfiniteFuture()}});

absl::StatusOr<std::vector<HostRow>> ReadHosts(storage::Transaction& transaction,
                                               const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kHosts.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kHosts.Records(*read);
}

absl::StatusOr<std::vector<HostRow>> LockHosts(storage::Transaction& transaction,
                                               std::vector<std::string> ids) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   kHosts.DeferLock(transaction, storage::SortedUnique(std::move(ids))));
  RETURN_IF_ERROR(transaction.Settle());
  return kHosts.Records(*locked);
}

absl::StatusOr<std::vector<HostRow>> ListHosts(storage::Transaction& transaction, const std::string& after,
                                               int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(kHosts.select() + " WHERE id > $1 ORDER BY id LIMIT $2", {after, int64_t{limit}}));
  return kHosts.Records(result);
}

absl::StatusOr<std::vector<HostRow>> RoutedHosts(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kHosts.select() + " WHERE active AND weight > 0 ORDER BY id"));
  return kHosts.Records(result);
}

absl::StatusOr<int64_t> CountHosts(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute("SELECT COUNT(*) FROM hosts"));
  return result.rows.front().Int(0);
}

absl::StatusOr<int64_t> CountTimeOff(storage::Transaction& transaction, const std::string& host,
                                     absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT COUNT(*) FROM time_off WHERE host = $1 AND end_time > $2",
                                       {host, ToMicros(now)}));
  return result.rows.front().Int(0);
}

absl::StatusOr<std::vector<TimeOffRow>> ListTimeOff(storage::Transaction& transaction,
                                                    const std::string& host, absl::Time now, absl::Time start,
                                                    const std::string& id, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kTimeOff.select() + R"sql(
WHERE host = $1 AND end_time > $2 AND (start_time > $3 OR (start_time = $3 AND id > $4))
ORDER BY start_time, id
LIMIT $5)sql",
                                       {host, ToMicros(now), ToMicros(start), id, int64_t{limit}}));
  return kTimeOff.Records(result);
}

absl::StatusOr<storage::Deferred> DeferTimeOff(storage::Transaction& transaction,
                                               const std::vector<std::string>& hosts,
                                               const domain::Interval& within) {
  std::vector<Row> rows;
  for (const std::string& host : hosts)
    rows.emplace_back(std::vector<Value>{host, ToMicros(within.start), ToMicros(within.end)});
  return transaction.DeferMany(R"sql(
SELECT t.host, t.start_time, t.end_time FROM {rows: id TEXT, from_time BIGINT, to_time BIGINT} AS r
JOIN time_off AS t ON t.host = r.id AND t.end_time > r.from_time AND t.start_time < r.to_time)sql",
                               rows);
}

TimeOffByHost TimeOffIn(const storage::Result& result) {
  TimeOffByHost by_host;
  for (const Row& row : result.rows)
    by_host[row.Text(0)].push_back({FromMicros(row.Int(1)), FromMicros(row.Int(2))});
  return by_host;
}

absl::StatusOr<TimeOffByHost> ReadTimeOff(storage::Transaction& transaction,
                                          const std::vector<std::string>& hosts,
                                          const domain::Interval& within) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferTimeOff(transaction, hosts, within));
  RETURN_IF_ERROR(transaction.Settle());
  return TimeOffIn(*read);
}

absl::Status DeleteTimeOff(storage::Transaction& transaction, const std::string& id) {
  return transaction.Defer("DELETE FROM time_off WHERE id = $1", {id}).status();
}

absl::Status DeleteEndedTimeOff(storage::Transaction& transaction, const std::string& host, absl::Time end) {
  return transaction.Defer("DELETE FROM time_off WHERE host = $1 AND end_time <= $2", {host, ToMicros(end)})
      .status();
}

}  // namespace finalmile::appointments::store
