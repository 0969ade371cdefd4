#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/app/module.h"
#include "libs/cache/cache.h"

namespace finalmile::catalog {

// The catalog service: sales content that is reviewed, published, found and personalised.
extern const app::ModuleSpec kModule;

// Builds the same as kModule, on a cache that the caller has opened rather than on that of the settings.
absl::StatusOr<app::Module> BuildOn(std::unique_ptr<cache::Cache> cache, const config::Config& config,
                                    app::Runtime& runtime);

// cache::OpenOptions::prefix of what the service keeps in a cache: assets as "asset/{asset}".
inline constexpr std::string_view kCachePrefix = "finalmile-catalog";

}  // namespace finalmile::catalog
