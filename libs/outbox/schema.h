#pragma once

#include <span>

#include "libs/storage/migrate.h"

namespace finalmile::outbox {

// The tables every service's store has: outbox, consumer_offsets, consumer_seqs, parked, requests. Component
// "outbox".
std::span<const storage::Migration> Migrations();

}  // namespace finalmile::outbox
