#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/value.h"
#include "services/leads/domain/attributes.h"

// How ids are bound, and how maps are stored in text columns: JSON objects; empty text for an empty map. The
// same map gives the same text.
namespace finalmile::leads::store {

// Rows for ExecuteMany with one text column.
std::vector<storage::Row> IdRows(const std::vector<std::string>& ids);

std::string EncodeAttributes(const domain::Attributes& attributes);
// DATA_LOSS for anything Encode does not write.
absl::StatusOr<domain::Attributes> DecodeAttributes(std::string_view text);

std::string EncodeProperties(const std::map<std::string, std::string>& properties);
absl::StatusOr<std::map<std::string, std::string>> DecodeProperties(std::string_view text);

// Facts with the lead's own fields, for the history.
std::string EncodeFacts(const domain::LeadFacts& facts);
absl::StatusOr<domain::LeadFacts> DecodeFacts(std::string_view text);

}  // namespace finalmile::leads::store
