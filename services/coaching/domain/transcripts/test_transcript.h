#pragma once

#include <fmt/format.h>

#include <string>

#include "services/coaching/domain/transcripts/transcript_file.h"

// Tests of transcripts share these.
namespace finalmile::coaching {

// A line for each turn: "0 to 2.5 Kim (rep): we cut idle time"; "- to -" where there are no times.
inline std::string ToText(const Transcript& transcript) {
  const auto time = [](const std::optional<double>& seconds) {
    return seconds ? fmt::format("{}", *seconds) : std::string("-");
  };
  std::string text;
  for (const Turn& turn : transcript.turns) {
    text += fmt::format("{} to {} {}{}: {}\n", time(turn.start), time(turn.end), turn.speaker,
                        turn.role == Role::kRep     ? " (rep)"
                        : turn.role == Role::kGuest ? " (guest)"
                                                    : "",
                        turn.text);
  }
  if (transcript.passed_over > 0)
    text +=
        fmt::format("passed over {} from line {}\n", transcript.passed_over, transcript.first_passed_over);
  return text;
}

}  // namespace finalmile::coaching
