#include "services/appointments/handlers/appointment_reads.h"

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/handlers/appointment_proto.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr std::string_view kAny = "appointments/-";

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"state", FilterType::kEnum, "state",
       rpc::EnumWords(*v1::Appointment::State_descriptor(), rpc::StoredAs::kNumber)},
      {"host", FilterType::kText, "host"},
      {"setter", FilterType::kText, "setter"},
      {"lead", FilterType::kText, "lead"},
      {"meeting_kind", FilterType::kText, "meeting_kind"},
      {"situation", FilterType::kText, "situation"},
      {"start_time", FilterType::kTimestamp, "start_time"},
      {"outcome_missing", FilterType::kInt, "outcome_missing"},
      {"conflict", FilterType::kBool, "conflict"},
      {"zone_shifted", FilterType::kBool, "zone_shifted"},
      {"planned", FilterType::kBool, "planned"},
  }};
  return schema;
}

absl::StatusOr<store::AppointmentRow> Existing(Transaction& transaction, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<store::AppointmentRow> rows,
                   store::ReadAppointments(transaction, {domain::AppointmentId(rpc::IdIn(name))}));
  if (rows.empty()) return rpc::NotFound(name, "appointment");
  return std::move(rows.front());
}

absl::StatusOr<v1::Appointment> OfLead(Transaction& transaction, const domain::LeadName& lead) {
  ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> rows, store::AppointmentsOf(transaction, lead));
  if (rows.empty()) return rpc::NotFound(lead.text(), "appointment");
  for (const store::AppointmentRow& row : rows) {
    if (domain::IsPlanned(row.appointment)) return ToProto(row);
  }
  return ToProto(rows.back());
}

}  // namespace

absl::StatusOr<v1::Appointment> AppointmentReads::GetAppointment(rpc::CallContext& context,
                                                                 const v1::GetAppointmentRequest& request) {
  return outbox::Read<v1::Appointment>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::Appointment> {
        if (request.name() != kAny) {
          ASSIGN_OR_RETURN(const store::AppointmentRow row, Existing(transaction, request.name()));
          return ToProto(row);
        }
        if (!request.lead().empty()) return OfLead(transaction, domain::LeadName(request.lead()));
        ASSIGN_OR_RETURN(const std::optional<store::AppointmentRow> row,
                         store::CurrentOf(transaction, context.principal().name(), d_.clock.Now()));
        if (!row) {
          return rpc::Error(absl::StatusCode::kNotFound, "NO_CURRENT_APPOINTMENT",
                            "the caller has no planned meeting");
        }
        return ToProto(*row);
      });
}

absl::StatusOr<v1::ListAppointmentsResponse> AppointmentReads::ListAppointments(
    rpc::CallContext& context, const v1::ListAppointmentsRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Appointment>>;
  ASSIGN_OR_RETURN(const rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  ASSIGN_OR_RETURN(const storage::Condition condition,
                   rpc::CompileFilter(request.filter(), Schema(), store::kFirstListParameter));
  return outbox::Read<v1::ListAppointmentsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAppointmentsResponse> {
        v1::ListAppointmentsResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_appointments(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const bool first = cursor.empty();
                        ASSIGN_OR_RETURN(
                            const std::vector<store::AppointmentRow> rows,
                            store::ListAppointments(
                                transaction, condition,
                                first ? absl::UnixEpoch() : FromMicros(std::get<int64_t>(cursor[0])),
                                domain::AppointmentId(first ? "" : std::get<std::string>(cursor[1])), count));
                        Entries entries;
                        for (const store::AppointmentRow& row : rows)
                          entries.push_back({ToProto(row), {ToMicros(row.appointment.start), row.id.text()}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::ListAppointmentHistoryResponse> AppointmentReads::ListAppointmentHistory(
    rpc::CallContext& context, const v1::ListAppointmentHistoryRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::AppointmentChange>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}}));
  return outbox::Read<v1::ListAppointmentHistoryResponse>(
      context, d_.database,
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListAppointmentHistoryResponse> {
        ASSIGN_OR_RETURN(const store::AppointmentRow row, Existing(transaction, request.parent()));
        v1::ListAppointmentHistoryResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_changes(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const int64_t after = cursor.empty() ? 0 : std::get<int64_t>(cursor[0]);
                        ASSIGN_OR_RETURN(const std::vector<store::ChangeRow> changes,
                                         store::ListChanges(transaction, row.id, after, count));
                        Entries entries;
                        for (const store::ChangeRow& change : changes)
                          entries.push_back({ToProto(change), {change.number}});
                        return entries;
                      }));
        return response;
      });
}

}  // namespace finalmile::appointments::handlers
