#include <fmt/format.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/practice_name.h"
#include "services/finalmile/commands/show_practice.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/commands/times.h"
#include "services/finalmile/output/format.h"

// The coach's side of practice: reviews, assignments, and how the team stands.
namespace finalmile::cli {
namespace {

using namespace coaching::v1;

struct ReviewFlags {
  std::string practice;
  std::vector<std::string> levels;
  std::vector<std::string> comments;
  int64_t limit = 50;
  bool self = false;
};

// "opening=3", or several with commas between.
absl::Status AddLevels(const std::string& text, Review& review) {
  const std::vector<std::string> all = absl::StrSplit(text, ',', absl::SkipWhitespace());
  for (const std::string& one : all) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(one, absl::MaxSplits('=', 1));
    int32_t level = 0;
    if (parts.first.empty() || !absl::SimpleAtoi(parts.second, &level)) {
      return absl::InvalidArgumentError(
          fmt::format("--level '{}' must be a criterion and its level from 0 to 3: opening=3", one));
    }
    CriterionLevel& to = *review.add_levels();
    to.set_criterion(parts.first);
    to.set_level(level);
  }
  return absl::OkStatus();
}

// "7:say it as a range".
absl::Status AddComment(const std::string& text, Review& review) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  int32_t turn = 0;
  if (parts.second.empty() || !absl::SimpleAtoi(parts.first, &turn) || turn < 1) {
    return absl::InvalidArgumentError(fmt::format(
        "--comment '{}' must be a turn, counted from 1, and what to say of it: 7:say it as a range", text));
  }
  TurnComment& to = *review.add_comments();
  to.set_turn(turn - 1);
  to.set_text(parts.second);
  return absl::OkStatus();
}

void ShowReviewed(const SubmitReviewResponse& reviewed, bool self, Output& output) {
  const Practice& practice = reviewed.practice();
  const std::string what =
      fmt::format("{}'s practice of {}", rpc::IdIn(practice.rep()), rpc::IdIn(practice.talk_track()));
  if (self) {
    output.Line(fmt::format("Your review of {} is kept beside the coaches'; it enters no score.", what));
    return;
  }
  output.Line(
      fmt::format("{}: {}{}. {}.", what, practice.has_score() ? FormatPoints(practice.score()) : "no score",
                  reviewed.has_score_before() ? " in place of " + FormatPoints(reviewed.score_before()) : "",
                  MasteryText(reviewed.mastery())));
  if (reviewed.has_agreement()) {
    output.Line(fmt::format("The coaches' agreement is α {:.2f} over {} units.", reviewed.agreement(),
                            FormatCount(reviewed.agreement_units())));
  }
}

