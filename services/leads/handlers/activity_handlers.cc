#include "services/leads/handlers/activity_handlers.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::handlers {
namespace {

constexpr int kMaxActivities = 1000;

events::Message ToMessage(const v1::Activity& activity) {
  return {outbox::TopicName<v1::Activity>(), activity.lead(), activity.SerializeAsString(), {}};
}

// Everything wrong with an activity that a call brings at `now`.
std::vector<domain::Violation> Check(const v1::Activity& message, absl::Time now,
                                     const scoring::LateActivities& late) {
  const domain::Activity activity = scoring::FromProto(message);
  std::vector<domain::Violation> violations = domain::Validate(activity, now);
  if (violations.empty() && domain::IsAgedOut(activity, now)) {
    late.by_call.Add();
    violations.push_back(domain::AgedOut());
  }
  return violations;
}

}  // namespace

absl::StatusOr<rpc::After<v1::RecordActivityResponse>> ActivityHandlers::RecordActivity(
    rpc::CallContext& context, const v1::RecordActivityRequest& request) {
  if (!request.has_activity()) return rpc::InvalidField("activity", "is required");
  RETURN_IF_ERROR(rpc::ToStatus(Check(request.activity(), context.clock().Now(), d_.late), "activity"));
  ASSIGN_OR_RETURN(auto append, d_.events.StartAppend({ToMessage(request.activity())}, context.deadline(),
                                                      context.wake()));
  return rpc::After<v1::RecordActivityResponse>{std::move(append), {}};
}

absl::StatusOr<rpc::After<v1::RecordActivitiesResponse>> ActivityHandlers::RecordActivities(
    rpc::CallContext& context, const v1::RecordActivitiesRequest& request) {
  if (request.activities_size() > kMaxActivities) {
    return rpc::InvalidField("activities", fmt::format("has {} entries; at most {} are taken at once",
                                                       request.activities_size(), kMaxActivities));
  }
  std::vector<domain::Violation> violations;
  std::vector<events::Message> messages;
  messages.reserve(request.activities_size());
  for (int i = 0; i < request.activities_size(); ++i) {
    const v1::Activity& activity = request.activities(i);
    for (domain::Violation& violation : Check(activity, context.clock().Now(), d_.late)) {
      violations.push_back(
          {fmt::format("activities[{}].{}", i, violation.field), std::move(violation.description)});
    }
    messages.push_back(ToMessage(activity));
  }
  RETURN_IF_ERROR(rpc::ToStatus(violations, ""));
  ASSIGN_OR_RETURN(auto append, d_.events.StartAppend(messages, context.deadline(), context.wake()));
  return rpc::After<v1::RecordActivitiesResponse>{std::move(append), {}};
}

absl::StatusOr<v1::ListActivitiesResponse> ActivityHandlers::ListActivities(
    rpc::CallContext& context, const v1::ListActivitiesRequest& request) {
  const std::string id = rpc::IdIn(request.parent());
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
        return response;
      });
}

}  // namespace finalmile::leads::handlers
