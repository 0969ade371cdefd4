#include "services/appointments/handlers/request_proto.h"

#include <fmt/format.h>

#include <map>

#include "libs/base/status.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/appointments/changes/request_batch.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::handlers {
namespace {

using google::protobuf::Timestamp;

// Infinite times are absent ones.
void SetTime(absl::Time time, Timestamp* (v1::MeetingRequest::*field)(), v1::MeetingRequest& request) {
  if (time != absl::InfinitePast() && time != absl::InfiniteFuture())
    *(request.*field)() = rpc::ToTimestamp(time);
}

void AddCrossing(const domain::Crossing& crossing, v1::MeetingRequest& request) {
  request.set_ready_seq(crossing.ready_seq);
  request.set_cycle(crossing.cycle);
  request.set_lane(crossing.lane);
  request.set_hand_raise(crossing.hand_raise);
  request.set_grade(crossing.grade);
  request.set_score(crossing.score);
  if (crossing.probability) request.set_probability(*crossing.probability);
  for (const domain::Reason& reason : crossing.reasons) {
    leads::v1::Reason& one = *request.add_reasons();
    one.set_part(reason.part);
    one.set_name(reason.name);
    one.set_text(reason.text);
    one.set_points(reason.points);
    one.set_count(reason.count);
    if (reason.last_time != absl::InfinitePast())
      *one.mutable_last_time() = rpc::ToTimestamp(reason.last_time);
  }
  for (const std::string& missing : crossing.missing) request.add_missing(missing);
  request.set_situation(crossing.situation);
  request.set_lead_source(crossing.lead_source);
  request.set_campaign(crossing.campaign);
  *request.mutable_ready_time() = rpc::ToTimestamp(crossing.ready_time);
}

void AddPermissions(const store::LeadRow& lead, v1::MeetingRequest& request) {
  for (int number = leads::v1::Channel_MIN; number <= leads::v1::Channel_MAX; ++number) {
    if (number == leads::v1::CHANNEL_UNSPECIFIED || !leads::v1::Channel_IsValid(number)) continue;
    const int64_t bit = int64_t{1} << number;
    if (((lead.allowed | lead.denied) & bit) == 0) continue;
    v1::ChannelPermission& permission = *request.add_permissions();
    permission.set_channel(static_cast<leads::v1::Channel>(number));
    permission.set_state((lead.denied & bit) != 0 ? leads::v1::PERMISSION_STATE_DENIED
                                                  : leads::v1::PERMISSION_STATE_ALLOWED);
  }
}

}  // namespace

v1::MeetingRequest ToProto(const store::RequestRow& row, const store::LeadRow* lead,
                           const domain::WorkingHours& hours) {
  using Request = v1::MeetingRequest;
  const domain::MeetingRequest& request = row.request;
  Request result;
  result.set_name(domain::NameOf(row.id));
  result.set_etag(rpc::Etag(row.version));
  result.set_state(static_cast<Request::State>(request.state));
  result.set_rebook(request.rebook);
  result.set_lead(row.lead.text());
  AddCrossing(request.crossing, result);
  result.set_owner(row.owner);
  SetTime(request.deadline, &Request::mutable_deadline, result);
  result.set_level(request.level);
  result.set_setter(request.setter);
  SetTime(request.claim_time, &Request::mutable_claim_time, result);
  result.set_attempts(request.attempts);
  result.set_window_attempts(request.window_attempts);
  for (const int channel : request.channels) result.add_channels(static_cast<leads::v1::Channel>(channel));
  SetTime(request.first_attempt_time, &Request::mutable_first_attempt_time, result);
  SetTime(domain::EndOfWindow(request, hours), &Request::mutable_window_end_time, result);
  SetTime(request.snooze_until, &Request::mutable_snooze_until, result);
  SetTime(request.callback_at, &Request::mutable_callback_at, result);
  result.set_cooled(request.cooled);
  SetTime(request.raised_again_time, &Request::mutable_raised_again_time, result);
  if (!row.appointment.empty()) result.set_appointment(domain::NameOf(row.appointment));
  if (request.return_reason) result.set_return_reason(static_cast<v1::ReturnReason>(*request.return_reason));
  if (request.close_reason) result.set_close_reason(static_cast<v1::CloseReason>(*request.close_reason));
  SetTime(request.quiet_until, &Request::mutable_quiet_until, result);
  SetTime(row.create_time, &Request::mutable_create_time, result);
  SetTime(row.update_time, &Request::mutable_update_time, result);
  if (const std::optional<bool> within = domain::WithinResponseTime(request))
    result.set_within_response_time(*within);
  if (lead != nullptr) AddPermissions(*lead, result);
  return result;
}

v1::Attempt ToProto(const store::AttemptRow& row) {
  v1::Attempt attempt;
  attempt.set_name(fmt::format("{}/attempts/{}", domain::NameOf(row.request), row.number));
  attempt.set_channel(static_cast<leads::v1::Channel>(row.channel));
  attempt.set_disposition(static_cast<v1::Disposition>(row.disposition));
  *attempt.mutable_attempt_time() = rpc::ToTimestamp(row.attempt_time);
  if (row.callback_at != absl::InfinitePast())
    *attempt.mutable_callback_at() = rpc::ToTimestamp(row.callback_at);
  attempt.set_talk_track(row.talk_track);
  attempt.set_objection(row.objection);
  attempt.set_not_permitted(row.not_permitted);
  attempt.set_setter(row.setter);
  attempt.set_number(static_cast<int32_t>(row.number));
  return attempt;
}

absl::StatusOr<std::vector<v1::MeetingRequest>> ToProtos(storage::Transaction& transaction,
                                                         const std::vector<store::RequestRow>& rows) {
  std::vector<domain::LeadName> names;
  for (const store::RequestRow& row : rows) names.push_back(row.lead);
  ASSIGN_OR_RETURN(const std::vector<store::LeadRow> leads,
                   store::ReadLeads(transaction, storage::SortedUnique(std::move(names))));
  ASSIGN_OR_RETURN(const domain::WorkingHours hours, changes::ReadHours(transaction));
  std::map<domain::LeadName, const store::LeadRow*> by_name;
  for (const store::LeadRow& lead : leads) by_name[lead.id] = &lead;
  std::vector<v1::MeetingRequest> requests;
  for (const store::RequestRow& row : rows) {
    const auto lead = by_name.find(row.lead);
    requests.push_back(ToProto(row, lead == by_name.end() ? nullptr : lead->second, hours));
  }
  return requests;
}

}  // namespace finalmile::appointments::handlers
