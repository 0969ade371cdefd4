#pragma once

#include <string>

#include "finalmile/v1/operations_service.pb.h"

namespace finalmile::cli {

// Why a consumer does not move; empty: it does, or has nothing to do.
std::string TroubleOf(const v1::ConsumerStatus& consumer);

}  // namespace finalmile::cli