absl::StatusOr<ExitCode> SubmitOne(Session& session, const ReviewFlags& flags) {
  SubmitReviewRequest request;
  for (const std::string& level : flags.levels) RETURN_IF_ERROR(AddLevels(level, *request.mutable_review()));
  for (const std::string& comment : flags.comments)
    RETURN_IF_ERROR(AddComment(comment, *request.mutable_review()));
  ASSIGN_OR_RETURN(*request.mutable_name(), PracticeNamed(session, flags.practice));
  request.set_self(flags.self);
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const SubmitReviewResponse reviewed,
                   session.Call<SubmitReviewResponse>(PracticeMethod("SubmitReview"), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(reviewed);
  } else {
    ShowReviewed(reviewed, flags.self, session.output);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RunReview(Session& session, const ReviewFlags& flags) {
  if (!flags.practice.empty() && !flags.levels.empty()) return SubmitOne(session, flags);
  if (!flags.practice.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("--level is missing: opening=3, for at least one criterion; finalmile practices show {} "
                    "shows the practice and its criteria",
                    flags.practice));
  }
  if (!flags.levels.empty() || !flags.comments.empty() || flags.self)
    return absl::InvalidArgumentError("PRACTICE is missing: its number, as finalmile review lists them");
  ASSIGN_OR_RETURN(const std::vector<QueuedPractice> queue,
                   ReadList(session, PracticeMethod("ListReviewQueue"), ListReviewQueueRequest(), flags.limit,
                            &ListReviewQueueResponse::practices, "No practice waits for a review."));
  if (!session.output.json()) ShowReviewQueue(queue, session);
  return ExitCode::kOk;
}

Action DeclareReview(Flags& flags) {
  auto given = std::make_shared<ReviewFlags>();
  flags.OptionalArgument("PRACTICE", given->practice,
                         fmt::format("{}; without it, the queue", kPracticeHelp));
  flags.Texts("--level", "CRITERION=0..3", given->levels,
              "how well it was met: opening=3,discovery=2; may be given several times");
  flags.Texts("--comment", "TURN:TEXT", given->comments, "on one turn; may be given several times");
  flags.Switch("--self", given->self, "it is your own practice; the review enters no score");
  flags.Number("--limit", given->limit, 0, 100'000'000, "without a PRACTICE: at most so many; 0: all");
  return [given](Session& session) { return RunReview(session, *given); };
}

struct AssignFlags {
  std::string track;
  std::vector<std::string> reps;
  std::string due;
};

absl::StatusOr<ExitCode> Assign(Session& session, const AssignFlags& flags) {
  if (flags.reps.empty()) return absl::InvalidArgumentError("--to REP is missing: who is to practise it?");
  AssignPracticeRequest request;
  request.set_talk_track(TrackName(flags.track));
  for (const std::string& rep : flags.reps) request.add_reps(RepName(rep));
  if (!flags.due.empty()) {
    ASSIGN_OR_RETURN(const absl::Time time, ReadFuture(session, "--due", flags.due));
    *request.mutable_due_time() = rpc::ToTimestamp(time);
  }
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const AssignPracticeResponse assigned,
                   session.Call<AssignPracticeResponse>(PracticeMethod("AssignPractice"), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(assigned);
    return ExitCode::kOk;
  }
  for (const Assignment& one : assigned.assignments()) {
    std::string by_when;
    if (one.has_due_time()) {
      by_when = " by " +
                FormatMoment(rpc::FromTimestamp(one.due_time()), session.clock.Now(), session.output.zone());
    }
    session.output.Line(fmt::format("{} is to practise {}{}, assigned by {}.", rpc::IdIn(one.rep()),
                                    rpc::IdIn(one.talk_track()), by_when, one.by()));
  }
  return ExitCode::kOk;
}

Action DeclareAssign(Flags& flags) {
  auto given = std::make_shared<AssignFlags>();
  flags.Argument("TRACK", given->track, "the talk track, talkTracks/… or without the prefix");
  flags.Texts("--to", "REP", given->reps, "who is to practise it; may be given several times");
  flags.Text("--due", "TIME", given->due, "by when (no date): 'Fri 17:00', 3d");
  return [given](Session& session) { return Assign(session, *given); };
}

Action DeclareTeam(Flags&) {
  return [](Session& session) -> absl::StatusOr<ExitCode> {
    ASSIGN_OR_RETURN(
        const GetTeamCoachingResponse team,
        session.Call<GetTeamCoachingResponse>(PracticeMethod("GetTeamCoaching"), GetTeamCoachingRequest()));
    if (session.output.json()) {
      session.output.Json(team);
    } else {
      ShowTeam(team, session.output);
    }
    return ExitCode::kOk;
  };
}

}  // namespace

void AddReview(std::vector<Verb>& verbs) {
  verbs.push_back({"review", "review a practice, or see which wait for it",
                   "finalmile review 1 --level opening=3,discovery=2 --comment '7:say it as a range'",
                   DeclareReview});
  verbs.push_back({"assign", "give reps a talk track to practise",
                   "finalmile assign new-fleet-manager --to kim --due 'Fri 17:00'", DeclareAssign});
  verbs.push_back(
      {"team", "how many reps practise and master each talk track", "finalmile team", DeclareTeam});
}

}  // namespace finalmile::cli
