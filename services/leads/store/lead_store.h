#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/attributes.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/readiness.h"

namespace finalmile::leads::store {

// The hot row of a lead. Enums are stored as their proto numbers; gates as a bit set of them.
struct LeadState {
  std::string id;
  // False: a stub, made by an activity that came before its lead. It keeps engagement and has no readiness.
  bool created = false;
  // Of the profile; the etag.
  int64_t version = 0;
  // Of the last event with this lead as key.
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
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
  // InfinitePast: nothing. Else the lead's activities are too many to be counted in passing, and the rescorer
  // counts them anew in pages: it has come up to this event time. An activity that comes and happened at or
  // before it sets it to kFromTheStart. Until it is done, the lead stays under its policy.
  absl::Time recount = absl::InfinitePast();

  static constexpr absl::Time kFromTheStart = absl::UnixEpoch();
};
inline bool IsSetAside(const LeadState& lead) { return lead.recount != absl::InfinitePast(); }

// (source, id).
using ExternalId = std::pair<std::string, std::string>;

// What is read often is read in two halves, so that several reads share a round trip: the first defers the
// statement, the second takes its result after Transaction::Settle. What is written is deferred: its errors
// come out at the latest with the transaction's.

// Locks the rows of `ids` (sorted, unique) in order; absent ones are left out.
absl::StatusOr<storage::Deferred> LockLeads(storage::Transaction& transaction,
                                            const std::vector<std::string>& ids);
std::vector<LeadState> LeadsOf(const storage::Result& locked);
// The same without locks.
absl::StatusOr<std::vector<LeadState>> ReadLeads(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids);
// Inserts rows that are absent; present ones stay as they are.
absl::Status InsertStubs(storage::Transaction& transaction, const std::vector<std::string>& ids);
// Inserts new rows. ALREADY_EXISTS.
absl::Status InsertLeads(storage::Transaction& transaction, const std::vector<const LeadState*>& leads);
// Overwrites rows that are locked.
absl::Status UpdateLeads(storage::Transaction& transaction, const std::vector<const LeadState*>& leads);
// The same where only engagement, grade, due time and seq have changed, as with most activities.
absl::Status UpdateEngagement(storage::Transaction& transaction, const std::vector<const LeadState*>& leads);

// Sets LeadState::recount of a locked row.
absl::Status SetRecount(storage::Transaction& transaction, std::string_view id, absl::Time recount);
// A lead that waits to be counted anew in pages.
absl::StatusOr<std::optional<std::string>> LeadToRecount(storage::Transaction& transaction);
// The next leads and stubs in order of id, after `after`.
absl::StatusOr<std::vector<std::string>> AllLeads(storage::Transaction& transaction, std::string_view after,
                                                  int limit);

// Ids of leads that are due at `now`, earliest first; of leads under another policy than `policy` that do not
// wait for a recount, in order of id.
absl::StatusOr<std::vector<std::string>> DueLeads(storage::Transaction& transaction, absl::Time now,
                                                  int limit);
absl::StatusOr<std::vector<std::string>> LeadsNotUnderPolicy(storage::Transaction& transaction,
                                                             int64_t policy, int limit);
// The earliest due time; InfiniteFuture: none.
absl::StatusOr<absl::Time> NextDueTime(storage::Transaction& transaction);

// What callers and imports set, but for external ids, gates and stage, which are kept elsewhere.
absl::StatusOr<storage::Deferred> DeferProfiles(storage::Transaction& transaction,
                                                const std::vector<std::string>& ids);
absl::StatusOr<std::map<std::string, domain::Lead>> ProfilesOf(const storage::Result& read);
// Both halves.
absl::StatusOr<std::map<std::string, domain::Lead>> ReadProfiles(storage::Transaction& transaction,
                                                                 const std::vector<std::string>& ids);
// Inserts or overwrites.
absl::Status WriteProfiles(storage::Transaction& transaction,
                           const std::map<std::string, const domain::Lead*>& profiles);

// Which leads have these external ids.
absl::StatusOr<std::map<ExternalId, std::string>> FindExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids);
absl::StatusOr<std::map<std::string, std::vector<ExternalId>>> ExternalIdsOf(
    storage::Transaction& transaction, const std::vector<std::string>& leads);
// ALREADY_EXISTS when another lead has one of them. Awaited.
absl::Status InsertExternalIds(storage::Transaction& transaction,
                               const std::vector<std::pair<ExternalId, std::string>>& external_ids);
absl::Status DeleteExternalIds(storage::Transaction& transaction, std::string_view lead);

// A version of what fit reads. Kept while it holds, and 400 days longer.
struct FactVersion {
  std::string lead;
  int64_t version = 0;
  absl::Time record_time;
  int64_t gates = 0;
  domain::LeadFacts facts;
};
absl::Status AppendFacts(storage::Transaction& transaction, const std::vector<FactVersion>& versions);
// The version that held at `time`; for an earlier time than the lead's first the first. Nullopt: the lead was
// never created.
absl::StatusOr<std::optional<FactVersion>> FactsAt(storage::Transaction& transaction, std::string_view lead,
                                                   absl::Time time);
// The versions that held at `since` or later, in order of version, at most `limit` of them.
absl::StatusOr<std::vector<FactVersion>> FactHistory(storage::Transaction& transaction, std::string_view lead,
                                                     absl::Time since, int limit);
// Those of `leads` with versions that held only before `time`; DeleteFacts deletes at most `limit` of one.
absl::StatusOr<std::vector<std::string>> WithFactsBefore(storage::Transaction& transaction,
                                                         const std::vector<std::string>& leads,
                                                         absl::Time time);
absl::StatusOr<int64_t> DeleteFacts(storage::Transaction& transaction, std::string_view lead, absl::Time time,
                                    int limit);

}  // namespace finalmile::leads::store
