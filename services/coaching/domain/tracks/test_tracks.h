#pragma once

#include <string>

#include "services/coaching/domain/tracks/talk_track.h"

namespace finalmile::coaching {

// `count` words.
inline std::string Words(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += i == 0 ? "word" : " word";
  return text;
}

// A track that lacks nothing in itself.
inline TalkTrack WholeTrack() {
  TalkTrack track;
  track.owner = "mia";
  track.title = "New fleet manager";
  track.situation = "new-fleet-manager";
  track.story = {"You count trucks.",  "They idled for hours.",
                 "They stopped.",      "30 % less",
                 "What does it cost?", Words(20),
                 Words(100),           Words(300)};
  track.spoken.key_messages = {
      {"idle-hours", "Idle hours cost money.", 1, true, {"cut idle time by 30 percent"}, 0}};
  Normalise(track);
  return track;
}

}  // namespace finalmile::coaching
