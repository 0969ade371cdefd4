#include "services/appointments/store/request_store.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::store {
namespace {

using domain::Crossing;
using domain::MeetingRequest;
using storage::In;
using storage::Row;
using storage::Value;

// A member of the request that is a number and optional: 0 stands for none.
template <class Enum>
storage::Column<RequestRow> OptionalEnum(std::string_view name, std::optional<Enum> MeetingRequest::*member) {
  return {name, "BIGINT",
          [member](const RequestRow& row) -> Value {
            const std::optional<Enum>& value = row.request.*member;
            return value ? static_cast<int64_t>(*value) : int64_t{0};
          },
          [member](const Row& row, size_t column, RequestRow& record) {
            std::optional<Enum>& value = record.request.*member;
            value.reset();
            if (const int64_t number = row.Int(column); number != 0) value = static_cast<Enum>(number);
            return absl::OkStatus();
          }};
}

template <class Field>
auto OfRequest(Field MeetingRequest::*member) {
  return In(&RequestRow::request, member);
}
template <class Field>
auto OfCrossing(Field Crossing::*member) {
  return In(&RequestRow::request, &MeetingRequest::crossing, member);
}

// What the caller $2 sees of the queue at $1.
constexpr std::string_view kOwn = R"sql(active AND state IN (1, 2, 3)
  AND (snooze_until IS NULL OR snooze_until <= $1)
  AND (callback_at IS NULL OR callback_at <= $1)
  AND (setter = $2
    OR (setter = '' AND (owner = '' OR owner = $2))
    OR (level >= 1 AND (state = 1 OR window_attempts = 0))))sql";

// The SELECT of the list with the group of each; its parameters begin at $1.
struct Selection {
  std::string sql;
  std::vector<Value> values;
};
Selection SelectionOf(const QueueQuery& query) {
  Selection selection;
  selection.values = {ToMicros(query.now)};
  std::string where = query.condition.sql;
  if (query.own) {
    selection.values.emplace_back(query.caller);
    where = kOwn;
    if (query.open) where += " AND state = 1";
  } else {
    selection.values.insert(selection.values.end(), query.condition.values.begin(),
                            query.condition.values.end());
  }
  selection.sql = fmt::format(R"sql(
SELECT {}, CASE WHEN state > 3 THEN 3
    WHEN hand_raise THEN CASE WHEN (state = 1 OR window_attempts = 0) AND deadline <= $1 THEN 0 ELSE 1 END
    WHEN (state = 1 OR window_attempts = 0) AND deadline <= $1 THEN 2 ELSE 3 END AS place
FROM meeting_requests
WHERE {})sql",
                              kRequests.columns(), where);
  return selection;
}

}  // namespace

