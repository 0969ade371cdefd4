#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/leads/domain/import_change.h"
#include "services/leads/domain/source_row.h"

// How what sources said, and what imports did, is stored: as JSON.
namespace finalmile::leads::store {

std::string EncodeSourceRow(const domain::SourceRow& row);
// DATA_LOSS for anything Encode does not write.
absl::StatusOr<domain::SourceRow> DecodeSourceRow(std::string_view text);

// All but import, identity and lead, which have columns of their own.
std::string EncodeChange(const domain::ImportChange& change);
absl::Status DecodeChange(std::string_view text, domain::ImportChange& change);

}  // namespace finalmile::leads::store
