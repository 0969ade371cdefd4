#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "services/coaching/domain/tracks/talk_track.h"
#include "services/coaching/store/example_store.h"
#include "services/coaching/store/track_store.h"

// Talk tracks and examples on the wire and in the store. Pure functions.
namespace finalmile::coaching::changes {

// The content of a message, normalised and valid, or INVALID_ARGUMENT with all that is wrong; fields are
// below "talk_track".
absl::StatusOr<TalkTrack> ContentOf(const v1::TalkTrack& track);
// The fields that authors set.
v1::TalkTrack ToProto(const TalkTrack& track);

// The content of a version as the store has it, with all that it lacks in itself; and back: DATA_LOSS where
// nothing of ours wrote it.
std::string Encode(const TalkTrack& track);
absl::StatusOr<v1::TalkTrack> Decode(const store::VersionRow& version);
absl::StatusOr<TalkTrack> DecodeContent(const store::VersionRow& version);

// A version of a track as callers see it. `examples`: how many the track has.
absl::StatusOr<v1::TalkTrack> ToProto(const store::TrackRow& row, const store::VersionRow& version,
                                      const std::vector<Source>& sources, int64_t examples);

// An example without its turns, and with them.
v1::Example HeadOf(const store::ExampleRow& row);
absl::StatusOr<v1::Example> ToProto(const store::ExampleRow& row);

}  // namespace finalmile::coaching::changes