const storage::Table<RequestRow> kRequests(
    "meeting_requests", {"id"},
    {{"id", &RequestRow::id},
     {"version", &RequestRow::version},
     {"seq", &RequestRow::seq},
     {"lead", &RequestRow::lead},
     {"state", OfRequest(&MeetingRequest::state)},
     {"active", "BOOLEAN", [](const RequestRow& row) -> Value { return domain::IsActive(row.request); }},
     {"rebook", OfRequest(&MeetingRequest::rebook)},
     {"held", OfRequest(&MeetingRequest::held)},
     {"ready_seq", OfCrossing(&Crossing::ready_seq)},
     {"lane", OfCrossing(&Crossing::lane)},
     {"hand_raise", OfCrossing(&Crossing::hand_raise)},
     {"grade", OfCrossing(&Crossing::grade)},
     {"score", OfCrossing(&Crossing::score)},
     {"probability", "DOUBLE",
      [](const RequestRow& row) -> Value {
        const std::optional<double>& probability = row.request.crossing.probability;
        return probability ? Value(*probability) : Value();
      },
      [](const Row& row, size_t column, RequestRow& record) {
        record.request.crossing.probability = row.OptionalReal(column);
        return absl::OkStatus();
      }},
     {"situation", OfCrossing(&Crossing::situation)},
     {"ready_time", OfCrossing(&Crossing::ready_time)},
     {"crossing", "TEXT", [](const RequestRow& row) -> Value { return EncodeCrossing(row.request.crossing); },
      [](const Row& row, size_t column, RequestRow& record) {
        return DecodeCrossing(row.Text(column), record.request.crossing);
      }},
     {"owner", &RequestRow::owner},
     {"setter", OfRequest(&MeetingRequest::setter)},
     {"claim_time", OfRequest(&MeetingRequest::claim_time), absl::InfinitePast()},
     {"pick_time", &RequestRow::pick_time, absl::InfinitePast()},
     {"response_start", OfRequest(&MeetingRequest::response_start)},
     {"response_time", OfRequest(&MeetingRequest::response_time)},
     {"deadline", OfRequest(&MeetingRequest::deadline)},
     {"first_deadline", OfRequest(&MeetingRequest::first_deadline)},
     {"level", OfRequest(&MeetingRequest::level)},
     {"window_start", OfRequest(&MeetingRequest::window_start), absl::InfinitePast()},
     {"window_attempts", OfRequest(&MeetingRequest::window_attempts)},
     {"channels", "BIGINT", [](const RequestRow& row) -> Value { return ChannelBits(row.request.channels); },
      [](const Row& row, size_t column, RequestRow& record) {
        record.request.channels = ChannelsOf(row.Int(column));
        return absl::OkStatus();
      }},
     {"attempts", OfRequest(&MeetingRequest::attempts)},
     {"first_attempt_time", OfRequest(&MeetingRequest::first_attempt_time), absl::InfiniteFuture()},
     {"snooze_until", OfRequest(&MeetingRequest::snooze_until), absl::InfinitePast()},
     {"callback_at", OfRequest(&MeetingRequest::callback_at), absl::InfinitePast()},
     {"cooled", OfRequest(&MeetingRequest::cooled)},
     {"raised_again_time", OfRequest(&MeetingRequest::raised_again_time), absl::InfinitePast()},
     // By its name.
     {"appointment", "TEXT",
      [](const RequestRow& row) -> Value {
        return row.appointment.empty() ? std::string() : domain::NameOf(row.appointment);
      },
      [](const Row& row, size_t column, RequestRow& record) {
        const std::string& name = row.Text(column);
        if (!name.empty())
          record.appointment = domain::AppointmentId(name.substr(domain::kAppointmentCollection.size()));
        return absl::OkStatus();
      }},
     OptionalEnum("return_reason", &MeetingRequest::return_reason),
     OptionalEnum("close_reason", &MeetingRequest::close_reason),
     {"quiet_until", OfRequest(&MeetingRequest::quiet_until), absl::InfinitePast()},
     {"create_time", &RequestRow::create_time},
     {"update_time", &RequestRow::update_time},
     {"due_time", &RequestRow::due_time, absl::InfiniteFuture()}});

absl::StatusOr<std::vector<RequestRow>> ReadRequests(storage::Transaction& transaction,
                                                     const std::vector<domain::RequestId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kRequests.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kRequests.Records(*read);
}

absl::StatusOr<std::vector<domain::RequestId>> RequestsOf(storage::Transaction& transaction,
                                                          const std::vector<domain::LeadName>& leads) {
  return storage::FirstTexts<domain::RequestId>(transaction.ExecuteMany(R"sql(
SELECT m.id, m.create_time FROM {rows: id TEXT} AS r
JOIN meeting_requests AS m ON m.lead = r.id AND m.lead <> ''
ORDER BY m.create_time DESC, m.id DESC)sql",
                                                                        storage::IdRows(leads)));
}

absl::StatusOr<std::vector<domain::RequestId>> ActiveRequestsOf(storage::Transaction& transaction,
                                                                const std::vector<domain::LeadName>& leads) {
  return storage::FirstTexts<domain::RequestId>(transaction.ExecuteMany(R"sql(
SELECT m.id FROM {rows: id TEXT} AS r
JOIN meeting_requests AS m ON m.lead = r.id AND m.lead <> ''
WHERE m.active)sql",
                                                                        storage::IdRows(leads)));
}

absl::StatusOr<storage::Deferred> DeferNewestOf(storage::Transaction& transaction,
                                                const domain::LeadName& lead) {
  static const std::string sql =
      kRequests.select() + " WHERE lead = $1 AND lead <> '' ORDER BY create_time DESC, id DESC LIMIT 1";
  return transaction.Defer(sql, {lead.text()});
}

absl::StatusOr<storage::Deferred> DeferLockActiveOf(storage::Transaction& transaction,
                                                    const domain::LeadName& lead) {
  static const std::string sql =
      kRequests.select() + " WHERE lead = $1 AND lead <> '' AND active ORDER BY id {for_update}";
  return transaction.Defer(sql, {lead.text()});
}

