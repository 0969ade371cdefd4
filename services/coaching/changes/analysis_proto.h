#pragma once

#include <vector>

#include "finalmile/coaching/v1/analysis.pb.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/coaching/domain/analysis/analysis.h"

// Transcripts and analyses on the wire. Pure functions.
namespace finalmile::coaching::changes {

std::vector<Turn> FromProto(const google::protobuf::RepeatedPtrField<v1::Turn>& turns);
v1::Turn ToProto(const Turn& turn);

// What of a track an analysis reads.
AnalysisTrack SpokenFromProto(const v1::TalkTrack& track);
void SetSpoken(const AnalysisTrack& spoken, v1::TalkTrack& track);

v1::Analysis ToProto(const Analysis& analysis);

}  // namespace finalmile::coaching::changes
