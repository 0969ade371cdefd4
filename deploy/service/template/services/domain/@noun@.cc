#include "services/@name@/domain/@noun@.h"

#include <fmt/format.h>

#include "libs/base/text.h"

namespace finalmile::@name@::domain {
namespace {

constexpr size_t kMaxTitle = 200;
constexpr size_t kMaxDescription = 4'000;

}  // namespace

void Normalise(@Noun@& @noun@) {
  @noun@.title = Trim(@noun@.title);
  @noun@.description = Trim(@noun@.description);
}

std::vector<Violation> Validate(const @Noun@& @noun@) {
  std::vector<Violation> violations;
  const size_t length = Characters(@noun@.title);
  if (length < 1 || length > kMaxTitle)
    violations.push_back({"title", fmt::format("must have 1 to {} characters", kMaxTitle)});
  if (Characters(@noun@.description) > kMaxDescription)
    violations.push_back({"description", fmt::format("has more than {} characters", kMaxDescription)});
  return violations;
}

std::vector<std::string_view> Changes(const @Noun@& before, const @Noun@& after) {
  std::vector<std::string_view> changes;
  if (before.title != after.title) changes.push_back("title");
  if (before.description != after.description) changes.push_back("description");
  if (before.lead != after.lead) changes.push_back("lead");
  if (before.expire_time != after.expire_time) changes.push_back("expire_time");
  return changes;
}

}  // namespace finalmile::@name@::domain
