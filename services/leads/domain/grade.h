#pragma once

#include <string>

#include "services/leads/domain/policy.h"

namespace finalmile::leads::domain {

// "A1" … "D4": fit at or above an edge is in the better band, E likewise.
std::string Grade(const GradeEdges& edges, double fit, double engagement);

}  // namespace finalmile::leads::domain
