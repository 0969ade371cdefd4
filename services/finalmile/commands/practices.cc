#include <memory>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/practice_name.h"
#include "services/finalmile/commands/show_practice.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags, "over rep, talk_track, state, practice_time, submit_time");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ListPracticesRequest request;
    request.set_filter(given->filter);
    ASSIGN_OR_RETURN(const std::vector<Practice> practices,
                     ReadList(session, PracticeMethod("ListPractices"), request, given->limit,
                              &ListPracticesResponse::practices, "No practice matches."));
    if (!session.output.json()) ShowPractices(practices, session.output);
    return ExitCode::kOk;
  };
}

absl::StatusOr<ExitCode> Show(Session& session, const std::string& text) {
  GetPracticeRequest get;
  ASSIGN_OR_RETURN(*get.mutable_name(), PracticeNamed(session, text));
  ASSIGN_OR_RETURN(const Practice practice, session.Call<Practice>(PracticeMethod("GetPractice"), get));
  if (session.output.json()) {
    session.output.Json(practice);
    return ExitCode::kOk;
  }
  GetTalkTrackRequest track;
  track.set_name(practice.talk_track());
  track.set_version(practice.version());
  ASSIGN_OR_RETURN(const TalkTrack judged_by,
                   session.Call<TalkTrack>("coaching.v1.TalkTrackService/GetTalkTrack", track));
  ShowPractice(practice, judged_by.rubric(), session);
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto name = std::make_shared<std::string>();
  flags.Argument("PRACTICE", *name, kPracticeHelp);
  return [name](Session& session) { return Show(session, *name); };
}

}  // namespace

void AddPractices(std::vector<Verb>& verbs) {
  verbs.push_back({"practices list", "practices, the newest first",
                   "finalmile practices list --filter 'state = STATE_REVIEWED'", DeclareList});
  verbs.push_back({"practices show", "one practice, and by which criteria it is judged",
                   "finalmile practices show 1", DeclareShow});
}

}  // namespace finalmile::cli
