#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace finalmile::coaching {

// Mirrors TalkTrack.State.
enum class TrackState { kUnspecified = 0, kDraft = 1, kPublished = 2, kReplaced = 3 };

// The versions of a track: the newest one, and the one that reps are given.
struct Life {
  int64_t latest_version = 0;
  // 0: none is published.
  int64_t published_version = 0;
  // Practices of this version and later ones count; 0: none is published.
  int64_t certificate_version = 0;
  // When the published version was published last.
  absl::Time publish_time = absl::InfinitePast();

  friend bool operator==(const Life&, const Life&) = default;
};

// A new track, or new content for an old one: the next version, a draft. What is published stays.
void Write(Life& life);
// Gives the newest version to reps at `now`. False, and nothing is changed, where it is published already and
// neither `recertify` nor a change of a source asks for it again.
bool Publish(Life& life, bool recertify, bool sources_changed, absl::Time now);
// Whether this publication makes every rep master the track anew. True of the first one.
bool Recertifies(const Life& before, const Life& after);

TrackState StateOf(const Life& life, int64_t version);
// The version that is shown: the published one, or the newest where none is.
int64_t ShownVersion(const Life& life);

// Mirrors SourceChange.Kind.
enum class SourceChangeKind { kNone = 0, kPublished = 1, kRetired = 2, kExpired = 3 };

// A source asset of a published track, and what became of it since.
struct Source {
  // "assets/{asset}".
  std::string asset;
  SourceChangeKind change = SourceChangeKind::kNone;
  int64_t asset_version = 0;
  absl::Time change_time = absl::InfinitePast();

  friend bool operator==(const Source&, const Source&) = default;
};

// Takes a change of the asset; false, and nothing is changed, where the track was published at that time or
// later: its authors have seen the change. Changes of one asset come in order, those of several in any; when
// they arrive makes no difference.
bool TakeChange(Source& source, const Source& change, const Life& life);

}  // namespace finalmile::coaching
