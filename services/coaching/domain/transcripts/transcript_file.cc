#include "services/coaching/domain/transcripts/transcript_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/text/normal.h"
#include "services/coaching/domain/transcripts/formats.h"
#include "services/coaching/domain/transcripts/times.h"

namespace finalmile::coaching {
namespace {

constexpr std::string_view kWebVtt = "WEBVTT";
// The first time of an SRT file is in one of its first lines.
constexpr size_t kLinesBeforeAnSrtTime = 4;

// "[Kim Lee] 10:30:12" is no JSON.
bool IsJson(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('{')) return true;
  if (!text.starts_with('[')) return false;
  text = Trim(text.substr(1));
  return text.starts_with('{') || text.starts_with(']');
}

bool IsSrt(const std::vector<Line>& lines) {
  const auto end = lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), kLinesBeforeAnSrtTime));
  return std::any_of(lines.begin(), end,
                     [](const Line& line) { return line.text.find(kArrow) != std::string_view::npos; });
}

absl::StatusOr<Transcript> Read(std::string_view text) {
  if (IsJson(text)) return ReadJson(text);
  const std::vector<Line> lines = SplitLines(text);
  if (text.starts_with(kWebVtt)) return ReadCaptions(lines, TranscriptFormat::kWebVtt);
  if (IsSrt(lines)) return ReadCaptions(lines, TranscriptFormat::kSrt);
  const size_t timed = CountTimedLines(lines);
  const size_t spoken = CountSpokenLines(lines);
  if (timed > 0 && timed >= spoken) return ReadTimedText(lines);
  if (spoken > 0) return ReadPlainText(lines);
  return LineError(1,
                   "this is no transcript that is known: WebVTT, SRT, JSON, or text in which \"Name: …\" or "
                   "\"Name  0:03\" says who speaks");
}

}  // namespace

std::string_view NameOf(TranscriptFormat format) {
  switch (format) {
    case TranscriptFormat::kWebVtt:
      return "WebVTT";
    case TranscriptFormat::kSrt:
      return "SRT";
    case TranscriptFormat::kTimedText:
      return "text with names and times";
    case TranscriptFormat::kPlainText:
      return "text with names";
    case TranscriptFormat::kJson:
      return "JSON";
    case TranscriptFormat::kGong:
      return "JSON of Gong";
  }
  return "";
}

absl::StatusOr<Transcript> ReadTranscript(std::string_view bytes) {
  if (bytes.size() > kMaxTranscriptFileBytes) {
    return absl::InvalidArgumentError(
        fmt::format("the file has {} bytes; at most {} are read", bytes.size(), kMaxTranscriptFileBytes));
  }
  ASSIGN_OR_RETURN(const std::string text, Decode(bytes));
  if (Trim(text).empty()) return LineError(1, "the file is empty");
  ASSIGN_OR_RETURN(Transcript transcript, Read(text));
  if (transcript.turns.empty()) return LineError(1, "nobody says a word in the file");
  std::set<std::string_view> met;
  for (const Turn& turn : transcript.turns) {
    if (!turn.speaker.empty() && met.insert(turn.speaker).second) transcript.speakers.push_back(turn.speaker);
  }
  return transcript;
}

absl::Status NameRep(std::string_view rep, Transcript& transcript) {
  const std::string wanted = text::Comparable(rep);
  const auto is_rep = [&](std::string_view speaker) { return text::Comparable(speaker) == wanted; };
  if (transcript.speakers.empty()) return absl::NotFoundError("the file does not say who speaks");
  if (std::none_of(transcript.speakers.begin(), transcript.speakers.end(), is_rep)) {
    return absl::NotFoundError(
        fmt::format("nobody of that name speaks; the file names {} speakers", transcript.speakers.size()));
  }
  for (Turn& turn : transcript.turns) {
    turn.role = turn.speaker.empty() ? Role::kOther : is_rep(turn.speaker) ? Role::kRep : Role::kGuest;
  }
  return absl::OkStatus();
}

}  // namespace finalmile::coaching
