#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::appointments::store {

// Component "appointments".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::appointments::store
