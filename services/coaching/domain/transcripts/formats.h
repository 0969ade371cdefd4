#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/coaching/domain/transcripts/lines.h"
#include "services/coaching/domain/transcripts/transcript_file.h"

namespace finalmile::coaching {

// Readers of one format each, for ReadTranscript. They leave Transcript::speakers empty. INVALID_ARGUMENT as
// there. Lines are not empty.

// WebVTT (https://www.w3.org/TR/webvtt1/), the first line of which is its signature, and SRT
// (https://en.wikipedia.org/wiki/SubRip#Format). Voices of WebVTT, or "Name: text" at the beginning of a
// line, say who speaks; without one it is who was named last.
absl::StatusOr<Transcript> ReadCaptions(const std::vector<Line>& lines, TranscriptFormat format);

// "Kim Lee  0:03" or "[Kim Lee] 10:30:12" over what was said, with an empty line before. Ends are not known.
absl::StatusOr<Transcript> ReadTimedText(const std::vector<Line>& lines);
// How many lines are of the kind that begins a turn there.
size_t CountTimedLines(const std::vector<Line>& lines);

// "Kim Lee: we cut idle time", perhaps with "[00:12]" before; lines without a name go on.
absl::StatusOr<Transcript> ReadPlainText(const std::vector<Line>& lines);
size_t CountSpokenLines(const std::vector<Line>& lines);

// Turns as AnalyzeTranscript takes them, by themselves or as "turns" of an object; or a call of Gong's API.
absl::StatusOr<Transcript> ReadJson(std::string_view text);

}  // namespace finalmile::coaching
