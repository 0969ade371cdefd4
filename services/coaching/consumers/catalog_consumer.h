#pragma once

#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/handler.h"

namespace finalmile::coaching::consumers {

inline constexpr std::string_view kCatalogConsumer = "coaching.catalog";

// Marks the published talk tracks that are built on an asset of which another version was published, or that
// was retired or has expired. Drafts of assets change nothing, nor does another window of the same version.
class CatalogConsumer final : public outbox::Handler {
 public:
  // The references outlive the consumer.
  CatalogConsumer(Clock& clock, Rng& rng) : clock_(clock), rng_(rng) {}

  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::coaching::consumers
