#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/reason.h"

// How maps are stored in text columns: as JSON objects, an empty map as empty text. The same map gives the
// same text.
namespace finalmile::leads::store {

std::string EncodeAttributes(const domain::Attributes& attributes);
// DATA_LOSS for anything Encode does not write.
absl::StatusOr<domain::Attributes> DecodeAttributes(std::string_view text);

std::string EncodeProperties(const std::map<std::string, std::string>& properties);
absl::StatusOr<std::map<std::string, std::string>> DecodeProperties(std::string_view text);

// As JSON arrays.
std::string EncodePermissions(const std::vector<domain::Permission>& permissions);
// Appends.
absl::Status DecodePermissions(const std::string& text, std::vector<domain::Permission>& permissions);

// Names and points of the reasons of a score.
std::string EncodeReasons(const std::vector<domain::Reason>& reasons);
absl::Status DecodeReasons(const std::string& text, std::vector<domain::Reason>& reasons);

// The fields of a lead that fit and readiness read, for the history. Decoding fills these fields of `facts`.
std::string EncodeFacts(const domain::Lead& facts);
absl::Status DecodeFacts(std::string_view text, domain::Lead& facts);

}  // namespace finalmile::leads::store
