#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "services/finalmile/flags.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The flags of verbs that read the transcript of a conversation.
struct TranscriptFlags {
  std::string file;
  std::string rep;

  // The file is an argument, or where the verb has another one, the flag --file.
  void Declare(Flags& flags);
  void DeclareAsFlags(Flags& flags);
};

// The message that the file holds, which a rep wrote: at most 1 MiB, as the contract of
// AnalyzeTranscriptRequest says.
absl::StatusOr<std::string> ReadWritten(Session& session, const TranscriptFlags& flags);

// The turns of the transcript, of which those of `rep` are the rep's. INVALID_ARGUMENT where nobody of that
// name speaks, or where none is named and the transcript does not say: the message names who speaks.
absl::StatusOr<google::protobuf::RepeatedPtrField<coaching::v1::Turn>> ReadTurns(
    Session& session, const TranscriptFlags& flags);

}  // namespace finalmile::cli
