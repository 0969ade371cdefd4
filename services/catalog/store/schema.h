#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::catalog::store {

// Component "catalog".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::catalog::store
