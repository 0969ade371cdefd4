#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/violation.h"
#include "services/coaching/domain/analysis/track.h"
#include "services/coaching/domain/practice/certificate.h"
#include "services/coaching/domain/practice/rubric.h"

namespace finalmile::coaching {

// Limits; characters are code points, words are those that people count.
inline constexpr size_t kMaxTitleCharacters = 200;
inline constexpr size_t kMaxOwnerCharacters = 64;
inline constexpr size_t kMaxSituationCharacters = 64;
inline constexpr size_t kMaxAudienceCharacters = 200;
inline constexpr size_t kMaxSourceAssets = 20;
inline constexpr size_t kMaxStoryCharacters = 2'000;
inline constexpr size_t kMaxTellingCharacters = 10'000;
inline constexpr int kMaxMessageOrder = 1'000;
inline constexpr absl::Duration kMaxValidity = absl::Hours(24 * 3'650);

// The story behind a track; talk_track.proto says what each part is.
struct Story {
  std::string hook;
  std::string before;
  std::string after;
  std::string number;
  std::string question;
  // The whole story for 15, 60 and 180 seconds.
  std::string telling_short;
  std::string telling_medium;
  std::string telling_long;

  friend bool operator==(const Story&, const Story&) = default;
};

// The content of one version of a talk track, as authors write it.
struct TalkTrack {
  std::string owner;
  std::string title;
  std::string situation;
  std::string audience;
  // "assets/{asset}", in order.
  std::vector<std::string> source_assets;
  Story story;
  // Language, key messages, phrases to avoid and bands: what an analysis reads.
  AnalysisTrack spoken;
  Rubric rubric;
  // Whole days; InfiniteDuration: a certificate is valid for ever.
  absl::Duration certificate_validity = kDefaultValidity;

  friend bool operator==(const TalkTrack&, const TalkTrack&) = default;
};

// Brings a track into the form in which it is stored: texts trimmed, empty and repeated ones left out of
// lists, source assets sorted, language "en" and the rubric of a first conversation where none is given.
void Normalise(TalkTrack& track);

// Everything that keeps a normalised track from being stored, even as a draft; fields are paths below the
// track ("key_messages[2].cues[0]").
std::vector<Violation> Validate(const TalkTrack& track);

// Everything that a valid track lacks in itself before it can be published.
std::vector<Violation> Missing(const TalkTrack& track);
// The same of a track without an example in role.
Violation NoExample();

}  // namespace finalmile::coaching
