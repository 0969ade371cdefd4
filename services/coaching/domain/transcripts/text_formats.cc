#include <algorithm>
#include <optional>

#include "libs/base/text.h"
#include "services/coaching/domain/transcripts/formats.h"
#include "services/coaching/domain/transcripts/spoken.h"
#include "services/coaching/domain/transcripts/times.h"

namespace finalmile::coaching {
namespace {

constexpr double kSecondsOfADay = 86'400;
// Otter ends its files with where they come from.
constexpr std::string_view kTranscribedBy = "Transcribed by ";

bool IsBlank(const std::vector<Line>& lines, size_t at) {
  return at >= lines.size() || Trim(lines[at].text).empty();
}

struct Heading {
  std::string_view speaker;
  double seconds = 0;
  // The time is one of the day.
  bool of_day = false;
};

// "Kim Lee  0:03" and "[Kim Lee] 10:30:12" between an empty line and words.
std::optional<Heading> HeadingAt(const std::vector<Line>& lines, size_t at) {
  if ((at > 0 && !IsBlank(lines, at - 1)) || IsBlank(lines, at + 1)) return std::nullopt;
  const auto time = ReadEndingTime(lines[at].text);
  if (!time) return std::nullopt;
  const std::string_view name = time->before;
  if (name.size() > 2 && name.starts_with('[') && name.ends_with(']')) {
    if (time->seconds >= kSecondsOfADay) return std::nullopt;
    return Heading{Trim(name.substr(1, name.size() - 2)), time->seconds, true};
  }
  if (!MayBeName(name, /*small=*/true)) return std::nullopt;
  return Heading{name, time->seconds, false};
}

void PassOver(const Line& line, Transcript& transcript) {
  if (transcript.passed_over++ == 0) transcript.first_passed_over = line.number;
}

// A name over nothing is no turn.
void DropSilence(std::vector<Turn>& turns) {
  std::erase_if(turns, [](const Turn& turn) { return turn.text.empty(); });
}

// "[00:12] Kim: …": the time, and the line behind it.
std::optional<double> TakeLeadingTime(std::string_view& line) {
  line = Trim(line);
  if (!line.starts_with('[')) return std::nullopt;
  const size_t end = line.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const auto seconds = ReadTime(line.substr(1, end - 1));
  if (seconds) line = Trim(line.substr(end + 1));
  return seconds;
}

bool IsTimeAlone(std::string_view line) {
  line = Trim(line);
  return ReadTime(line).has_value() || (TakeLeadingTime(line) && line.empty());
}

}  // namespace

size_t CountTimedLines(const std::vector<Line>& lines) {
  size_t count = 0;
  for (size_t at = 0; at < lines.size(); ++at) count += HeadingAt(lines, at) ? 1 : 0;
  return count;
}

absl::StatusOr<Transcript> ReadTimedText(const std::vector<Line>& lines) {
  Transcript transcript;
  transcript.format = TranscriptFormat::kTimedText;
  std::vector<Turn>& turns = transcript.turns;
  std::optional<double> first_of_day;
  for (size_t at = 0; at < lines.size(); ++at) {
    if (IsBlank(lines, at)) continue;
    const std::string_view line = Trim(lines[at].text);
    if (const auto heading = HeadingAt(lines, at)) {
      Turn turn;
      turn.speaker = heading->speaker;
      turn.start = heading->seconds;
      if (heading->of_day) {
        if (!first_of_day) first_of_day = heading->seconds;
        *turn.start -= *first_of_day;
        if (*turn.start < 0) *turn.start += kSecondsOfADay;
      }
      turns.push_back(std::move(turn));
    } else if (turns.empty() || line.starts_with(kTranscribedBy)) {
      PassOver(lines[at], transcript);
    } else {
      Continue(line, turns.back());
    }
  }
  DropSilence(turns);
  return transcript;
}

size_t CountSpokenLines(const std::vector<Line>& lines) {
  size_t count = 0;
  for (const Line& line : lines) {
    std::string_view text = line.text;
    TakeLeadingTime(text);
    count += ReadSpoken(text, /*small=*/true) ? 1 : 0;
  }
  return count;
}

absl::StatusOr<Transcript> ReadPlainText(const std::vector<Line>& lines) {
  Transcript transcript;
  std::vector<Turn>& turns = transcript.turns;
  for (const Line& line : lines) {
    std::string_view text = line.text;
    const auto seconds = TakeLeadingTime(text);
    if (Trim(line.text).empty()) continue;
    if (const auto spoken = ReadSpoken(text, /*small=*/true)) {
      Turn turn;
      turn.speaker = spoken->speaker;
      turn.text = spoken->text;
      turn.start = seconds;
      turns.push_back(std::move(turn));
    } else if (turns.empty() || IsTimeAlone(line.text)) {
      PassOver(line, transcript);
    } else {
      Continue(text, turns.back());
    }
  }
  DropSilence(turns);
  return transcript;
}

}  // namespace finalmile::coaching
