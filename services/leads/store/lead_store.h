#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "libs/storage/table.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/readiness.h"

namespace finalmile::leads::store {

// The hot row of a lead. Enums are stored as their proto numbers; gates as a bit set of them.
struct LeadState {
  domain::LeadId id;
  // False: a stub, made by an activity that came before its lead. It keeps engagement and has no readiness.
  bool created = false;
  // Version of the profile; the etag.
  int64_t version = 0;
  // Number of the last event with this lead as key.
  int64_t seq = 0;
  int64_t gates = 0;
  int64_t stage = 0;
  // PolicyRow::number that fit, engagement and readiness are under; 0: none.
  int64_t policy = 0;
  double fit = 0;
  domain::EngagementState engagement;
  domain::ReadinessState readiness;
  // When readiness is to be evaluated again; InfiniteFuture: never.
  absl::Time due_time = absl::InfiniteFuture();
  // When the last LeadScoreChanged told this score, and the PolicyRow::number that it named, which a policy
  // that changed nothing leaves as it is. InfinitePast and 0: not known, or nothing was told yet.
  absl::Time told_time = absl::InfinitePast();
  int64_t told_policy = 0;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
  // InfinitePast: the lead is not set aside. Else its activities are too many for one transaction, and
  // the rescorer counts them anew in pages: it has come up to this event time. An activity that comes and
  // happened at or before it sets it to kFromTheStart. Until it is done, the lead stays under its policy.
  absl::Time recount = absl::InfinitePast();
  // ReadinessInput's; InfinitePast: none.
  absl::Time outcome_time = absl::InfinitePast();
  absl::Time history_time = absl::InfinitePast();
  absl::Time quiet_until = absl::InfinitePast();
  // The lead's pass through sales, from 1: what its crossings say. 0: it never crossed.
  int64_t cycle = 0;
  // The seq of its last LeadBecameSalesReady, and whether the request that it opened has ended.
  int64_t last_ready_seq = 0;
  bool request_ended = false;
  // The lead was erased: nothing new is taken under its name. `created` is false then.
  bool erased = false;
  // The lead that it was merged into; empty: it was not. `created` is false then.
  domain::LeadId merged_into = {};

  static constexpr absl::Time kFromTheStart = absl::UnixEpoch();
};
inline bool IsSetAside(const LeadState& lead) { return lead.recount != absl::InfinitePast(); }

extern const storage::Table<LeadState> kLeads;
// The part of it that most activities change: engagement, grade, due time, when it was told, and seq.
extern const storage::Table<LeadState> kLeadEngagement;

// Rows without locks, in any order; absent ones are left out.
absl::StatusOr<std::vector<LeadState>> ReadLeads(storage::Transaction& transaction,
                                                 const std::vector<domain::LeadId>& ids);
// The lead that `id` was merged into, perhaps by way of others; `id` itself where it was not.
absl::StatusOr<domain::LeadId> FollowMerges(storage::Transaction& transaction, const domain::LeadId& id);
// Inserts rows that are absent; present ones stay as they are. Deferred.
absl::Status InsertStubs(storage::Transaction& transaction, const std::vector<domain::LeadId>& ids);

// Sets LeadState::recount of a locked row. Deferred.
absl::Status SetRecount(storage::Transaction& transaction, const domain::LeadId& id, absl::Time recount);
// A lead that waits to be counted anew in pages.
absl::StatusOr<std::optional<domain::LeadId>> LeadToRecount(storage::Transaction& transaction);
// The next leads and stubs in order of id, after `after`; empty: the first.
absl::StatusOr<std::vector<domain::LeadId>> AllLeads(storage::Transaction& transaction,
                                                     const domain::LeadId& after, int limit);

// Ids of leads under another policy than `policy` that do not wait for a recount, in order of id.
absl::StatusOr<std::vector<domain::LeadId>> LeadsNotUnderPolicy(storage::Transaction& transaction,
                                                                int64_t policy, int limit);

// How many leads are under another policy than `policy`, or wait for a recount.
absl::StatusOr<int64_t> CountNotUnderPolicy(storage::Transaction& transaction, int64_t policy);

}  // namespace finalmile::leads::store
