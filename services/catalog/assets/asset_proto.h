#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/store/version_store.h"

// Between the wire's messages, the domain's structs and the stored pieces. Pure; nothing is validated here.
namespace finalmile::catalog::assets {

// The fields that callers set; output-only ones are left out.
domain::Asset FromProto(const v1::Asset& asset);
v1::Asset ToProto(const domain::Asset& asset);
domain::Tags FromProto(const v1::Tags& tags);
v1::Tags ToProto(const domain::Tags& tags);

// A version as it is stored: head and body of `asset`, normalised and valid. The head also holds `missing`.
store::VersionRow ToVersion(const domain::Asset& asset);
// The content of a stored version; DATA_LOSS for what ToVersion did not make. Without its body it has only
// what lists show.
absl::StatusOr<v1::Asset> ContentOf(const store::VersionRow& version);

// The message of `version`: its content, and the state of the asset.
absl::StatusOr<v1::Asset> ToProto(const store::AssetRow& asset, const store::VersionRow& version);

// Whether reps are given this version at `now`, as domain::IsLive.
bool IsLive(const v1::Asset& asset, absl::Time now);

// domain::AllTags, one by one.
std::vector<store::Tag> TagsOf(const domain::Asset& asset);

}  // namespace finalmile::catalog::assets
