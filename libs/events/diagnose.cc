#include "libs/events/diagnose.h"

#include "libs/events/kafka/diagnose.h"
#include "libs/events/local/diagnose.h"

namespace finalmile::events {

std::vector<Finding> Diagnose(std::string_view url, Clock& clock, const LogNeeds& needs,
                              absl::Duration patience) {
  if (url.starts_with("local:")) return local::Diagnose(url, clock, needs, patience);
  if (url.starts_with("kafka://")) return kafka::Diagnose(url, clock, needs, patience);
  const absl::Status refused = Open(url, clock).status();
  return {{Verdict::kFail, "reach", std::string(refused.message())}};
}

}  // namespace finalmile::events
