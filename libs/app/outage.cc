#include "libs/app/outage.h"

#include "libs/telemetry/logger.h"

namespace finalmile::app {

void Outage::Note(const absl::Status& status) {
  const absl::Duration now = clock_.Steady();
  if (status.ok()) {
    if (since_) {
      log_.Info(
          "what was away is back",
          {{"what", what_}, telemetry::Field("away", absl::Trunc(now - *since_, absl::Milliseconds(1)))});
    }
    since_.reset();
    return;
  }
  if (since_ && now - said_ < kInterval) return;
  if (!since_) since_ = now;
  said_ = now;
  log_.Warning("what this process needs is away; it goes on by itself once that is mended",
               {{"what", what_},
                {"error", std::string(status.message())},
                telemetry::Field("away", absl::Trunc(now - *since_, absl::Milliseconds(1)))});
}

}  // namespace finalmile::app
