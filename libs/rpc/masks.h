#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace finalmile::rpc {

// Applies an update (AIP-134, AIP-161): copies what `mask` names from `from` to `to`, two messages of one
// type, and changes nothing unless every path is good.
//
// A path is a field, a field of a singular message field ("address.city"), or an entry of a map with text
// keys
// ("attributes.industry"; everything after the map's name is the key, with or without backticks). What `from`
// lacks is cleared in `to`; a repeated field or a whole map is replaced. "*", alone, stands for all of
// `updatable`; an empty mask for those of them that are set in `from`.
//
// `updatable`: the top-level fields that may be changed. INVALID_ARGUMENT with a violation of `field` for
// each path that is unknown or immutable.
absl::Status ApplyMask(const google::protobuf::FieldMask& mask, std::span<const std::string_view> updatable,
                       const google::protobuf::Message& from, google::protobuf::Message& to,
                       std::string_view field = "update_mask");

}  // namespace finalmile::rpc
