#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"
#include "services/coaching/domain/turn.h"

namespace finalmile::coaching {

// Limits of one analysis; characters are code points.
inline constexpr size_t kMaxTurns = 5'000;
inline constexpr size_t kMaxTranscriptBytes = 1 << 20;
inline constexpr size_t kMaxSpeakerCharacters = 200;
inline constexpr size_t kMaxKeyMessages = 20;
inline constexpr size_t kMaxCues = 20;
inline constexpr size_t kMaxCueWords = 40;
inline constexpr size_t kMaxCueCharacters = 200;
inline constexpr size_t kMaxMessageCharacters = 500;
inline constexpr size_t kMaxAvoid = 50;
inline constexpr double kMaxWeight = 1'000;
// Longer tags are not in use (RFC 5646 §4.4.1).
inline constexpr size_t kMaxLanguageCharacters = 35;

// Something that the rep should say.
struct KeyMessage {
  // Unique in its track.
  std::string id;
  std::string text;
  // Above 0, at most kMaxWeight. Only the ratio to the weights of the other messages counts.
  double weight = 1;
  // While it is missing the score of the analysis is 7 at most.
  bool required = false;
  // Wordings, any of which says it; one in double quotes is taken word by word (cue.h). None: the text is
  // the only one.
  std::vector<std::string> cues;
  // Its place among the messages that have one; 0: it may come at any place.
  int order = 0;

  friend bool operator==(const KeyMessage&, const KeyMessage&) = default;
};

// Where a note on the delivery begins. The defaults are judgement but for the talk share: in 25,537 recorded
// sales calls those of the best sellers have .43, and above .65 fewer deals close (Gong Labs,
// https://www.gong.io/blog/talk-to-listen-conversion-ratio/).
struct Bands {
  double max_talk_share = .65;
  double min_words_per_minute = 110;
  double max_words_per_minute = 170;
  double max_fillers_per_100_words = 5;
  double max_monologue_seconds = 150;

  friend bool operator==(const Bands&, const Bands&) = default;
};

// A talk track as far as the analysis needs it.
struct AnalysisTrack {
  // A BCP 47 tag: that of the track's cues and of the transcript. Stems exist where Snowball knows the
  // language; function words, negation and fillers are known in English and German.
  std::string language = "en";
  // None: delivery and questions alone are analysed.
  std::vector<KeyMessage> key_messages;
  // Phrases that the rep should not say, taken word by word.
  std::vector<std::string> avoid;
  Bands bands;

  friend bool operator==(const AnalysisTrack&, const AnalysisTrack&) = default;
};

// Everything that keeps the track from being analysed against; fields are paths below the track
// ("key_messages[2].cues[0]"). Empty: nothing. A cue with no content word is refused here, since it would be
// found in nearly every call; a published track also asks for two content words or quotes (ReadCue).
std::vector<Violation> Validate(const AnalysisTrack& track);

// Everything that keeps a transcript from being analysed: none or too many turns, too many bytes, names of
// speakers that are too long, times that are not finite or run backwards, no turn of the rep
// ("turns[3].end").
std::vector<Violation> Validate(std::span<const Turn> turns);
// Everything that keeps a written message from being analysed ("written").
std::vector<Violation> ValidateWritten(std::string_view written);

}  // namespace finalmile::coaching
