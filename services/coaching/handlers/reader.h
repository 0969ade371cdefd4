#pragma once

#include <algorithm>
#include <iterator>

#include "libs/rpc/context.h"
#include "services/coaching/changes/track_reads.h"

namespace finalmile::coaching::handlers {

// What the caller sees of talk tracks: setters and hosts who are nothing else are reps.
inline changes::Reader ReaderOf(const rpc::CallContext& context) {
  constexpr finalmile::v1::Role kAuthors[] = {finalmile::v1::ROLE_ADMIN, finalmile::v1::ROLE_MARKETER,
                                              finalmile::v1::ROLE_COACH, finalmile::v1::ROLE_MANAGER,
                                              finalmile::v1::ROLE_INTEGRATION};
  const bool author = std::any_of(std::begin(kAuthors), std::end(kAuthors),
                                  [&](finalmile::v1::Role role) { return context.HasRole(role); });
  return author ? changes::Reader::kAuthor : changes::Reader::kRep;
}

}  // namespace finalmile::coaching::handlers
