#pragma once

#include "libs/base/strong_id.h"

// How the service tells its resources apart, without the collection of their names.
namespace finalmile::coaching {

// 1 to 100 characters of [a-z0-9_-].
using TalkTrackId = StrongId<struct TalkTrackIdKind>;
// A UUID.
using PracticeId = StrongId<struct PracticeIdKind>;

}  // namespace finalmile::coaching
