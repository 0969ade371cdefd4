#include "services/leads/handlers/sales_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/handlers/updatable_fields.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/profiles.h"
#include "services/leads/store/erasure_store.h"
#include "services/leads/store/opportunity_store.h"
#include "services/leads/store/sales_store.h"

namespace finalmile::leads::handlers {
namespace {

using scoring::LeadBatch;
using storage::Transaction;

constexpr size_t kMostOpportunities = 16;
constexpr double kMostAmount = 1e12;
constexpr char kSales[] = "sales";

// A locked, created lead with all that callers set of it.
absl::StatusOr<domain::Lead> LockOne(Transaction& transaction, LeadBatch& batch, const domain::LeadId& id) {
  RETURN_IF_ERROR(batch.Lock({id}, LeadBatch::Absent::kLeaveOut));
  if (batch.Find(id) == nullptr || !batch.Find(id)->created)
    return rpc::NotFound(domain::LeadName(id), "lead");
  ASSIGN_OR_RETURN(auto profiles, scoring::WholeProfiles(transaction, batch, {id}));
  return std::move(profiles.at(id));
}

absl::StatusOr<v1::Lead> Answer(Transaction& transaction, scoring::Policies& policies,
                                const domain::LeadId& id, absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<v1::Lead> leads, LoadLeads(transaction, policies, {id}, now));
  return std::move(leads.front());
}

bool IsOpportunityId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

absl::Status Check(const v1::Opportunity& opportunity) {
  rpc::FieldViolations violations;
  if (!IsOpportunityId(opportunity.id()))
    violations.Add("opportunity.id", "must be 1 to 64 characters of A-Z, a-z, 0-9, ., _ and -");
  if (!v1::OpportunityState_IsValid(opportunity.state()) ||
      opportunity.state() == v1::OPPORTUNITY_STATE_UNSPECIFIED)
    violations.Add("opportunity.state", "must be open, won or lost");
  if (opportunity.has_amount() && !(opportunity.amount() >= 0 && opportunity.amount() <= kMostAmount))
    violations.Add("opportunity.amount", "must be 0 to 1e12");
  const bool code = opportunity.currency().size() == 3 &&
                    std::all_of(opportunity.currency().begin(), opportunity.currency().end(),
                                [](char c) { return c >= 'A' && c <= 'Z'; });
  if (opportunity.has_amount() != code || (!opportunity.has_amount() && !opportunity.currency().empty()))
    violations.Add("opportunity.currency",
                   "must be a code of three capitals, such as EUR, where there is an amount");
  return violations.ToStatus();
}

// Gates and stage of a lead with these opportunities.
void Follow(const std::vector<store::OpportunityRow>& opportunities, domain::Lead& lead,
            LeadBatch::Sales& sales) {
  const auto any = [&](v1::OpportunityState state) {
    return std::any_of(opportunities.begin(), opportunities.end(),
                       [&](const store::OpportunityRow& row) { return row.state == state; });
  };
  std::erase(lead.gates, domain::Gate::kOpenOpportunity);
  if (any(v1::OPPORTUNITY_STATE_OPEN)) lead.gates.push_back(domain::Gate::kOpenOpportunity);
  if (any(v1::OPPORTUNITY_STATE_WON)) {
    sales.stage = domain::Stage::kWon;
    if (std::count(lead.gates.begin(), lead.gates.end(), domain::Gate::kCustomer) == 0)
      lead.gates.push_back(domain::Gate::kCustomer);
  } else if (!any(v1::OPPORTUNITY_STATE_OPEN)) {
    sales.stage = domain::Stage::kLost;
    sales.request_ended = true;
  }
}

v1::Crossing::Label LabelOf(const std::optional<domain::Label>& label) {
  if (!label) return v1::Crossing::LABEL_UNSPECIFIED;
  if (*label == domain::Label::kHeld) return v1::Crossing::LABEL_HELD;
  return *label == domain::Label::kNotHeld ? v1::Crossing::LABEL_NOT_HELD : v1::Crossing::LABEL_LEFT_OUT;
}

std::string_view WordOf(domain::SalesState state) {
  switch (state) {
    case domain::SalesState::kOpen:
      return "open";
    case domain::SalesState::kClaimed:
      return "claimed";
    case domain::SalesState::kWorking:
      return "working";
    case domain::SalesState::kReturned:
      return "returned";
    case domain::SalesState::kRecycled:
      return "recycled";
    case domain::SalesState::kClosed:
      return "closed";
    case domain::SalesState::kScheduled:
      return "scheduled";
    case domain::SalesState::kHeld:
      return "held";
    case domain::SalesState::kGuestNoShow:
      return "guest no-show";
    case domain::SalesState::kHostNoShow:
      return "host no-show";
    case domain::SalesState::kCancelledByGuest:
      return "cancelled by the guest";
    case domain::SalesState::kCancelledByUs:
      return "cancelled by us";
  }
  return "";
}

v1::Crossing ToProto(const store::CrossingRow& row, const std::vector<domain::SalesFact>& facts) {
  v1::Crossing crossing;
  crossing.set_ready_seq(row.ready_seq);
  crossing.set_cycle(static_cast<int32_t>(row.cycle));
  *crossing.mutable_time() = scoring::ToProto(row.time);
  crossing.set_lane(row.lane);
  crossing.set_hand_raise(row.hand_raise);
  crossing.set_grade(row.grade);
  crossing.set_fit(row.fit);
  crossing.set_engagement(row.engagement);
  for (const domain::Reason& reason : row.reasons) *crossing.add_reasons() = scoring::ToProto(reason);
  for (const domain::SalesFact& fact : facts) {
    if (fact.cycle != row.cycle) continue;
    v1::SalesStep& step = *crossing.add_steps();
    step.set_name(fact.key);
    step.set_state(std::string(WordOf(fact.state)));
    *step.mutable_time() = scoring::ToProto(fact.time);
    step.set_attempts(static_cast<int32_t>(fact.attempts));
    if (fact.qualified) step.set_qualified(*fact.qualified);
  }
  if (row.end_time != absl::InfinitePast()) *crossing.mutable_end_time() = scoring::ToProto(row.end_time);
  crossing.set_label(LabelOf(row.label));
  return crossing;
}

}  // namespace

