#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/sketch.h"
#include "services/catalog/usage/domain/lead.h"

namespace finalmile::catalog::usage::store {

// A message of a rep's own, without its text.
struct OwnTextRow {
  // That of the use.
  std::string id;
  domain::LeadName lead;
  std::string rep;
  // With at most kOwnSketchSize hashes.
  catalog::domain::Sketch sketch;
  // A gap was asked for because of it.
  bool asked = false;
  absl::Time use_time = absl::UnixEpoch();
};
inline constexpr size_t kOwnSketchSize = 128;
inline constexpr size_t kOwnIndexedHashes = 16;
// A message is compared with so many others.
inline constexpr size_t kMaxOwnCandidates = 64;

absl::Status InsertOwnText(storage::Transaction& transaction, const OwnTextRow& text);
// Messages to other leads than `lead` that share most shingles with `message`, the whole sketch of a text.
absl::StatusOr<std::vector<OwnTextRow>> FindOwnTexts(storage::Transaction& transaction,
                                                     const catalog::domain::Sketch& message,
                                                     const domain::LeadName& lead);
// Notes that a gap was asked for because of these.
absl::Status MarkAsked(storage::Transaction& transaction, const std::vector<std::string>& ids);
// Deletes those that were sent before `time`, at most `limit`; how many.
absl::StatusOr<int64_t> DeleteOwnTexts(storage::Transaction& transaction, absl::Time time, int limit);

}  // namespace finalmile::catalog::usage::store
