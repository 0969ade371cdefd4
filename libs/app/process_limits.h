#pragma once

#include <cstdint>

namespace finalmile::app {

// Raises the limit of open files to what the system allows this process, and returns it. Stays as it is where
// that fails.
int64_t RaiseOpenFiles();

// How many connections `open_files` allow when stores, logs, caches and probes keep what they need; at least
// 1.
int ConnectionsFor(int64_t open_files);

// Bounds how much memory malloc keeps: an arena for each processor rather than eight, since every one keeps
// what its threads once needed.
void BoundArenas();

}  // namespace finalmile::app
