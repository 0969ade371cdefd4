#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/import.pb.h"
#include "services/finalmile/csv/reader.h"

namespace finalmile::cli {

// Reads all rows of `reader`, whose first row is the header, and describes in `mapping.formats` how the cells
// of columns are written where some cells could mean two things and others show which: "01/03/2026" beside
// "25/03/2026", "1.250" beside "12,5". Where the cells show both, or none does, nothing is described. What
// the mapping describes stays. Moments without a zone get `zone`, a name of the zone database; empty: none.
//
// Returns a line for people for each column that was described. Errors are the reader's.
absl::StatusOr<std::vector<std::string>> RecogniseFormats(csv::Reader& reader, const std::string& zone,
                                                          leads::v1::ImportMapping& mapping);

}  // namespace finalmile::cli
