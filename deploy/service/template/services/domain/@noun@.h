#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/strong_id.h"
#include "libs/base/violation.h"

namespace finalmile::@name@::domain {

// A UUID, without the collection of the @what@'s name.
using @Noun@Id = StrongId<struct @Noun@IdKind>;
// "leads/{lead}".
using LeadName = StrongId<struct LeadNameKind>;

struct @Noun@ {
  std::string title;
  std::string description = {};
  // Empty: it is about none.
  LeadName lead = {};
  absl::Time expire_time = absl::InfiniteFuture();
};

// Takes surrounding blanks away.
void Normalise(@Noun@& @noun@);
// The violations of a normalised @what@; their fields are relative to it.
std::vector<Violation> Validate(const @Noun@& @noun@);
// The names of the fields in which two differ.
std::vector<std::string_view> Changes(const @Noun@& before, const @Noun@& after);

}  // namespace finalmile::@name@::domain
