#pragma once

#include <memory>

#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/rpc/service.h"

namespace finalmile::app {

// finalmile.v1.EventsService over `events`. Both outlive it.
std::unique_ptr<rpc::Service> NewEventsService(events::EventLog& events, Clock& clock);

}  // namespace finalmile::app
