#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/domain/sketch.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/store/use_store.h"
#include "services/catalog/usage/usage_batch.h"

namespace finalmile::catalog::usage {

// A use as a caller reports it, checked.
struct ReportedUse {
  std::string rep;
  domain::LeadName lead;
  std::string channel;
  std::string situation;
  std::string persona;
  std::string industry;
  absl::Time use_time;
  // The lead that the use_token was rendered for; empty: it was for none, or there was no token.
  domain::LeadName token_lead = {};
  // From the use_token; empty: there was no token, the text decides.
  catalog::domain::AssetId asset = {};
  int64_t version = 0;
  // A digest of the message's id; empty: not known.
  std::string message = {};
  // What the sender wrote of the message; empty: not reported. It is read, and not kept.
  std::string_view written = {};
  // WholeSketchOf(written), and of it without the signature.
  catalog::domain::Sketch sketch = {};
  catalog::domain::Sketch body = {};
};

// Own words are a gap once they went, alike, to so many leads.
inline constexpr size_t kLeadsOfAGap = 3;
inline constexpr double kAlike = 0.5;

// Finds out what was used and whether it served, and records it with its events: AssetUsed, AssetMisused and
// GapClosed of an asset, GapOpened and RepMaterialFound of a rep's own message that is a gap. The one way in
// which uses are recorded. A message to a lead that was recorded before is answered as it was then.
// Grade, stage and permission are the lead's at the time of the use, as far as its events were heard when it
// was recorded: what is heard later changes no use, since its events were told. INVALID_ARGUMENT where the
// token was rendered for another lead.
absl::StatusOr<v1::Use> RecordUse(UsageBatch& batch, ReportedUse reported);

// The version that `version` asks for, 0 being the published one, of an asset that the batch has locked.
// ASSET_NOT_FOUND, ASSET_NOT_PUBLISHED.
absl::StatusOr<int64_t> VersionOf(UsageBatch& batch, const catalog::domain::AssetId& asset, int64_t version);

// The message of a stored use.
v1::Use ToProto(const store::UseRow& use);

}  // namespace finalmile::catalog::usage
