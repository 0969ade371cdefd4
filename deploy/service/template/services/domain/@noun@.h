#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/violation.h"

namespace finalmile::@name@::domain {

struct @Noun@ {
  std::string title;
  std::string description = {};
  // "leads/{lead}" or empty.
  std::string lead = {};
  absl::Time expire_time = absl::InfiniteFuture();
};

// Takes surrounding blanks away.
void Normalise(@Noun@& @noun@);
// The violations of a normalised @what@; their fields are relative to it.
std::vector<Violation> Validate(const @Noun@& @noun@);
// The names of the fields in which two differ.
std::vector<std::string_view> Changes(const @Noun@& before, const @Noun@& after);

}  // namespace finalmile::@name@::domain
