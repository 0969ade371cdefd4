#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/coaching/domain/turn.h"

namespace finalmile::coaching {

// Transcripts as the programs that record calls write them. The content tells the format, not the name of the
// file. Pure functions.

// A larger file is refused.
inline constexpr size_t kMaxTranscriptFileBytes = 8 << 20;

enum class TranscriptFormat {
  kWebVtt,  // Microsoft Teams, Zoom, Google, YouTube
  kSrt,
  kTimedText,  // Otter, Zoom's saved captions: a line with name and time, then what was said
  kPlainText,  // "Name: what was said"
  kJson,       // turns as AnalyzeTranscript takes them
  kGong,       // JSON of Gong's API: callTranscripts
};
// For people: "WebVTT".
std::string_view NameOf(TranscriptFormat format);

struct Transcript {
  TranscriptFormat format = TranscriptFormat::kPlainText;
  // In the order of the file. Stretches of one speaker at most 2 seconds apart are one turn. Roles are kOther
  // unless the file gives them (JSON).
  std::vector<Turn> turns;
  // Who speaks, in the order of their first words.
  std::vector<std::string> speakers;
  // Lines that are neither words nor part of the format, as a title over the first turn; they are passed
  // over, and the first of them has this number, counted from 1; 0: there is none.
  size_t passed_over = 0;
  size_t first_passed_over = 0;

  friend bool operator==(const Transcript&, const Transcript&) = default;
};

// Reads a file in UTF-8, or in UTF-16 with a byte order mark. INVALID_ARGUMENT: it cannot be read; the
// message names the line, counted from 1, and holds no words of the transcript.
absl::StatusOr<Transcript> ReadTranscript(std::string_view bytes);

// Makes the turns of `rep` those of the rep, other named ones the guest's, and those without a name of
// nobody. Names are compared without regard to case, accents and white space. NOT_FOUND: nobody of that
// name speaks.
absl::Status NameRep(std::string_view rep, Transcript& transcript);

}  // namespace finalmile::coaching
