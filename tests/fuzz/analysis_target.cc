#include <fmt/format.h>

#include <algorithm>

#include "libs/base/text.h"
#include "services/coaching/domain/analysis/analysis.h"
#include "services/coaching/domain/analysis/cue.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

using namespace coaching;  // NOLINT(build/namespaces)

// A track, one cue a line, "#" before another message and "!" before a phrase to avoid; after a form feed the
// turns, one a line, those of the guest behind a ">".
std::vector<std::string> Seeds() {
  return {
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text on several lines.
      "en\ncut idle time by 30 percent\n\"would you like\"\n#\nno long-term contract\n!best in class\n\f"
      "Um, we cut the idle time of a truck by thirty percent.\n>Really?\nWould you like it? There is no "
      "contract.\n"
      "We're not best in class, don't we\n",
      "de\nsenken Leerzeit\n!billig\n\fWir senken die Leerzeit nicht nur um drei\xC3\x9Fig Prozent; nie "
      "billig!\n",
      "fr\nr\xC3\xA9"
      "duire le co\xC3\xBBt\n\fR\xC3\xA9"
      "duire les co\xC3\xBBts\xE2\x80\xA6 n'est-ce pas ?\n",
      "ja\n\xE4\xBE\xA1\xE6\xA0\xBC\xE7\x95\xB0\xE8\xAD\xB0\n\f\xE4\xBE\xA1\xE6\xA0\xBC\xE7\x95\xB0\xE8\xAD"
      "\xB0\xE3\x80\x82\n",
      "en\ncut cut cut cut cut cut cut cut cut cut cut cut\n\fcut cut cut cut cut cut cut cut cut cut cut "
      "cut cut cut cut cut\n",
      "en\nimplementation contract\n\fimplmentation contrakt implementatoin contrast\n",
      "en\ndo it\n\fdo it\n",
      "en\nx\n\f\xF0\x9F\x9A\x9A \xEF\xAC\x81x e\xCC\x81 \xE2\x84\xA2 x\xFF x\n",
  };
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

AnalysisTrack TrackOf(std::string_view bytes) {
  AnalysisTrack track;
  const std::vector<std::string_view> lines = Lines(bytes);
  if (!lines.empty()) track.language = lines[0];
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.starts_with('!')) {
      track.avoid.emplace_back(line.substr(1));
      continue;
    }
    if (track.key_messages.empty() || line.starts_with('#')) {
      KeyMessage message;
      message.id = fmt::format("{}", i);
      message.text = line;
      message.order = static_cast<int>(lines.size() - i);
      message.required = i % 2 == 0;
      track.key_messages.push_back(std::move(message));
    }
    if (!line.starts_with('#')) track.key_messages.back().cues.emplace_back(line);
  }
  return track;
}

std::vector<Turn> TurnsOf(std::string_view bytes) {
  std::vector<Turn> turns;
  for (std::string_view line : Lines(bytes)) {
    Turn turn;
    turn.role = line.starts_with('>') ? Role::kGuest : Role::kRep;
    turn.text = line;
    turn.start = 3.0 * static_cast<double>(turns.size());
    turn.end = *turn.start + 2;
    turns.push_back(std::move(turn));
  }
  return turns;
}

bool AtEdges(const std::string& text, Range range) {
  const auto inside = [&](size_t at) {
    return IsUtf8(text) && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  return range.begin < range.end && range.end <= text.size() && !inside(range.begin) && !inside(range.end);
}

void CheckFinding(const Finding& finding, const std::vector<Turn>& turns) {
  Require(finding.turn < turns.size() && turns[finding.turn].role == Role::kRep, "findings are the rep's");
  const std::string& text = turns[finding.turn].text;
  Require(AtEdges(text, finding.range), "findings stand in the text");
  Require(text.compare(finding.range.begin, finding.words.size(), finding.words) == 0 &&
              finding.words.size() == std::min(finding.words.size(), finding.range.end - finding.range.begin),
          "findings are words of the text");
  size_t before = finding.range.begin;
  for (const Range& range : finding.matched) {
    Require(AtEdges(text, range) && range.begin >= finding.range.begin && range.end <= finding.range.end,
            "matched words stand in their finding");
    Require(range.begin >= before, "matched words rise");
    before = range.begin;
  }
  if (!finding.negated_by.empty()) Require(AtEdges(text, finding.negated_at), "negators stand in the text");
}

// The most steps that analysis.h and matcher.h say it takes, for a transcript of so many bytes.
int64_t MostSteps(const AnalysisTrack& track, size_t bytes) {
  const auto most = [&](size_t words, size_t skips) {
    const size_t of_each = 2 * words * (2 * skips + 1) + 2 * words + 4;
    return (bytes + kMaxMentions * (2 * words + 3)) * of_each + words * bytes * (64 + 2);
  };
  size_t steps = bytes;
  for (const KeyMessage& message : track.key_messages) {
    std::vector<std::string> cues = message.cues;
    if (cues.empty()) cues.push_back(message.text);
    for (const std::string& cue : cues) {
      const size_t words = ReadCue(cue, track.language).words.size();
      steps += most(words, words / 4) + most(words, words / 4 + 1);
    }
  }
  for (const std::string& phrase : track.avoid)
    steps += most(phrase.size(), 0) * (1 + kMaxFindings / kMaxMentions);
  return static_cast<int64_t>(steps);
}

bool Run(std::string_view bytes) {
  const auto [front, behind] = Cut(bytes);
  const AnalysisTrack track = TrackOf(front);
  const std::vector<Turn> turns = TurnsOf(behind);
  if (!Validate(track).empty() || !Validate(turns).empty()) return false;
  const absl::StatusOr<Analysis> analysis = Analyze(track, turns);
  if (!analysis.ok()) {
    Require(absl::IsResourceExhausted(analysis.status()), "only its steps keep an analysis from its end");
    return false;
  }
  Require(analysis->steps <= std::min(kMaxSteps, MostSteps(track, behind.size())), "steps are bounded");
  Require(analysis->messages.size() == track.key_messages.size(), "each message has its finding");
  for (const MessageFinding& message : analysis->messages) {
    for (const Finding& mention : message.mentions) {
      CheckFinding(mention, turns);
      Require(!mention.matched.empty() && mention.matched.size() <= mention.cue_words,
              "mentions have their words");
    }
    Require(message.covered == (!message.mentions.empty() && message.mentions[0].negated_by.empty()),
            "what is covered has a mention that is not negated");
    if (message.nearest) CheckFinding(*message.nearest, turns);
    Require(message.nearest.has_value() == !message.nearest_lacks.empty(), "what is near lacks a word");
  }
  for (const Finding& finding : analysis->avoided) CheckFinding(finding, turns);
  for (const Finding& finding : analysis->negated_avoided) CheckFinding(finding, turns);
  for (const Question& question : analysis->questions) CheckFinding(question.finding, turns);
  Require(!analysis->coverage || (*analysis->coverage >= 0 && *analysis->coverage <= 1),
          "coverage is a share");
  Require(!analysis->score || (*analysis->score >= 1 && *analysis->score <= 10), "scores are 1 to 10");
  Require(*Analyze(track, turns) == *analysis, "the same again");
  return true;
}

}  // namespace

Target CallAnalysis() { return {"analysis", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
