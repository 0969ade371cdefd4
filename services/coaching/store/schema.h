#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::coaching::store {

// Component "coaching".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::coaching::store