absl::StatusOr<v1::Lead> SalesHandlers::SetPermission(rpc::CallContext& context,
                                                      const v1::SetPermissionRequest& request) {
  domain::Permission permission;
  const v1::Permission& given = request.permission();
  permission.channel = static_cast<domain::Channel>(given.channel());
  permission.purpose = given.purpose().empty() ? kSales : given.purpose();
  permission.state = static_cast<domain::PermissionState>(given.state());
  permission.basis = given.basis();
  permission.source = context.principal().name();
  rpc::FieldViolations violations;
  if (!v1::Channel_IsValid(given.channel()) || given.channel() == v1::CHANNEL_UNSPECIFIED)
    violations.Add("permission.channel", "must be email, phone, post or social");
  if (!v1::PermissionState_IsValid(given.state()) || given.state() == v1::PERMISSION_STATE_UNSPECIFIED)
    violations.Add("permission.state", "must be allowed or denied");
  RETURN_IF_ERROR(violations.ToStatus());
  ASSIGN_OR_RETURN(const domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(context, d_.database, request,
                                  [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
                                    LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
                                    ASSIGN_OR_RETURN(const domain::Lead before,
                                                     LockOne(transaction, batch, id));
                                    domain::Lead after = before;
                                    domain::Permission word = permission;
                                    word.time = FromMicros(ToMicros(now));
                                    std::erase_if(after.permissions, [&](const domain::Permission& one) {
                                      return one.channel == word.channel && one.purpose == word.purpose;
                                    });
                                    after.permissions.push_back(std::move(word));
                                    RETURN_IF_ERROR(batch.Change(id, before, after, {"permissions"}));
                                    RETURN_IF_ERROR(batch.Write("attributes"));
                                    return Answer(transaction, d_.policies, id, now);
                                  });
}

absl::StatusOr<v1::EraseLeadResponse> SalesHandlers::EraseLead(rpc::CallContext& context,
                                                               const v1::EraseLeadRequest& request) {
  ASSIGN_OR_RETURN(const domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::EraseLeadResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::EraseLeadResponse> {
        LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(const domain::Lead profile, LockOne(transaction, batch, id));
        RETURN_IF_ERROR(store::KeepErased(transaction, d_.erasures.DigestsOf(profile), now));
        RETURN_IF_ERROR(batch.Erase(id));
        RETURN_IF_ERROR(batch.Write("attributes"));
        v1::EraseLeadResponse response;
        response.set_lead(domain::LeadName(id));
        return response;
      });
}

absl::StatusOr<v1::Lead> SalesHandlers::MergeLeads(rpc::CallContext& context,
                                                   const v1::MergeLeadsRequest& request) {
  if (request.duplicate().empty()) return rpc::InvalidField("duplicate", "is required");
  ASSIGN_OR_RETURN(const domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  ASSIGN_OR_RETURN(const domain::LeadId duplicate, LeadOf(context, d_.database, request.duplicate(), {}));
  if (id == duplicate) return rpc::InvalidField("duplicate", "is the lead that stays");
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(batch.Lock({id, duplicate}, LeadBatch::Absent::kLeaveOut));
        for (const domain::LeadId& one : {id, duplicate}) {
          if (batch.Find(one) == nullptr || !batch.Find(one)->created)
            return rpc::NotFound(domain::LeadName(one), "lead");
        }
        ASSIGN_OR_RETURN(auto profiles, scoring::WholeProfiles(transaction, batch, {id, duplicate}));
        const domain::Lead& before = profiles.at(id);
        const domain::Lead after = domain::MergedWith(before, profiles.at(duplicate));
        if (after.external_ids.size() > domain::kMaxExternalIds) {
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "TOO_MANY_EXTERNAL_IDS",
                            fmt::format("the two leads have {} external ids; one has at most {}",
                                        after.external_ids.size(), domain::kMaxExternalIds));
        }
        const std::vector<std::string> changed =
            ChangedPaths(scoring::ToProto(before), scoring::ToProto(after));
        if (!changed.empty()) RETURN_IF_ERROR(batch.Change(id, before, after, changed));
        RETURN_IF_ERROR(batch.Merge(id, duplicate));
        RETURN_IF_ERROR(batch.Write("attributes"));
        return Answer(transaction, d_.policies, id, now);
      });
}

