#pragma once

#include <span>

#include "services/coaching/domain/analysis/analysis.h"
#include "services/coaching/domain/analysis/speech.h"

namespace finalmile::coaching {

// How the rep talked in `turns`; `speech` holds the rep's turns. Talk share is that of Gong for one call
// (https://help.gong.io/docs/understanding-your-interaction-stats): silence does not count.
Delivery DeliveryOf(const Bands& bands, std::span<const Turn> turns, const Speech& speech);

}  // namespace finalmile::coaching
