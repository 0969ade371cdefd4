#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/attributes.h"

// How maps are stored in text columns: JSON objects; empty text for an empty map. The
// same map gives the same text.
namespace finalmile::leads::store {

using storage::IdRows;

std::string EncodeAttributes(const domain::Attributes& attributes);
// DATA_LOSS for anything Encode does not write.
absl::StatusOr<domain::Attributes> DecodeAttributes(std::string_view text);

std::string EncodeProperties(const std::map<std::string, std::string>& properties);
absl::StatusOr<std::map<std::string, std::string>> DecodeProperties(std::string_view text);

// Facts with the lead's own fields, for the history.
std::string EncodeFacts(const domain::LeadFacts& facts);
absl::StatusOr<domain::LeadFacts> DecodeFacts(std::string_view text);

}  // namespace finalmile::leads::store
