#include "services/appointments/domain/touch.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace finalmile::appointments::domain {

std::vector<Touch> Freeze(std::vector<Touch> touches, absl::Time cycle_start, absl::Time set,
                          absl::Time until) {
  const absl::Time from = std::max(cycle_start, set - kTouchWindow);
  std::erase_if(touches, [&](const Touch& touch) { return touch.time <= from || touch.time > until; });
  std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) {
    return std::tie(a.time, a.subject, a.version, a.how) < std::tie(b.time, b.subject, b.version, b.how);
  });
  std::set<std::pair<std::string, int64_t>> seen;
  std::erase_if(touches,
                [&](const Touch& touch) { return !seen.emplace(touch.subject, touch.version).second; });
  if (touches.size() > kMostTouches)
    touches.erase(touches.begin(), touches.end() - static_cast<std::ptrdiff_t>(kMostTouches));
  return touches;
}

}  // namespace finalmile::appointments::domain
