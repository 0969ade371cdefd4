#pragma once

#include <string_view>

#include "libs/storage/diagnose.h"

namespace finalmile::storage::postgres {

// See storage::Diagnose. Also for an address that no engine takes, which is then said.
StoreDiagnosis Diagnose(std::string_view url, Clock& clock, const StoreNeeds& needs, absl::Duration patience);

}  // namespace finalmile::storage::postgres
