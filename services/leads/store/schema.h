#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::leads::store {

// Component "leads".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::leads::store
