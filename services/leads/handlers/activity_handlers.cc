#include "services/leads/handlers/activity_handlers.h"

#include <fmt/format.h>

#include <map>

#include "libs/base/pending.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/batch_spans.h"
#include "libs/outbox/mutation.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "libs/storage/columns.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/deletion_store.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/source_row_store.h"

namespace finalmile::leads::handlers {
namespace {

constexpr int kMaxActivities = 1000;
// Audit lines that are listed.
constexpr int kMaxDeleted = 100;

v1::DeletedActivity ToProto(const store::Deletion& deletion) {
  v1::DeletedActivity line;
  *line.mutable_activity() = scoring::ToProto(deletion.activity);
  *line.mutable_delete_time() = scoring::ToProto(deletion.delete_time);
  line.set_caller(deletion.caller);
  line.set_reason(deletion.reason);
  return line;
}

// Records of one external id share a key, which does not show it.
std::string KeyOf(const v1::Activity& activity) {
  if (activity.lead() != domain::kSomeLead) return activity.lead();
  const v1::LeadExternalId& id = activity.external_id();
  return fmt::format("external:{:016x}", StableHash(fmt::format("{}\x1f{}", id.source(), id.id())));
}

events::Message ToMessage(const v1::Activity& activity) {
  events::Message message{
      outbox::TopicName<v1::Activity>(), KeyOf(activity), activity.SerializeAsString(), {}};
  outbox::SetTrace(TraceScope::Current(), message.headers);
  return message;
}

// Checks an activity that a call brings at `now`, and dates one whose clock runs ahead by its arrival.
// Returns everything wrong with it.
std::vector<domain::Violation> Prepare(v1::Activity& message, absl::Time now,
                                       const scoring::LateActivities& late) {
  domain::Activity activity = scoring::FromProto(message);
  std::vector<domain::Violation> violations = domain::Validate(activity, now);
  if (violations.empty() && domain::IsAgedOut(activity, now)) {
    late.by_call.Add();
    violations.push_back(domain::AgedOut());
  }
  if (!violations.empty()) return violations;
  activity.clock_ahead = false;
  domain::ClampClock(activity, now);
  message.set_clock_ahead(activity.clock_ahead);
  if (activity.clock_ahead) *message.mutable_event_time() = scoring::ToProto(activity.event_time);
  return violations;
}

// The leads of e-mails, in their order; empty: none has it, or several have.
absl::StatusOr<std::vector<domain::LeadId>> LeadsOf(rpc::CallContext& context, storage::Database& database,
                                                    std::vector<std::string> emails) {
  for (std::string& email : emails) {
    auto normal = domain::NormaliseEmail(email);
    email = normal.ok() ? *std::move(normal) : std::string();
  }
  return storage::Read(database, context.deadline(),
                       [&](storage::Transaction& transaction) -> absl::StatusOr<std::vector<domain::LeadId>> {
                         ASSIGN_OR_RETURN(const storage::Deferred read,
                                          store::DeferByEmail(transaction, storage::SortedUnique(emails)));
                         RETURN_IF_ERROR(transaction.Settle());
                         const auto found = store::LeadsByKey(*read);
                         std::vector<domain::LeadId> leads;
                         for (const std::string& email : emails) {
                           const bool one = found.count(email) == 1;
                           leads.push_back(one ? found.find(email)->second : domain::LeadId());
                         }
                         return leads;
                       });
}

// Whether the store has to say which lead is meant.
bool HasToBeFound(const v1::RecordActivityRequest& request) {
  return request.activity().lead() == domain::kSomeLead && request.identity().has_email();
}

void Reject(int index, const domain::Violation& violation, v1::RecordActivitiesResponse& response) {
  v1::ActivityReject& reject = *response.add_rejects();
  reject.set_index(index);
  reject.set_field(violation.field);
  reject.set_reason(violation.description);
}

}  // namespace

absl::StatusOr<events::Message> ActivityHandlers::ToRecord(const rpc::CallContext& context,
                                                           const v1::RecordActivityRequest& request,
                                                           v1::Activity activity,
                                                           v1::RecordActivityResponse& response) const {
  if (!request.has_activity()) return rpc::InvalidField("activity", "is required");
  if (activity.lead() == domain::kSomeLead && request.identity().has_external_id()) {
    activity.mutable_external_id()->set_source(request.identity().external_id().source());
    activity.mutable_external_id()->set_id(request.identity().external_id().id());
  }
  RETURN_IF_ERROR(rpc::ToStatus(Prepare(activity, context.clock().Now(), d_.late), "activity"));
  response.set_clock_ahead(activity.clock_ahead());
  return ToMessage(activity);
}

absl::StatusOr<rpc::After<v1::RecordActivityResponse>> ActivityHandlers::RecordActivity(
    rpc::CallContext& context, const v1::RecordActivityRequest& request) {
  v1::Activity activity = request.activity();
  v1::RecordActivityResponse response;
  if (HasToBeFound(request)) {
    ASSIGN_OR_RETURN(const domain::LeadId id,
                     LeadOf(context, d_.database, activity.lead(), request.identity()));
    activity.set_lead(domain::LeadName(id));
    response.set_lead(activity.lead());
  }
  ASSIGN_OR_RETURN(events::Message message, ToRecord(context, request, std::move(activity), response));
  ASSIGN_OR_RETURN(auto append,
                   d_.events.StartAppend({std::move(message)}, context.deadline(), context.signal()));
  return rpc::After<v1::RecordActivityResponse>{std::move(append), std::move(response)};
}

std::optional<absl::StatusOr<rpc::After<v1::RecordActivityResponse>>> ActivityHandlers::RecordActivityInline(
    rpc::CallContext& context, const v1::RecordActivityRequest& request) {
  if (HasToBeFound(request)) return std::nullopt;
  v1::RecordActivityResponse response;
  absl::StatusOr<events::Message> message = ToRecord(context, request, request.activity(), response);
  if (!message.ok()) return message.status();
  auto append = d_.events.TryStartAppend({*std::move(message)}, context.signal());
  if (!append.ok()) return append.status();
  if (*append == nullptr) return std::nullopt;
  return rpc::After<v1::RecordActivityResponse>{*std::move(append), std::move(response)};
}

absl::StatusOr<rpc::After<v1::RecordActivitiesResponse>> ActivityHandlers::RecordActivities(
    rpc::CallContext& context, const v1::RecordActivitiesRequest& request) {
  if (request.activities_size() > kMaxActivities) {
    return rpc::InvalidField("activities", fmt::format("has {} entries; at most {} are taken at once",
                                                       request.activities_size(), kMaxActivities));
  }
  std::vector<int> positions;
  std::vector<std::string> emails;
  for (const auto& [index, email] : request.emails()) {
    positions.push_back(index);
    emails.push_back(email);
  }
  std::map<int, domain::LeadId> leads;
  if (!emails.empty()) {
    ASSIGN_OR_RETURN(std::vector<domain::LeadId> found, LeadsOf(context, d_.database, std::move(emails)));
    for (size_t i = 0; i < found.size(); ++i) leads[positions[i]] = std::move(found[i]);
  }
  v1::RecordActivitiesResponse response;
  std::vector<events::Message> messages;
  messages.reserve(request.activities_size());
  for (int i = 0; i < request.activities_size(); ++i) {
    v1::Activity activity = request.activities(i);
    if (const auto found = leads.find(i); found != leads.end() && activity.lead() == domain::kSomeLead) {
      if (found->second.empty()) {
        Reject(i, {"lead", "no lead, or more than one, has this e-mail"}, response);
        continue;
      }
      activity.set_lead(domain::LeadName(found->second));
    }
    if (const auto wrong = Prepare(activity, context.clock().Now(), d_.late); !wrong.empty()) {
      Reject(i, wrong.front(), response);
      continue;
    }
    if (activity.clock_ahead()) response.add_clock_ahead(i);
    messages.push_back(ToMessage(activity));
  }
  response.set_recorded(static_cast<int32_t>(messages.size()));
  if (messages.empty())
    return rpc::After<v1::RecordActivitiesResponse>{Finished(absl::OkStatus()), std::move(response)};
  ASSIGN_OR_RETURN(auto append, d_.events.StartAppend(messages, context.deadline(), context.signal()));
  return rpc::After<v1::RecordActivitiesResponse>{std::move(append), std::move(response)};
}

absl::StatusOr<v1::DeletedActivity> ActivityHandlers::DeleteActivity(
    rpc::CallContext& context, const v1::DeleteActivityRequest& request) {
  if (Characters(request.reason()) > domain::kMaxFieldCharacters)
    return rpc::InvalidField("reason", "has more than 256 characters");
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::DeletedActivity>(
      context, d_.database, request,
      [&](storage::Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::DeletedActivity> {
        const auto find = [&] {
          return store::FindActivity(transaction, request.source(), request.activity_id());
        };
        ASSIGN_OR_RETURN(auto found, find());
        if (!found) {
          return rpc::Error(absl::StatusCode::kNotFound, "ACTIVITY_NOT_FOUND",
                            "there is no activity of this source and id");
        }
        const domain::LeadId lead = found->activity.lead;
        scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(batch.Lock({lead}, scoring::LeadBatch::Absent::kLeaveOut));
        // It may have gone to another lead, or been deleted, before the lock was got.
        ASSIGN_OR_RETURN(found, find());
        if (!found || found->activity.lead != lead || batch.Find(lead) == nullptr)
          return storage::Conflict("the activity was changed meanwhile");
        const store::Deletion deletion{found->activity, now, context.principal().name(), request.reason()};
        RETURN_IF_ERROR(store::DeleteActivity(transaction, deletion));
        batch.CountAnew(lead);
        batch.TellDeleted(found->activity);
        RETURN_IF_ERROR(batch.Write("activity"));
        return ToProto(deletion);
      });
}

absl::StatusOr<v1::ListActivitiesResponse> ActivityHandlers::ListActivities(
    rpc::CallContext& context, const v1::ListActivitiesRequest& request) {
  ASSIGN_OR_RETURN(domain::LeadId id, LeadOf(context, d_.database, request.parent(), request.identity()));
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string(), std::string()}));
  using Entries = std::vector<rpc::PageEntry<v1::RecordedActivity>>;
  return outbox::Read<v1::ListActivitiesResponse>(
      context, d_.database,
      [&](storage::Transaction& transaction) -> absl::StatusOr<v1::ListActivitiesResponse> {
        v1::ListActivitiesResponse response;
        ASSIGN_OR_RETURN(std::vector<store::LeadState> lead, store::ReadLeads(transaction, {id}));
        if (lead.empty()) return rpc::NotFound(request.parent(), "lead");
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          domain::Activity after;
          if (!cursor.empty()) {
            after.event_time = FromMicros(std::get<int64_t>(cursor[0]));
            after.source = std::get<std::string>(cursor[1]);
            after.activity_id = std::get<std::string>(cursor[2]);
          }
          ASSIGN_OR_RETURN(std::vector<store::RecordedActivity> found,
                           store::ListActivities(transaction, id, cursor.empty() ? nullptr : &after, count));
          Entries entries;
          for (const store::RecordedActivity& recorded : found) {
            const domain::Activity& activity = recorded.activity;
            v1::RecordedActivity item;
            *item.mutable_activity() = scoring::ToProto(activity);
            *item.mutable_record_time() = scoring::ToProto(recorded.record_time);
            entries.push_back(
                {std::move(item), {ToMicros(activity.event_time), activity.source, activity.activity_id}});
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         page.Fill(*response.mutable_activities(), read));
        if (!page.first()) return response;
        ASSIGN_OR_RETURN(const auto deletions, store::DeletionsOf(transaction, id, kMaxDeleted));
        for (const store::Deletion& deletion : deletions) *response.add_deleted() = ToProto(deletion);
        return response;
      });
}

}  // namespace finalmile::leads::handlers