absl::StatusOr<std::vector<domain::RequestId>> RequestsOfSetter(storage::Transaction& transaction,
                                                                const std::string& setter, int limit) {
  return storage::FirstTexts<domain::RequestId>(transaction.Execute(R"sql(
SELECT id FROM meeting_requests
WHERE active AND state IN (2, 3) AND setter = $1
ORDER BY id
LIMIT $2)sql",
                                                                    {setter, int64_t{limit}}));
}

absl::StatusOr<domain::RequestId> CurrentRequestOf(storage::Transaction& transaction,
                                                   const std::string& setter) {
  ASSIGN_OR_RETURN(const std::vector<domain::RequestId> ids,
                   storage::FirstTexts<domain::RequestId>(transaction.Execute(R"sql(
SELECT id FROM meeting_requests
WHERE active AND setter <> '' AND setter = $1 AND state IN (2, 3) AND pick_time IS NOT NULL
ORDER BY pick_time DESC, id
LIMIT 1)sql",
                                                                              {setter})));
  return ids.empty() ? domain::RequestId() : ids.front();
}

absl::Status VisitAll(storage::Transaction& transaction, absl::Time now) {
  return transaction
      .Defer("UPDATE meeting_requests SET due_time = $1 WHERE active AND due_time IS NOT NULL",
             {ToMicros(now)})
      .status();
}

absl::Status DeleteRequests(storage::Transaction& transaction, const std::vector<domain::RequestId>& ids) {
  const std::vector<Row> rows = storage::IdRows(ids);
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM attempts WHERE request IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                                 rows)
                      .status());
  return transaction
      .DeferMany(R"sql(
DELETE FROM meeting_requests WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                 rows)
      .status();
}

absl::StatusOr<std::vector<PlacedRequest>> ReadQueue(storage::Transaction& transaction,
                                                     const QueueQuery& query, const domain::Place* after,
                                                     int limit) {
  Selection selection = SelectionOf(query);
  const auto parameter = [&](Value value) {
    selection.values.push_back(std::move(value));
    return fmt::format("${}", selection.values.size());
  };
  // The others are ranked by probability where all of them have one.
  std::string sql = fmt::format(R"sql(
WITH listed AS ({}),
ranked AS (
  SELECT listed.*, CASE WHEN place < 3 THEN 0.0
    WHEN (SELECT COUNT(*) FROM listed AS l WHERE l.place = 3 AND l.probability IS NULL) = 0 THEN -probability
    ELSE -score END AS rank
  FROM listed)
SELECT {}, place, rank FROM ranked)sql",
                                selection.sql, kRequests.columns());
  if (after != nullptr) {
    sql += fmt::format(" WHERE (place, rank, deadline, id) > ({}, {}, {}, {})",
                       parameter(static_cast<int64_t>(after->group)), parameter(after->rank),
                       parameter(ToMicros(after->deadline)), parameter(after->id.text()));
  }
  sql += fmt::format(" ORDER BY place, rank, deadline, id LIMIT {}", parameter(int64_t{limit}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(selection.values)));
  std::vector<PlacedRequest> placed;
  for (const Row& row : result.rows) {
    ASSIGN_OR_RETURN(RequestRow request, kRequests.RecordOf(row));
    const size_t place = row.values().size() - 2;
    domain::Place at{static_cast<domain::QueueGroup>(row.Int(place)), row.Real(place + 1),
                     request.request.deadline, request.id};
    placed.push_back({std::move(at), std::move(request)});
  }
  return placed;
}

absl::StatusOr<QueueSize> CountQueue(storage::Transaction& transaction, const QueueQuery& query, int most) {
  Selection selection = SelectionOf(query);
  selection.values.emplace_back(int64_t{most});
  const std::string sql = fmt::format(R"sql(
SELECT COUNT(*), COUNT(CASE WHEN place IN (0, 2) THEN 1 END)
FROM (SELECT place FROM ({}) AS listed ORDER BY place LIMIT ${}) AS counted)sql",
                                      selection.sql, selection.values.size());
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(selection.values)));
  return QueueSize{static_cast<int>(result.rows[0].Int(0)), static_cast<int>(result.rows[0].Int(1))};
}

}  // namespace finalmile::appointments::store
