#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/coaching/domain/analysis/track.h"
#include "services/coaching/domain/turn.h"

namespace finalmile::coaching {

// The analysis finds in a call or a written message what a talk track asks for, with the words that prove it.
// It analysis is deterministic: the same turns and track give the same answer on every machine, whatever the
// locale and the thread. It reads no clock and asks nobody.

// Changes whenever the same turns and track would give another answer.
inline constexpr int kAnalyzerVersion = 1;

// An analysis that takes more steps is refused. A call of 2,000 turns and 400 cues takes a hundredth of it, a
// mebibyte of talk a sixteenth.
inline constexpr int64_t kMaxSteps = 50'000'000;
// The most findings of one list, and of one message; those beyond are left out.
inline constexpr size_t kMaxFindings = 200;
inline constexpr size_t kMaxMentions = 20;
// The most of a finding's words that is repeated in it.
inline constexpr size_t kMaxFindingBytes = 1'000;

// Bytes [begin, end) of a turn's text as it was given; never inside a character.
struct Range {
  size_t begin = 0;
  size_t end = 0;

  friend bool operator==(const Range&, const Range&) = default;
};

// Words of the rep that were found.
struct Finding {
  // Its index in the transcript, from 0.
  size_t turn = 0;
  // From the first to the last word.
  Range range;
  // The turn's text in that range; at most its first kMaxFindingBytes.
  std::string words;
  // Each word that was matched, in order.
  std::vector<Range> matched;
  // The cue or phrase that found it, and of how many words it is; empty and 0 for a question.
  std::string cue;
  size_t cue_words = 0;
  // One of the words is only nearly written as in the cue.
  bool fuzzy = false;
  // The word that negates it, as it is written, and where it is; empty: none.
  std::string negated_by;
  Range negated_at;
  // It is part of a question.
  bool in_question = false;

  friend bool operator==(const Finding&, const Finding&) = default;
};

struct MessageFinding {
  // That of the key message.
  std::string id;
  // One of its mentions is not negated.
  bool covered = false;
  // First those that count, then the negated ones, each in the order of the transcript.
  std::vector<Finding> mentions;
  // A message without mentions has here the words that lack one for a match of a cue, the first of those that
  // have most; and the words of the cue that are not there.
  std::optional<Finding> nearest;
  std::vector<std::string> nearest_lacks;

  friend bool operator==(const MessageFinding&, const MessageFinding&) = default;
};

struct Question {
  Finding finding;
  // It asks for more than yes or no: what, how, why, which, who, where, when, "tell me", "walk me through".
  bool open = false;

  friend bool operator==(const Question&, const Question&) = default;
};

// How the rep talked: advice, never part of a score.
struct Delivery {
  enum class Basis { kTime, kWords };

  // The rep's part of all turns, 0 to 1: of their time (silence is left out, and overlapping talk counts for
  // each), or of their words where not every turn has its times. Absent: nobody says a word.
  std::optional<double> talk_share;
  Basis basis = Basis::kWords;
  // Absent: under 100 words of the rep, or not each of the rep's turns has its times.
  std::optional<double> words_per_minute;
  // Absent: no words of the rep, or a language whose fillers are not known.
  std::optional<double> fillers_per_100_words;
  // The longest stretch of turns of the rep with pauses of 2 seconds at most; one or two words of another
  // do not end it. Absent: not every turn has its times.
  std::optional<double> longest_monologue_seconds;
  // They say to people which figures lie outside the track's bands.
  std::vector<std::string> notes;

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

struct Analysis {
  // One for each key message of the track, in its order.
  std::vector<MessageFinding> messages;
  // Weights of the covered messages ÷ all weights, 0 to 1. Absent: the track has no messages.
  std::optional<double> coverage;
  // Pairs of covered messages whose first mentions come as their `order` says ÷ all pairs of covered
  // messages with different orders; 0 to 1. Absent: there is no pair.
  std::optional<double> order;
  // Avoided phrases that were said, and those that were denied ("we are not the cheapest"), which cost
  // nothing. Each in the order of the transcript, at most kMaxFindings.
  std::vector<Finding> avoided;
  std::vector<Finding> negated_avoided;
  // Distinct avoided phrases that were said.
  size_t avoided_phrases = 0;
  // Questions of the rep; the first kMaxFindings are listed.
  std::vector<Question> questions;
  size_t question_count = 0;
  size_t open_question_count = 0;
  // 1 to 10 (ScoreOf). Absent where coverage is.
  std::optional<double> score;
  // The score before it is held at 7 for want of a required message.
  std::optional<double> uncapped_score;
  // Absent for a written message.
  std::optional<Delivery> delivery;
  // They say to people what the analysis could not look at: "negation is not known in fr".
  std::vector<std::string> notes;
  int analyzer_version = kAnalyzerVersion;
  // How much work it was; the same for the same input.
  int64_t steps = 0;

  friend bool operator==(const Analysis&, const Analysis&) = default;
};

// Analyses a conversation. `track` and `turns` are valid (Validate). RESOURCE_EXHAUSTED: it takes more than
// kMaxSteps, which only a transcript that repeats the words of many long cues over and over does.
// Thread-safe.
absl::StatusOr<Analysis> Analyze(const AnalysisTrack& track, std::span<const Turn> turns);

// Analyses a message that the rep has written; ranges are those of `written`, turn is 0.
absl::StatusOr<Analysis> AnalyzeWritten(const AnalysisTrack& track, std::string_view written);

// 1 + 9 · max(0, coverage − 0.1 · avoided phrases), 1 to 10.
double ScoreOf(double coverage, size_t avoided_phrases);
// The most while a required message is missing.
inline constexpr double kMaxScoreWithoutRequired = 7;

}  // namespace finalmile::coaching