absl::StatusOr<v1::Lead> SalesHandlers::RecordOpportunity(rpc::CallContext& context,
                                                          const v1::RecordOpportunityRequest& request) {
  const v1::Opportunity& given = request.opportunity();
  RETURN_IF_ERROR(Check(given));
  ASSIGN_OR_RETURN(const domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(const domain::Lead before, LockOne(transaction, batch, id));
        ASSIGN_OR_RETURN(const storage::Deferred read, store::DeferOpportunities(transaction, {id}));
        RETURN_IF_ERROR(transaction.Settle());
        ASSIGN_OR_RETURN(auto by_lead, store::OpportunitiesOf(*read));
        std::vector<store::OpportunityRow>& all = by_lead[id];
        auto one = std::find_if(all.begin(), all.end(),
                                [&](const store::OpportunityRow& row) { return row.id == given.id(); });
        if (one == all.end() && all.size() >= kMostOpportunities) {
          return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_OPPORTUNITIES",
                            fmt::format("a lead has at most {} opportunities", kMostOpportunities));
        }
        if (one == all.end()) one = all.emplace(all.end());
        one->lead = id;
        one->id = given.id();
        one->state = given.state();
        one->amount.reset();
        if (given.has_amount()) one->amount = given.amount();
        one->currency = given.currency();
        one->update_time = now;
        const store::LeadState& row = *batch.Find(id);
        LeadBatch::Sales sales{static_cast<domain::Stage>(row.stage), "opportunity", row.readiness.claimed,
                               row.request_ended};
        domain::Lead after = before;
        Follow(all, after, sales);
        batch.TellOpportunity(id, given);
        batch.SetSales(id, sales);
        if (after.gates != before.gates) RETURN_IF_ERROR(batch.Change(id, before, after, {"gates"}));
        RETURN_IF_ERROR(batch.Write("sales"));
        RETURN_IF_ERROR(store::kOpportunities.InsertOrUpdate(transaction, {{&*one}}));
        return Answer(transaction, d_.policies, id, now);
      });
}

absl::StatusOr<v1::ListCrossingsResponse> SalesHandlers::ListCrossings(
    rpc::CallContext& context, const v1::ListCrossingsRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Crossing>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}}));
  ASSIGN_OR_RETURN(const domain::LeadId id,
                   LeadOf(context, d_.database, request.parent(), request.identity()));
  return outbox::Read<v1::ListCrossingsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListCrossingsResponse> {
        // NOT_FOUND where there is no such lead.
        RETURN_IF_ERROR(LoadLeads(transaction, d_.policies, {id}, d_.clock.Now()).status());
        ASSIGN_OR_RETURN(std::vector<domain::SalesFact> facts, store::SalesFactsOfLeads(transaction, {id}));
        std::sort(facts.begin(), facts.end(), [](const domain::SalesFact& a, const domain::SalesFact& b) {
          return a.time != b.time ? a.time < b.time : a.key < b.key;
        });
        v1::ListCrossingsResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_crossings(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const int64_t before = cursor.empty() ? std::numeric_limits<int64_t>::max()
                                                              : std::get<int64_t>(cursor[0]);
                        ASSIGN_OR_RETURN(const std::vector<store::CrossingRow> rows,
                                         store::CrossingsOf(transaction, id, before, count));
                        Entries entries;
                        for (const store::CrossingRow& row : rows)
                          entries.push_back({ToProto(row, facts), {row.ready_seq}});
                        return entries;
                      }));
        return response;
      });
}

}  // namespace finalmile::leads::handlers
