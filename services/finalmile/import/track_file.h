#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/talk_track.pb.h"

// Talk tracks as people write them in files.
namespace finalmile::cli {

// The largest file of a track, in bytes.
inline constexpr size_t kMaxTrackFileBytes = 1 << 20;

// The track that `content` describes. `path` ends in .yaml, .yml, .md or .markdown:
//
//   YAML      the fields of TalkTrack
//   Markdown  the same as front matter between two lines ---; then the story, in sections of any order whose
//             headings are Hook, Before, After, Number, Question, 15 seconds, 60 seconds and 180 seconds
//
// INVALID_ARGUMENT names file and line of what is not taken, for instance what is not UTF-8; nothing is
// passed over.
absl::StatusOr<coaching::v1::TalkTrack> ReadTrackFile(const std::string& path, std::string_view content);

// The id of the track of a file that names none: "new-fleet-manager" of "tracks/New fleet manager.md". Empty:
// the name of the file has no letter or digit of ASCII.
std::string TrackIdOf(const std::string& path);

}  // namespace finalmile::cli
