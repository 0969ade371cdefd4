#pragma once

#include <memory>
#include <string>

#include "libs/app/module.h"

namespace finalmile::app {

// Notified in the store when events have been counted.
inline constexpr std::string_view kSeenChannel = "seen";

// A module `name` that serves NoteService (when `serves`) and counts the events of the notes topic in its own
// store.
ModuleSpec NotesModule(std::string_view name, bool serves);

// The statement that fails a record in the store: whether "poison" can be applied now.
absl::Status AllowPoison(storage::Database& database, Clock& clock);

}  // namespace finalmile::app
