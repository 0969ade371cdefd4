#pragma once

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/erasures.h"
#include "services/leads/scoring/late_activities.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::handlers {

// The parts that the handlers of this service work on; they outlive the handlers.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
  events::EventLog& events;
  scoring::Policies& policies;
  scoring::LateActivities late;
  const scoring::Erasures& erasures;
};

}  // namespace finalmile::leads::handlers
