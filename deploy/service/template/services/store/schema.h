#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::@name@::store {

// Component "@name@".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::@name@::store
