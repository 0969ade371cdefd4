#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace finalmile::leads::domain {

// One addend of a score; the reasons of a score sum to it.
struct Reason {
  // "fit" or "engagement".
  std::string part;
  // The criterion or signal of the policy; "cap:company" and "clamp" where limits take points back.
  std::string name;
  // For people.
  std::string text;
  double points = 0;
  // Engagement only: units that count (one that counts in part is one), and the time of the last that does.
  int32_t count = 0;
  absl::Time last_time = absl::InfinitePast();
};

}  // namespace finalmile::leads::domain
