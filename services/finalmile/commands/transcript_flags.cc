#include "services/finalmile/commands/transcript_flags.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "services/coaching/domain/transcripts/transcript_file.h"
#include "services/finalmile/commands/read_text.h"

namespace finalmile::cli {
namespace {

using coaching::Transcript;

constexpr size_t kMaxWritten = 1 << 20;
constexpr char kFileHelp[] =
    "a transcript: WebVTT or SRT, Otter's or Zoom's text, lines 'Name: text', or JSON; - reads standard "
    "input";
constexpr char kRepHelp[] = "who of those who speak is the rep";

coaching::v1::Turn ToProto(const coaching::Turn& turn) {
  coaching::v1::Turn to;
  to.set_speaker(turn.speaker);
  switch (turn.role) {
    case coaching::Role::kRep:
      to.set_role(coaching::v1::Turn::ROLE_REP);
      break;
    case coaching::Role::kGuest:
      to.set_role(coaching::v1::Turn::ROLE_GUEST);
      break;
    case coaching::Role::kOther:
      to.set_role(coaching::v1::Turn::ROLE_OTHER);
      break;
  }
  to.set_text(turn.text);
  if (turn.start) to.set_start(*turn.start);
  if (turn.end) to.set_end(*turn.end);
  return to;
}

}  // namespace

void TranscriptFlags::Declare(Flags& flags) {
  flags.Argument("FILE", file, kFileHelp);
  flags.Text("--rep", "NAME", rep, kRepHelp);
}

void TranscriptFlags::DeclareAsFlags(Flags& flags) {
  flags.Text("--file", "FILE", file, kFileHelp);
  flags.Text("--rep", "NAME", rep, kRepHelp);
}

absl::StatusOr<std::string> ReadWritten(Session& session, const TranscriptFlags& flags) {
  return ReadText(session, flags.file, kMaxWritten);
}

absl::StatusOr<google::protobuf::RepeatedPtrField<coaching::v1::Turn>> ReadTurns(
    Session& session, const TranscriptFlags& flags) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(session, flags.file, coaching::kMaxTranscriptFileBytes));
  absl::StatusOr<Transcript> transcript = coaching::ReadTranscript(text);
  if (!transcript.ok()) {
    return absl::Status(transcript.status().code(),
                        fmt::format("{}: {}", flags.file, std::string(transcript.status().message())));
  }
  const bool known =
      std::any_of(transcript->turns.begin(), transcript->turns.end(),
                  [](const coaching::Turn& turn) { return turn.role == coaching::Role::kRep; });
  const std::string speakers = absl::StrJoin(transcript->speakers, ", ");
  if (!flags.rep.empty()) {
    const absl::Status named = coaching::NameRep(flags.rep, *transcript);
    if (!named.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("--rep {}: nobody of that name speaks; these do: {}", flags.rep, speakers));
    }
  } else if (!known) {
    return absl::InvalidArgumentError(
        fmt::format("--rep NAME is missing: who of these is the rep? {}", speakers));
  }
  if (transcript->passed_over > 0) {
    session.output.Note(
        fmt::format("{} lines are neither words nor part of the format and were passed over, the "
                    "first of them is line {}.",
                    transcript->passed_over, transcript->first_passed_over));
  }
  google::protobuf::RepeatedPtrField<coaching::v1::Turn> turns;
  for (const coaching::Turn& turn : transcript->turns) *turns.Add() = ToProto(turn);
  return turns;
}

}  // namespace finalmile::cli
