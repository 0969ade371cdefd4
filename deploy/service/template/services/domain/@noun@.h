#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"

namespace finalmile::@name@::domain {

struct @Noun@ {
  std::string title;
};

// Takes surrounding blanks away.
void Normalise(@Noun@& @noun@);
// Of a normalised @noun@; fields relative to it.
std::vector<Violation> Validate(const @Noun@& @noun@);

}  // namespace finalmile::@name@::domain
