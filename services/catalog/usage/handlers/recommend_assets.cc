#include <fmt/format.h>

#include <map>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/errors.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/usage/domain/recommend.h"
#include "services/catalog/usage/handlers/usage_handlers.h"
#include "services/catalog/usage/performance.h"
#include "services/catalog/usage/store/offer_store.h"
#include "services/catalog/usage/store/use_store.h"
#include "services/catalog/usage/usage_batch.h"
#include "services/catalog/usage/use_fields.h"

namespace finalmile::catalog::usage::handlers {
namespace {

using Request = v1::RecommendAssetsRequest;
using Response = v1::RecommendAssetsResponse;

constexpr int kMaxRecommended = 20;
constexpr int kRecommended = 5;
constexpr int kCandidates = 100;

absl::Status Check(const Request& request) {
  rpc::FieldViolations violations;
  if (request.lead().empty()) CheckStage(request.stage(), "stage", violations);
  CheckTag(request.situation(), "situation", violations);
  CheckTag(request.persona(), "persona", violations);
  CheckTag(request.industry(), "industry", violations);
  CheckTag(request.competitor(), "competitor", violations);
  CheckTag(request.language(), "language", violations);
  for (int i = 0; i < request.kinds_size(); ++i) {
    if (!v1::AssetKind_IsValid(request.kinds(i))) violations.Add(fmt::format("kinds[{}]", i), "is no kind");
  }
  if (request.kinds_size() > v1::AssetKind_ARRAYSIZE) violations.Add("kinds", "names a kind twice");
  if (request.page_size() < 0 || request.page_size() > kMaxRecommended) {
    violations.Add("page_size", fmt::format("must be 0 to {}", kMaxRecommended));
  }
  return violations.ToStatus();
}

catalog::store::Moment MomentOf(const Request& request, const std::string& stage) {
  catalog::store::Moment moment{.tags = {}, .kinds = {}, .language = request.language()};
  const std::pair<const char*, const std::string&> named[] = {{"stage", stage},
                                                              {"situation", request.situation()},
                                                              {"persona", request.persona()},
                                                              {"industry", request.industry()},
                                                              {"competitor", request.competitor()}};
  for (const auto& [field, value] : named) {
    if (!value.empty()) moment.tags.emplace_back(field, value);
  }
  for (const int kind : request.kinds()) moment.kinds.push_back(kind);
  return moment;
}

// As AssetOffered.slot.
std::string SlotName(domain::Slot slot) {
  switch (slot) {
    case domain::Slot::kRanked:
      return "ranked";
    case domain::Slot::kUntested:
      return "untested";
    case domain::Slot::kRandom:
      return "random";
    case domain::Slot::kWithheld:
      break;
  }
  return "withheld";
}

Response::Slot ToProto(domain::Slot slot) {
  switch (slot) {
    case domain::Slot::kRandom:
      return Response::SLOT_RANDOM;
    case domain::Slot::kUntested:
      return Response::SLOT_UNTESTED;
    default:
      return Response::SLOT_RANKED;
  }
}

std::string ReasonFor(const domain::Placement& placement, const v1::AssetPerformance& performance,
                      int64_t tags, size_t asked) {
  std::string reason;
  if (placement.slot == domain::Slot::kRandom) reason = "drawn at random to learn what it brings; ";
  if (performance.matured() == 0) {
    reason += "no matured use yet";
  } else if (!performance.has_held()) {
    reason += "no meeting was recorded yet";
  } else {
    reason += fmt::format("held {} of {} matured uses", performance.held(), performance.matured());
    if (performance.has_expected()) reason += fmt::format(", {:.1f} expected", performance.expected());
  }
  if (performance.matured() < domain::kTested) reason += fmt::format(" (ranked from {})", domain::kTested);
  if (asked > 0) reason += fmt::format("; has {} of the {} tags asked for", tags, asked);
  return reason;
}

// The assets that fit, and which of them are placed where.
struct Choice {
  std::vector<catalog::store::Fitting> fitting;
  std::vector<domain::Placement> places;
  std::map<store::VersionKey, Performance> performances;

