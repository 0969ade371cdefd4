#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {

std::string WallTime(absl::Time time, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%dT%H:%M", time, zone);
}

absl::Time ResolveGiven(absl::CivilSecond wall, absl::TimeZone zone) { return zone.At(wall).pre; }

absl::Time FirstReached(absl::CivilSecond wall, absl::TimeZone zone) {
  const absl::TimeZone::TimeInfo info = zone.At(wall);
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

}  // namespace finalmile::appointments::domain
