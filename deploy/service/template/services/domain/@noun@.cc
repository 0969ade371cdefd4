#include "services/@name@/domain/@noun@.h"

#include <fmt/format.h>

#include "libs/base/text.h"

namespace finalmile::@name@::domain {
namespace {

constexpr size_t kMaxTitle = 200;

}  // namespace

void Normalise(@Noun@& @noun@) { @noun@.title = Trim(@noun@.title); }

std::vector<Violation> Validate(const @Noun@& @noun@) {
  const size_t length = Characters(@noun@.title);
  if (length >= 1 && length <= kMaxTitle) return {};
  return {{"title", fmt::format("must have 1 to {} characters", kMaxTitle)}};
}

}  // namespace finalmile::@name@::domain