  store::VersionKey KeyOf(const domain::Placement& place) const {
    return {fitting[place.candidate].id, fitting[place.candidate].version};
  }
};

absl::StatusOr<Choice> Choose(storage::Transaction& transaction, const catalog::store::Moment& moment,
                              int count, double random_share, const store::Met& met, absl::Time now,
                              Rng& rng) {
  Choice choice;
  ASSIGN_OR_RETURN(choice.fitting, catalog::store::FittingAssets(transaction, moment, now, kCandidates));
  std::erase_if(choice.fitting, [&](const auto& one) { return met.withheld.contains(one.id); });
  std::vector<store::VersionKey> keys;
  for (const catalog::store::Fitting& one : choice.fitting) keys.emplace_back(one.id, one.version);
  ASSIGN_OR_RETURN(choice.performances, Performances(transaction, keys));
  std::vector<domain::Candidate> candidates;
  for (const catalog::store::Fitting& one : choice.fitting) {
    const Performance& performance = choice.performances.at({one.id, one.version});
    candidates.push_back({one.id, one.version, performance.rank, performance.figures.matured(), one.tags,
                          met.assets.contains(one.id)});
  }
  choice.places = domain::Choose(candidates, static_cast<size_t>(count), random_share, rng);
  return choice;
}

// For whom it is recommended, as the lead's events say. Without a lead only the stage that was asked for.
struct Asked {
  domain::LeadName lead;
  std::string grade;
  std::string stage;
  int64_t cycle = 0;
};

// The lead is locked.
absl::Status Offer(UsageBatch& batch, const Asked& asked, const std::string& situation,
                   const Choice& choice) {
  std::vector<catalog::domain::AssetId> ids;
  for (const domain::Placement& place : choice.places) ids.push_back(choice.KeyOf(place).first);
  RETURN_IF_ERROR(batch.LockAssets(ids));
  const outbox::EventContext& context = batch.context();
  std::vector<store::OfferRow> offers;
  std::map<store::VersionKey, store::Figures> figures;
  for (const domain::Placement& place : choice.places) {
    const store::VersionKey key = choice.KeyOf(place);
    v1::AssetOffered& offered = *batch.Emit(key.first, context.now).mutable_asset_offered();
    offered.set_version(key.second);
    offered.set_lead(asked.lead.text());
    offered.set_slot(SlotName(place.slot));
    offered.set_propensity(place.propensity);
    offered.set_grade(asked.grade);
    offered.set_stage(asked.stage);
    offered.set_situation(situation);
    offers.push_back({NewUuid(context.clock, context.rng), key.first, key.second, asked.lead,
                      batch.Asset(key.first)->kind, asked.cycle, place.slot, place.propensity, asked.grade,
                      asked.stage, situation, context.now});
    if (place.slot != domain::Slot::kWithheld) figures[key].offered = 1;
  }
  RETURN_IF_ERROR(store::InsertOffers(batch.transaction(), offers));
  return store::AddFigures(batch.transaction(), figures);
}

// Answers what is shown, best first, up to what an answer may hold; what has no room is taken out of
// `choice`, since it was not offered.
absl::StatusOr<Response> Show(storage::Transaction& transaction, Choice& choice, size_t asked, size_t most) {
  std::vector<assets::Wanted> wanted;
  for (const domain::Placement& place : choice.places) {
    const store::VersionKey key = choice.KeyOf(place);
    if (place.slot != domain::Slot::kWithheld) wanted.push_back({key.first, key.second});
  }
  ASSIGN_OR_RETURN(std::vector<assets::Read> read, assets::ReadAssets(transaction, wanted, /*bodies=*/false));
  Response response;
  rpc::AnswerRoom room(most);
  std::vector<domain::Placement> offered;
  bool full = false;
  auto next = read.begin();
  for (const domain::Placement& place : choice.places) {
    if (place.slot == domain::Slot::kWithheld) {
      offered.push_back(place);
      continue;
    }
    assets::Read& one = *next++;
    if (full || !one.asset) continue;
    Response::Recommendation recommendation;
    const v1::AssetPerformance& performance = choice.performances.at(choice.KeyOf(place)).figures;
    *recommendation.mutable_asset() = *std::move(one.asset);
    *recommendation.mutable_performance() = performance;
    recommendation.set_slot(ToProto(place.slot));
    recommendation.set_reason(ReasonFor(place, performance, choice.fitting[place.candidate].tags, asked));
    full = !room.Take(recommendation);
    if (full && response.recommendations().empty()) {
      return rpc::AnswerTooLarge(recommendation.asset().name(), recommendation.ByteSizeLong(), most);
    }
    if (full) continue;
    *response.add_recommendations() = std::move(recommendation);
    offered.push_back(place);
  }
  choice.places = std::move(offered);
  return response;
}

}  // namespace

absl::StatusOr<v1::RecommendAssetsResponse> UsageHandlers::RecommendAssets(
    rpc::CallContext& context, const v1::RecommendAssetsRequest& request) {
  RETURN_IF_ERROR(Check(request));
  const int count = request.page_size() == 0 ? kRecommended : request.page_size();
  const double random_share = request.lead().empty() ? 0 : domain::kRandomShare;
  const outbox::Cause cause = outbox::CauseOf(context);
  const auto recommend = [&](storage::Transaction& transaction, absl::Time now) -> absl::StatusOr<Response> {
    UsageBatch batch(transaction, {d_.clock, d_.rng, now, cause});
    store::Met met;
    Asked asked;
    if (!request.lead().empty()) {
      // Before it is read what the lead has met: of two lists at once the second knows the first.
      ASSIGN_OR_RETURN(const UsageBatch::LockedLead locked,
                       batch.InsertAndLockLead(domain::LeadName(request.lead())));
      asked = {locked.name, locked.lead.grades.At(now), locked.lead.stages.At(now), locked.lead.cycle};
      ASSIGN_OR_RETURN(met, store::MetBy(transaction, asked.lead, asked.cycle));
    } else {
      asked.stage = request.stage();
    }
    const catalog::store::Moment moment = MomentOf(request, asked.stage);
    ASSIGN_OR_RETURN(Choice choice, Choose(transaction, moment, count, random_share, met, now, d_.rng));
    ASSIGN_OR_RETURN(Response response,
                     Show(transaction, choice, moment.tags.size(), context.answers().most));
    if (!request.lead().empty()) {
      RETURN_IF_ERROR(Offer(batch, asked, request.situation(), choice));
      RETURN_IF_ERROR(batch.Write());
    }
    return response;
  };
  if (!request.lead().empty() || !request.request_id().empty()) {
    return outbox::Mutate<Response>(context, d_.database, request, recommend);
  }
  return outbox::Read<Response>(context, d_.database, [&](storage::Transaction& transaction) {
    return recommend(transaction, d_.clock.Now());
  });
}

}  // namespace finalmile::catalog::usage::handlers
