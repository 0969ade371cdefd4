#include "services/appointments/store/appointment_store.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::store {
namespace {

using domain::Appointment;
using storage::In;
using storage::Row;
using storage::Value;

template <class Field>
auto OfAppointment(Field Appointment::*field) {
  return In(&AppointmentRow::appointment, field);
}

// NULL-free: whether it is qualified, not, or nobody has said.
constexpr int64_t kUnsaid = -1;

}  // namespace

const storage::Table<AppointmentRow> kAppointments(
    "appointments", {"id"},
    {{"id", &AppointmentRow::id},
     {"version", &AppointmentRow::version},
     {"seq", &AppointmentRow::seq},
     {"lead", &AppointmentRow::lead},
     {"meeting_request", &AppointmentRow::meeting_request},
     {"ready_seq", &AppointmentRow::ready_seq},
     {"cycle", &AppointmentRow::cycle},
     {"meeting_kind", &AppointmentRow::meeting_kind},
     {"situation", &AppointmentRow::situation},
     {"title", &AppointmentRow::title},
     {"zone", &AppointmentRow::zone},
     {"wall_start", &AppointmentRow::wall_start},
     {"guest_zone", &AppointmentRow::guest_zone},
     {"zone_shifted", &AppointmentRow::zone_shifted},
     {"state", OfAppointment(&Appointment::state)},
     {"planned", "BOOLEAN",
      [](const AppointmentRow& row) -> Value { return domain::IsPlanned(row.appointment); }},
     {"cancelled_by", OfAppointment(&Appointment::cancelled_by)},
     {"cancel_reason", OfAppointment(&Appointment::cancel_reason)},
     {"sequence", OfAppointment(&Appointment::sequence)},
     {"host", OfAppointment(&Appointment::host)},
     {"setter", OfAppointment(&Appointment::setter)},
     {"start_time", OfAppointment(&Appointment::start)},
     {"end_time", OfAppointment(&Appointment::end)},
     {"partstat", OfAppointment(&Appointment::partstat)},
     {"booked_time", OfAppointment(&Appointment::booked)},
     {"outcome_time", OfAppointment(&Appointment::outcome_time), absl::InfinitePast()},
     {"outcome_missing", OfAppointment(&Appointment::outcome_missing)},
     {"reminded", OfAppointment(&Appointment::reminded)},
     {"guest_missed", OfAppointment(&Appointment::guest_missed)},
     {"conflict", OfAppointment(&Appointment::conflict)},
     {"days_ahead", &AppointmentRow::days_ahead},
     {"qualified", "BIGINT",
      [](const AppointmentRow& row) -> Value {
        const std::optional<bool>& qualified = row.appointment.qualified;
        return qualified ? int64_t{*qualified} : kUnsaid;
      },
      [](const Row& row, size_t column, AppointmentRow& record) {
        if (row.Int(column) != kUnsaid) record.appointment.qualified = row.Int(column) != 0;
        return absl::OkStatus();
      }},
     {"qualify_reason", OfAppointment(&Appointment::qualify_reason)},
     {"attempts", &AppointmentRow::attempts},
     {"first_attempt_time", &AppointmentRow::first_attempt_time, absl::InfiniteFuture()},
     {"ready_time", &AppointmentRow::ready_time, absl::InfinitePast()},
     {"touches", "TEXT", [](const AppointmentRow& row) -> Value { return EncodeTouches(row.touches); },
      [](const Row& row, size_t column, AppointmentRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.touches, DecodeTouches(row.Text(column)));
        return absl::OkStatus();
      }},
     {"routing_month", &AppointmentRow::routing_month},
     {"credited", "BOOLEAN",
      [](const AppointmentRow& row) -> Value { return domain::IsCredited(row.appointment); }},
     {"set_time", &AppointmentRow::set_time},
     {"update_time", &AppointmentRow::update_time},
     {"due_time", &AppointmentRow::due_time, absl::InfiniteFuture()}});

const storage::Table<ChangeRow> kChanges("appointment_changes", {"appointment", "number"},
                                         {{"appointment", &ChangeRow::appointment},
                                          {"number", &ChangeRow::number},
                                          {"kind", &ChangeRow::kind},
                                          {"time", &ChangeRow::time},
                                          {"principal", &ChangeRow::principal},
                                          {"sequence", &ChangeRow::sequence},
                                          {"state", &ChangeRow::state},
                                          {"host", &ChangeRow::host},
                                          {"start_time", &ChangeRow::start_time},
                                          {"detail", &ChangeRow::detail}});

const storage::Table<ScoreRow> kScores(
    "conversation_scores", {"appointment", "source", "rater"},
    {{"appointment", &ScoreRow::appointment},
     {"source", &ScoreRow::source},
     {"rater", &ScoreRow::rater},
     {"criteria", "TEXT", [](const ScoreRow& row) -> Value { return EncodeScores(row.criteria); },
      [](const Row& row, size_t column, ScoreRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.criteria, DecodeScores(row.Text(column)));
        return absl::OkStatus();
      }},
     {"time", &ScoreRow::time}});

absl::StatusOr<std::vector<AppointmentRow>> ReadAppointments(storage::Transaction& transaction,
                                                             const std::vector<domain::AppointmentId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kAppointments.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kAppointments.Records(*read);
}

absl::StatusOr<storage::Deferred> DeferAppointmentsOf(storage::Transaction& transaction,
                                                      const domain::LeadName& lead) {
  static const std::string sql =
      kAppointments.select() + " WHERE lead = $1 AND lead <> '' ORDER BY set_time, id";
  return transaction.Defer(sql, {lead.text()});
}

absl::StatusOr<std::vector<AppointmentRow>> AppointmentsOf(storage::Transaction& transaction,
                                                           const domain::LeadName& lead) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferAppointmentsOf(transaction, lead));
  RETURN_IF_ERROR(transaction.Settle());
  return kAppointments.Records(*read);
}

