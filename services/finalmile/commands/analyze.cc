#include <fmt/format.h>

#include <memory>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/read_text.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/commands/transcript_flags.h"
#include "services/finalmile/import/track_file.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;

struct AnalyzeFlags {
  TranscriptFlags transcript;
  std::string track;
  std::string language;
  bool written = false;
};

// Whether it is a file rather than the name of a track, which has no dot.
bool IsFile(const std::string& track) { return track.find('.') != std::string::npos; }

absl::StatusOr<ExitCode> Analyze(Session& session, const AnalyzeFlags& flags) {
  AnalyzeTranscriptRequest request;
  request.set_language(flags.language);
  if (flags.track.empty()) {
    request.mutable_inline_talk_track();
  } else if (IsFile(flags.track)) {
    ASSIGN_OR_RETURN(const std::string content,
                     ReadText(session, flags.track, kMaxTrackFileBytes, "--track"));
    ASSIGN_OR_RETURN(*request.mutable_inline_talk_track(), ReadTrackFile(flags.track, content));
  } else {
    request.set_talk_track(TrackName(flags.track));
  }
  if (flags.written) {
    ASSIGN_OR_RETURN(*request.mutable_written(), ReadWritten(session, flags.transcript));
  } else {
    ASSIGN_OR_RETURN(*request.mutable_turns(), ReadTurns(session, flags.transcript));
  }
  ASSIGN_OR_RETURN(const Analysis analysis,
                   session.Call<Analysis>("coaching.v1.PracticeService/AnalyzeTranscript", request));
  if (session.output.json()) {
    session.output.Json(analysis);
  } else {
    ShowAnalysis(analysis, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareAnalyze(Flags& flags) {
  auto given = std::make_shared<AnalyzeFlags>();
  given->transcript.Declare(flags);
  flags.Text(
      "--track", "TRACK", given->track,
      "the talk track to compare with, or a file with one; without it delivery and questions are told");
  flags.Switch("--written", given->written, "the file is a message that the rep wrote");
  flags.Text("--language", "TAG", given->language, "of what is said (that of the track): en, de, …");
  return [given](Session& session) { return Analyze(session, *given); };
}

}  // namespace

void AddAnalyze(std::vector<Verb>& verbs) {
  verbs.push_back({"analyze", "how a conversation compares with a talk track; nothing of it is kept",
                   "finalmile analyze call.vtt --rep Kim --track new-fleet-manager", DeclareAnalyze});
}

}  // namespace finalmile::cli
