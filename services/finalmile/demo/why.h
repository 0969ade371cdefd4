#pragma once

#include <string>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/policy.pb.h"

namespace finalmile::cli {

// For people, why a lead became sales-ready under `policy`: in a hand-raise lane the latest hand-raise, which
// often has no points; else what the lead did at the moment it crossed; else its largest engagement. Empty:
// none of these.
std::string WhyReady(const leads::v1::LeadBecameSalesReady& event, const leads::v1::Policy& policy);

}  // namespace finalmile::cli
