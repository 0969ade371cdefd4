#pragma once

#include <string>
#include <vector>

#include "finalmile/coaching/v1/analysis.pb.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "services/finalmile/output/output.h"

// How talk tracks and analyses look to people.
namespace finalmile::cli {

// "talkTracks/{talk_track}" from that or from the bare {talk_track}.
std::string TrackName(const std::string& text);

// One row per track: state, version, situation, title, owner, name.
void ShowTracks(const std::vector<coaching::v1::TalkTrack>& tracks, Output& output);
// Everything that a track says, its examples by title.
void ShowTrack(const coaching::v1::TalkTrack& track, const std::vector<coaching::v1::Example>& examples,
               Output& output);
// One row per cue: what it looks for.
void ShowCues(const google::protobuf::RepeatedPtrField<coaching::v1::CueReading>& cues, Output& output);
// The messages that were covered, with the words that prove it, and advice.
void ShowAnalysis(const coaching::v1::Analysis& analysis, Output& output);

}  // namespace finalmile::cli
