#include "services/leads/store/lead_store.h"

#include <cmath>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::leads::store {
namespace {

using domain::Engagement;
using domain::EngagementState;
using domain::FadingValue;
using domain::ReadinessState;
using storage::In;

template <class Field>
auto Fading(FadingValue Engagement::*half_life, Field FadingValue::*field) {
  return In(&LeadState::engagement, &EngagementState::engagement, half_life, field);
}

storage::Value RankKeyOf(const FadingValue& fading, absl::Duration half_life) {
  const double key = domain::RankKey(fading, half_life);
  if (std::isinf(key)) return std::monostate();
  return key;
}

absl::Status ReadLimits(const storage::Row& row, size_t column, LeadState& lead) {
  if (auto limits = domain::LimitState::Decode(row.Blob(column)); limits.ok()) {
    lead.engagement.limits = *std::move(limits);
  } else {
    lead.policy = 0;  // under no policy, so that the next batch computes it anew
  }
  return absl::OkStatus();
}

}  // namespace

const storage::Table<LeadState> kLeads(
    "leads", {"id"},
    {{"id", &LeadState::id},
     {"created", &LeadState::created},
     {"version", &LeadState::version},
     {"seq", &LeadState::seq},
     {"gates", &LeadState::gates},
     {"stage", &LeadState::stage},
     {"policy", &LeadState::policy},
     {"fit", &LeadState::fit},
     {"short_value", Fading(&Engagement::short_half_life, &FadingValue::value)},
     {"short_time", Fading(&Engagement::short_half_life, &FadingValue::time)},
     // Ranks are read by these two keys.
     {"short_key", "DOUBLE",
      [](const LeadState& lead) {
        return RankKeyOf(lead.engagement.engagement.short_half_life, domain::kShortHalfLife);
      }},
     {"long_value", Fading(&Engagement::long_half_life, &FadingValue::value)},
     {"long_time", Fading(&Engagement::long_half_life, &FadingValue::time)},
     {"long_key", "DOUBLE",
      [](const LeadState& lead) {
        return RankKeyOf(lead.engagement.engagement.long_half_life, domain::kLongHalfLife);
      }},
     // After policy, which it may overwrite.
     {"limits", "BYTES",
      [](const LeadState& lead) -> storage::Value { return storage::Bytes{lead.engagement.limits.Encode()}; },
      ReadLimits},
     {"last_hand_raise", In(&LeadState::engagement, &EngagementState::last_hand_raise), absl::InfinitePast()},
     {"grade", In(&LeadState::readiness, &ReadinessState::grade)},
     {"lane", In(&LeadState::readiness, &ReadinessState::lane)},
     {"by_hand_raise", In(&LeadState::readiness, &ReadinessState::by_hand_raise)},
     {"last_crossing", In(&LeadState::readiness, &ReadinessState::last_crossing), absl::InfinitePast()},
     {"hand_raise_used", In(&LeadState::readiness, &ReadinessState::hand_raise_used), absl::InfinitePast()},
     {"due_time", &LeadState::due_time, absl::InfiniteFuture()},
     {"create_time", &LeadState::create_time},
     {"update_time", &LeadState::update_time},
     {"recount", &LeadState::recount, absl::InfinitePast()},
     {"told_time", &LeadState::told_time, absl::InfinitePast()},
     {"told_policy", &LeadState::told_policy},
     {"outcome_time", &LeadState::outcome_time, absl::InfinitePast()},
     {"history_time", &LeadState::history_time, absl::InfinitePast()},
     {"ended_time", In(&LeadState::readiness, &ReadinessState::ended), absl::InfinitePast()},
     {"request_claimed", In(&LeadState::readiness, &ReadinessState::claimed)},
     {"quiet_until", &LeadState::quiet_until, absl::InfinitePast()},
     {"cycle", &LeadState::cycle},
     {"last_ready_seq", &LeadState::last_ready_seq},
     {"request_ended", &LeadState::request_ended},
     {"erased", &LeadState::erased},
     {"merged_into", &LeadState::merged_into}});

const storage::Table<LeadState> kLeadEngagement =
    kLeads.Part({"seq", "short_value", "short_time", "short_key", "long_value", "long_time", "long_key",
                 "limits", "grade", "due_time", "told_time"});

absl::StatusOr<std::vector<LeadState>> ReadLeads(storage::Transaction& transaction,
                                                 const std::vector<domain::LeadId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kLeads.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kLeads.Records(*read);
}

absl::StatusOr<domain::LeadId> FollowMerges(storage::Transaction& transaction, const domain::LeadId& id) {
  domain::LeadId at = id;
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<domain::LeadId> next,
                     storage::FirstTexts<domain::LeadId>(transaction.Execute(
                         "SELECT merged_into FROM leads WHERE id = $1 AND merged_into <> ''", {at.text()})));
    if (next.empty()) return at;
    at = next.front();
  }
}

absl::Status InsertStubs(storage::Transaction& transaction, const std::vector<domain::LeadId>& ids) {
  std::vector<LeadState> stubs(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) stubs[i].id = ids[i];
  return kLeads.InsertAbsent(transaction, storage::Pointers(stubs));
}

absl::Status SetRecount(storage::Transaction& transaction, const domain::LeadId& id, absl::Time recount) {
  return transaction
      .Defer("UPDATE leads SET recount = CAST($2 AS BIGINT) WHERE id = $1",
             {id.text(), storage::OptionalMicros(recount)})
      .status();
}

absl::StatusOr<std::optional<domain::LeadId>> LeadToRecount(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(auto ids, storage::FirstTexts<domain::LeadId>(transaction.Execute(
                                 "SELECT id FROM leads WHERE recount IS NOT NULL ORDER BY id LIMIT 1")));
  if (ids.empty()) return std::nullopt;
  return std::move(ids.front());
}

absl::StatusOr<std::vector<domain::LeadId>> AllLeads(storage::Transaction& transaction,
                                                     const domain::LeadId& after, int limit) {
  return storage::FirstTexts<domain::LeadId>(transaction.Execute(
      "SELECT id FROM leads WHERE id > $1 ORDER BY id LIMIT $2", {after.text(), int64_t{limit}}));
}

absl::StatusOr<std::vector<domain::LeadId>> LeadsNotUnderPolicy(storage::Transaction& transaction,
                                                                int64_t policy, int limit) {
  // Two ranges rather than <>, so that the index is read only where such leads are.
  return storage::FirstTexts<domain::LeadId>(transaction.Execute(R"sql(
SELECT id FROM (
  SELECT id FROM (
    SELECT id FROM leads
    WHERE created AND policy < $1 AND recount IS NULL
    ORDER BY policy, id LIMIT $2) AS below
  UNION ALL
  SELECT id FROM (
    SELECT id FROM leads
    WHERE created AND policy > $1 AND recount IS NULL
    ORDER BY policy, id LIMIT $2) AS above
) AS other
ORDER BY id
LIMIT $2)sql",
                                                                 {policy, int64_t{limit}}));
}

absl::StatusOr<int64_t> CountNotUnderPolicy(storage::Transaction& transaction, int64_t policy) {
  ASSIGN_OR_RETURN(const storage::Result count, transaction.Execute(R"sql(
SELECT
  (SELECT COUNT(*) FROM leads WHERE created AND policy < $1 AND recount IS NULL) +
  (SELECT COUNT(*) FROM leads WHERE created AND policy > $1 AND recount IS NULL) +
  (SELECT COUNT(*) FROM leads WHERE created AND recount IS NOT NULL))sql",
                                                                    {policy}));
  return count.rows.front().Int(0);
}

}  // namespace finalmile::leads::store
