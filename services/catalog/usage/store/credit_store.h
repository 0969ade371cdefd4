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
#include "services/catalog/store/version_key.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/domain/recommend.h"

namespace finalmile::catalog::usage::store {

using catalog::store::VersionKey;

// What was offered to a lead, or withheld from it.
struct OfferRow {
  std::string id;
  std::string asset;
  int64_t version = 0;
  std::string lead;
  domain::Slot slot = domain::Slot::kRanked;
  double propensity = 1;
  std::string grade;
  std::string stage;
  std::string situation;
  absl::Time offer_time = absl::UnixEpoch();
};
// The first draw at random of a version for a lead becomes a trial.
absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers);

// What becomes of a meeting, by its chain of reschedules. Touches name assets by id.
struct MeetingRow {
  std::string chain;
  std::string lead;
  domain::Outcome outcome;
  std::vector<domain::Touch> touches;
  absl::Time set_time = absl::UnixEpoch();
};
// The meeting with its row locked; absent where none is known.
absl::StatusOr<std::optional<MeetingRow>> LockMeeting(storage::Transaction& transaction,
                                                      const std::string& chain);
// Inserts it, or overwrites what is locked.
absl::Status WriteMeeting(storage::Transaction& transaction, const MeetingRow& meeting, absl::Time now);

// Fills in grade and stage of `touch`, as at the lead's first use of that version by `time` that belongs to
// no meeting, else at the first offer. Such uses belong to `chain` from now on; those of them that had
// matured, and are counted by the meeting instead, are added to `matured`.
absl::Status ClaimUses(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                       absl::Time time, domain::Touch& touch, std::vector<domain::Touch>& matured);
// The lead's trials in (from, to] that have not matured belong to `chain` from now on.
absl::Status ClaimTrials(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                         absl::Time from, absl::Time to);

// An arm of the trials of a version; `withheld` is the last of the key.
using ArmKey = std::pair<VersionKey, bool>;
// The trials of a chain.
absl::StatusOr<std::vector<ArmKey>> TrialsOf(storage::Transaction& transaction, const std::string& chain);

// Marks as matured what began by `time` and belongs to no meeting, at most `limit`.
absl::StatusOr<std::vector<domain::Touch>> MatureUses(storage::Transaction& transaction, absl::Time time,
                                                      int limit);
absl::StatusOr<std::vector<ArmKey>> MatureTrials(storage::Transaction& transaction, absl::Time time,
                                                 int limit);
// Meetings set by `time` whose outcome is not known, locked; at most `limit`.
absl::StatusOr<std::vector<MeetingRow>> LockUnknownMeetings(storage::Transaction& transaction,
                                                            absl::Time time, int limit);
// When the next of these began; InfiniteFuture: there are none.
absl::StatusOr<absl::Time> FirstToMature(storage::Transaction& transaction);

// Adds to the cells of versions, and to those of all versions.
absl::Status AddCells(storage::Transaction& transaction, const std::vector<domain::CreditChange>& changes);
absl::Status AddArms(storage::Transaction& transaction, const std::map<ArmKey, domain::Arm>& changes);

absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys);
// The cells of all versions together.
absl::StatusOr<std::vector<domain::CellCount>> ReadAllCells(storage::Transaction& transaction);
absl::StatusOr<std::map<ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction,
                                                       const std::vector<VersionKey>& keys);

// Deletes what was last touched before `time`, at most `limit` rows of each kind; how many.
absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::catalog::usage::store
