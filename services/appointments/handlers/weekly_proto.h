#pragma once

#include <vector>

#include "finalmile/appointments/v1/host.pb.h"
#include "google/protobuf/repeated_field.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::handlers {

using WeeklyProto = google::protobuf::RepeatedPtrField<v1::WeeklyInterval>;

inline void AddWeekly(const std::vector<domain::WeeklyInterval>& weekly, WeeklyProto& proto) {
  for (const domain::WeeklyInterval& interval : weekly) {
    v1::WeeklyInterval& one = *proto.Add();
    one.set_weekday(interval.weekday);
    one.set_start_minute(interval.start_minute);
    one.set_end_minute(interval.end_minute);
  }
}

inline std::vector<domain::WeeklyInterval> WeeklyOf(const WeeklyProto& proto) {
  std::vector<domain::WeeklyInterval> weekly;
  for (const v1::WeeklyInterval& one : proto)
    weekly.push_back({one.weekday(), one.start_minute(), one.end_minute()});
  return weekly;
}

}  // namespace finalmile::appointments::handlers
