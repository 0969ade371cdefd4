#include "services/coaching/domain/analysis/track.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "libs/base/text.h"
#include "libs/text/normal.h"
#include "services/coaching/domain/analysis/cue.h"
#include "services/coaching/domain/analysis/pattern.h"

namespace finalmile::coaching {
namespace {

constexpr size_t kMaxViolations = 100;

class Check {
 public:
  void Fail(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }
  void AtMost(size_t count, size_t most, const std::string& field, std::string_view of_what) {
    if (count > most) Fail(field, fmt::format("has {} {}; at most {} are taken", count, of_what, most));
  }
  bool full() const { return violations_.size() >= kMaxViolations; }
  std::vector<Violation> Done() { return std::move(violations_); }

 private:
  std::vector<Violation> violations_;
};

// One cue, or the text of a message without cues.
void CheckCue(std::string_view cue, size_t max_characters, const std::string& field, Speech& speech,
              Check& check) {
  const size_t characters = Characters(cue);
  if (characters > max_characters)
    return check.Fail(field,
                      fmt::format("has {} characters; at most {} are taken", characters, max_characters));
  const size_t words = CuePattern(cue, speech).words.size();
  if (words == 0) {
    return check.Fail(
        field,
        "has no word that says something by itself, so that it would be found in nearly every call; add one, "
        "or put the cue in double quotes");
  }
  if (words > kMaxCueWords)
    check.Fail(field, fmt::format("has {} content words; at most {} are taken: give shorter cues", words,
                                  kMaxCueWords));
}

void CheckMessage(const KeyMessage& message, const std::string& path, Speech& speech, Check& check) {
  if (message.id.empty()) check.Fail(path + ".id", "is empty");
  // NaN is no weight either.
  if (!(message.weight > 0 && message.weight <= kMaxWeight))
    check.Fail(path + ".weight", fmt::format("has to be above 0 and at most {:.0f}", kMaxWeight));
  if (message.order < 0) check.Fail(path + ".order", "has to be 0 or more");
  check.AtMost(message.cues.size(), kMaxCues, path + ".cues", "cues");
  if (message.cues.empty())
    return CheckCue(message.text, kMaxMessageCharacters, path + ".text", speech, check);
  for (size_t i = 0; i < std::min(message.cues.size(), kMaxCues); ++i)
    CheckCue(message.cues[i], kMaxCueCharacters, fmt::format("{}.cues[{}]", path, i), speech, check);
}

void CheckBands(const Bands& bands, Check& check) {
  const auto positive = [&](double value, const char* field) {
    if (!(value > 0 && std::isfinite(value))) check.Fail(fmt::format("bands.{}", field), "has to be above 0");
  };
  positive(bands.max_talk_share, "max_talk_share");
  positive(bands.min_words_per_minute, "min_words_per_minute");
  positive(bands.max_words_per_minute, "max_words_per_minute");
  positive(bands.max_fillers_per_100_words, "max_fillers_per_100_words");
  positive(bands.max_monologue_seconds, "max_monologue_seconds");
}

void CheckTime(const std::optional<double>& time, const std::string& field, Check& check) {
  if (time && !(*time >= 0 && std::isfinite(*time))) check.Fail(field, "has to be 0 or more seconds");
}

void CheckBytes(size_t bytes, const std::string& field, Check& check) {
  if (bytes > kMaxTranscriptBytes)
    check.Fail(field, fmt::format("has {} bytes of text; at most {} are taken", bytes, kMaxTranscriptBytes));
}

}  // namespace

std::vector<Violation> Validate(const AnalysisTrack& track) {
  Check check;
  if (Characters(track.language) > kMaxLanguageCharacters)
    check.Fail("language", fmt::format("has more than {} characters", kMaxLanguageCharacters));
  Speech speech(track.language);
  check.AtMost(track.key_messages.size(), kMaxKeyMessages, "key_messages", "messages");
  std::set<std::string_view> ids;
  for (size_t i = 0; i < std::min(track.key_messages.size(), kMaxKeyMessages); ++i) {
    const KeyMessage& message = track.key_messages[i];
    const std::string path = fmt::format("key_messages[{}]", i);
    CheckMessage(message, path, speech, check);
    if (!ids.insert(message.id).second) check.Fail(path + ".id", "is the id of another message, too");
  }
  check.AtMost(track.avoid.size(), kMaxAvoid, "avoid", "phrases");
  for (size_t i = 0; i < std::min(track.avoid.size(), kMaxAvoid); ++i) {
    const std::string field = fmt::format("avoid[{}]", i);
    if (Characters(track.avoid[i]) > kMaxCueCharacters) {
      check.Fail(field, fmt::format("has more than {} characters", kMaxCueCharacters));
    } else if (ExactPattern(track.avoid[i], speech).words.empty()) {
      check.Fail(field, "has no word");
    }
  }
  CheckBands(track.bands, check);
  return check.Done();
}

std::vector<Violation> Validate(std::span<const Turn> turns) {
  Check check;
  if (turns.empty()) check.Fail("turns", "is empty");
  check.AtMost(turns.size(), kMaxTurns, "turns", "turns");
  size_t bytes = 0;
  bool rep = false;
  for (size_t i = 0; i < std::min(turns.size(), kMaxTurns); ++i) {
    const Turn& turn = turns[i];
    bytes += turn.text.size();
    rep = rep || turn.role == Role::kRep;
    if (Characters(turn.speaker) > kMaxSpeakerCharacters)
      check.Fail(fmt::format("turns[{}].speaker", i),
                 fmt::format("has more than {} characters", kMaxSpeakerCharacters));
    CheckTime(turn.start, fmt::format("turns[{}].start", i), check);
    CheckTime(turn.end, fmt::format("turns[{}].end", i), check);
    if (turn.start && turn.end && *turn.end < *turn.start)
      check.Fail(fmt::format("turns[{}].end", i), "is before the start of the turn");
    // Thousands may be wrong in one way.
    if (check.full()) break;
  }
  CheckBytes(bytes, "turns", check);
  if (!turns.empty() && !rep && !check.full())
    check.Fail("turns", "none has the role of the rep, whose words are analysed");
  return check.Done();
}

std::vector<Violation> ValidateWritten(std::string_view written) {
  Check check;
  if (text::SaysNothing(written)) check.Fail("written", "says nothing");
  CheckBytes(written.size(), "written", check);
  return check.Done();
}

}  // namespace finalmile::coaching