absl::StatusOr<std::vector<AppointmentRow>> AppointmentsOf(storage::Transaction& transaction,
                                                           const std::vector<domain::LeadName>& leads) {
  static const std::string sql = "SELECT " + kAppointments.columns() + R"sql(
FROM {rows: lead_name TEXT} AS r
JOIN appointments ON lead = r.lead_name AND lead <> ''
ORDER BY set_time, id)sql";
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(sql, storage::IdRows(leads)));
  return kAppointments.Records(result);
}

absl::StatusOr<std::vector<AppointmentRow>> PlannedOf(storage::Transaction& transaction,
                                                      const std::string& host, const domain::Interval& within,
                                                      int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kAppointments.select() + R"sql(
WHERE host = $1 AND planned AND start_time < $3 AND end_time > $2
ORDER BY start_time, id
LIMIT $4)sql",
                                       {host, ToMicros(within.start), ToMicros(within.end), int64_t{limit}}));
  return kAppointments.Records(result);
}

absl::StatusOr<std::vector<AppointmentRow>> PlannedAfter(storage::Transaction& transaction, absl::Time start,
                                                         const domain::AppointmentId& id, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kAppointments.select() + R"sql(
WHERE planned AND (start_time > $1 OR (start_time = $1 AND id > $2))
ORDER BY start_time, id
LIMIT $3)sql",
                                       {ToMicros(start), id.text(), int64_t{limit}}));
  return kAppointments.Records(result);
}

absl::StatusOr<std::optional<AppointmentRow>> CurrentOf(storage::Transaction& transaction,
                                                        const std::string& principal, absl::Time now) {
  for (const char* where : {" AND start_time <= $2 ORDER BY start_time DESC, id LIMIT 1",
                            " AND start_time > $2 ORDER BY start_time, id LIMIT 1"}) {
    ASSIGN_OR_RETURN(const storage::Result result,
                     transaction.Execute(fmt::format("{} WHERE planned AND (host = $1 OR setter = $1){}",
                                                     kAppointments.select(), where),
                                         {principal, ToMicros(now)}));
    if (!result.rows.empty()) return kAppointments.RecordOf(result.rows.front());
  }
  return std::nullopt;
}

absl::StatusOr<std::map<std::string, Assigned>> AssignedIn(storage::Transaction& transaction,
                                                           const std::string& month) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
SELECT host, COUNT(*), MAX(set_time) FROM appointments
WHERE routing_month = $1 AND meeting_kind = 'initial' AND credited
GROUP BY host)sql",
                                                                     {month}));
  std::map<std::string, Assigned> by_host;
  for (const Row& row : result.rows) by_host[row.Text(0)] = {row.Int(1), FromMicros(row.Int(2))};
  return by_host;
}

absl::StatusOr<domain::RiskSeen> RiskSeenIn(storage::Transaction& transaction,
                                            const domain::RiskBucket& bucket) {
  // 3 is held, 4 missed by the guest.
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(R"sql(
SELECT state, COUNT(*) FROM appointments
WHERE state IN (3, 4) AND days_ahead >= $1 AND days_ahead <= $2
GROUP BY state)sql",
                                       {int64_t{bucket.first_day}, int64_t{bucket.last_day}}));
  domain::RiskSeen seen;
  for (const Row& row : result.rows) {
    seen.meetings += row.Int(1);
    if (row.Int(0) == static_cast<int64_t>(domain::AppointmentState::kGuestNoShow))
      seen.no_shows += row.Int(1);
  }
  return seen;
}

absl::StatusOr<std::vector<AppointmentRow>> MeetingsSince(storage::Transaction& transaction,
                                                          const std::string& host, absl::Time from,
                                                          int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(
          kAppointments.select() + " WHERE host = $1 AND start_time >= $2 ORDER BY start_time, id LIMIT $3",
          {host, ToMicros(from), int64_t{limit}}));
  return kAppointments.Records(result);
}

absl::StatusOr<std::vector<AppointmentRow>> ListAppointments(storage::Transaction& transaction,
                                                             const storage::Condition& condition,
                                                             absl::Time start,
                                                             const domain::AppointmentId& id, int limit) {
  std::vector<Value> values = {ToMicros(start), id.text(), int64_t{limit}};
  values.insert(values.end(), condition.values.begin(), condition.values.end());
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(
          fmt::format(
              "{} WHERE {} AND (start_time > $1 OR (start_time = $1 AND id > $2)) ORDER BY start_time, id "
              "LIMIT $3",
              kAppointments.select(), condition.sql),
          std::move(values)));
  return kAppointments.Records(result);
}

absl::Status DeleteAppointments(storage::Transaction& transaction,
                                const std::vector<domain::AppointmentId>& ids) {
  const std::vector<Row> rows = storage::IdRows(ids);
  for (const char* sql :
       {"DELETE FROM appointment_changes WHERE appointment IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM conversation_scores WHERE appointment IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM appointments WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)"}) {
    RETURN_IF_ERROR(transaction.DeferMany(sql, rows).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ChangeRow>> ListChanges(storage::Transaction& transaction,
                                                   const domain::AppointmentId& appointment, int64_t after,
                                                   int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       kChanges.select() + " WHERE appointment = $1 AND number > $2 ORDER BY number LIMIT $3",
                       {appointment.text(), after, int64_t{limit}}));
  return kChanges.Records(result);
}

absl::Status DeleteScores(storage::Transaction& transaction, const domain::AppointmentId& appointment) {
  return transaction.Defer("DELETE FROM conversation_scores WHERE appointment = $1", {appointment.text()})
      .status();
}

}  // namespace finalmile::appointments::store
