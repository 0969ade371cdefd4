#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::domain {

// Something that happened between a lead and us. It mirrors activity.proto.
struct Activity {
  // Empty: the message did not name one. Scoring does not read it.
  LeadId lead;
  std::string source;
  // Unique within the source.
  std::string activity_id;
  std::string type;
  // Read to the whole microsecond below.
  absl::Time event_time;
  std::string subject;
  // Units; 0 is read as 1.
  int32_t count = 1;
  double seconds = 0;
  bool outbound = false;
  bool automated = false;
  std::map<std::string, std::string> properties;
  // The clock of the source ran ahead; event_time is the time of arrival.
  bool clock_ahead = false;
  // Whose it is, where `lead` is empty; without a source: the message did not say.
  ExternalId lead_external_id;
};

}  // namespace finalmile::leads::domain
