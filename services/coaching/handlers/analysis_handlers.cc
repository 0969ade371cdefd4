#include "services/coaching/handlers/analysis_handlers.h"

#include <span>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/coaching/changes/analysis_proto.h"
#include "services/coaching/changes/track_reads.h"
#include "services/coaching/handlers/reader.h"

namespace finalmile::coaching::handlers {
namespace {

// One of two fields is given, as the contract asks.
void OneOf(bool first, bool second, const char* field, const char* other, Violations& violations) {
  if (first && second) violations.Add(field, std::string("is given beside ") + other);
  if (!first && !second) violations.Add(field, std::string("is required, or ") + other);
}

absl::Status CheckShape(const v1::AnalyzeTranscriptRequest& request) {
  Violations violations;
  OneOf(!request.talk_track().empty(), request.has_inline_talk_track(), "talk_track", "inline_talk_track",
        violations);
  OneOf(request.turns_size() > 0, !request.written().empty(), "turns", "written", violations);
  if (!request.language().empty() && !IsLanguageTag(request.language()))
    violations.Add("language", "must be a language tag, such as en, de or pt-BR");
  if (request.version() < 0) violations.Add("version", "must be 0 or more");
  return rpc::ToStatus(violations.Take(), "");
}

AnalysisTrack Normalised(AnalysisTrack spoken) {
  if (spoken.language.empty()) spoken.language = "en";
  for (KeyMessage& message : spoken.key_messages) {
    if (message.weight == 0) message.weight = 1;
  }
  return spoken;
}

}  // namespace

absl::StatusOr<v1::Analysis> AnalysisHandlers::AnalyzeTranscript(
    rpc::CallContext& context, const v1::AnalyzeTranscriptRequest& request) {
  RETURN_IF_ERROR(CheckShape(request));
  AnalysisTrack track;
  if (request.has_inline_talk_track()) {
    track = Normalised(changes::SpokenFromProto(request.inline_talk_track()));
    RETURN_IF_ERROR(rpc::ToStatus(Validate(track), "inline_talk_track"));
  } else {
    ASSIGN_OR_RETURN(
        const v1::TalkTrack stored,
        outbox::Read<v1::TalkTrack>(context, d_.database, [&](storage::Transaction& transaction) {
          return changes::ReadTrack(transaction, TalkTrackId(rpc::IdIn(request.talk_track())),
                                    request.version(), ReaderOf(context), d_.clock.Now());
        }));
    track = changes::SpokenFromProto(stored);
  }
  if (!request.language().empty()) track.language = request.language();
  absl::StatusOr<Analysis> analysis;
  if (request.turns_size() > 0) {
    const std::vector<Turn> turns = changes::FromProto(request.turns());
    RETURN_IF_ERROR(rpc::ToStatus(Validate(std::span<const Turn>(turns)), ""));
    analysis = Analyze(track, turns);
  } else {
    RETURN_IF_ERROR(rpc::ToStatus(ValidateWritten(request.written()), ""));
    analysis = AnalyzeWritten(track, request.written());
  }
  RETURN_IF_ERROR(analysis.status());
  return changes::ToProto(*analysis);
}

}  // namespace finalmile::coaching::handlers
