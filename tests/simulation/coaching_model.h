#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"

namespace finalmile::simulation {

inline constexpr int kTracks = 3;
inline constexpr int kAssets = 3;
// The wall clock of a process is off by so much at most.
inline constexpr absl::Duration kSkew = absl::Seconds(2);

// The wall clock moves on by so much at most within a round. What is written by then may bear a time from
// before.
inline constexpr absl::Duration kMostJumps = absl::Hours(24 * 7);

// The situation in which a track is told: two tracks share one.
inline std::string SituationOf(const std::string& track) { return track == "t1" ? "s1" : "s0"; }
// Nobody tells a track in it.
inline constexpr char kNoTrack[] = "s2";
// How long its certificates are valid; InfiniteDuration: for ever.
inline absl::Duration ValidityOf(const std::string& track) {
  if (track == "t1") return absl::InfiniteDuration();
  return absl::Hours(24) * (track == "t0" ? 50 : 180);
}

// What a rep says in practice, and the analysis' score of it.
struct Wording {
  const char* text;
  double score;
};
inline constexpr Wording kWordings[] = {{"We cut your idle time by 30 percent.", 8},
                                        {"We cut your idle time by 30 percent. Our drivers like it too.", 10},
                                        {"Nice weather today.", 1}};

// A practice as its rep sent it, once or, as a draft first, twice.
struct PracticeModel {
  std::string rep;
  std::string track;
  double score = 0;
  // Whether it was sent to stay a draft, and to be submitted; and whether the rep was told that it is so.
  bool may_be_draft = false;
  bool may_be_submitted = false;
  bool submitted = false;
  // As the rep was told; empty: it was told nothing.
  std::string name;
};

struct ReviewModel {
  std::string practice;
  std::string reviewer;
  bool self = false;
  int level = 0;
  bool acknowledged = false;
};

// A meeting as its events, taken in their order, tell.
struct MeetingModel {
  std::string host;
  std::string situation;
  absl::Time start;
  bool planned = false;
  bool held = false;
  int64_t seq = 0;
  // When the event was sent that set or moved it last, and whether a track for its situation was published.
  absl::Time plan_time;
  bool has_track = false;
  // Criteria with a low score, by source and rater.
  std::map<std::pair<int, std::string>, std::set<std::string>> low;
};

// What all clients of the coaching service and the senders of events know together.
struct CoachingModel {
  // Tracks and examples, as acknowledged; and tracks that are published, as acknowledged.
  std::set<std::string> created;
  std::set<std::string> examples;
  std::set<std::string> published;
  std::map<std::string, int64_t> asset_seqs;
  // The events that may mark a track, by asset.
  std::map<std::string, std::vector<catalog::v1::CatalogEvent>> heard;
  // When the wall clock was moved within a round, by its time before, and by how much.
  std::map<absl::Time, absl::Duration> jumps;
  // By practice_time in microseconds: no two have the same.
  std::map<int64_t, PracticeModel> practices;
  // By comment: no two have the same.
  std::map<std::string, ReviewModel> reviews;
  // Name -> rep and track, as acknowledged.
  std::map<std::string, std::pair<std::string, std::string>> assigned;
  // By id.
  std::map<std::string, MeetingModel> meetings;
};

}  // namespace finalmile::simulation
