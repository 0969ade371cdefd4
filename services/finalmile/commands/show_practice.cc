#include "services/finalmile/commands/show_practice.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/moment.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;
using google::protobuf::Timestamp;
using rpc::IdIn;

std::string ScoreText(const Practice& practice) {
  return practice.has_score() ? FormatPoints(practice.score()) : "-";
}

std::string MomentText(bool has, const Timestamp& time, const Session& session) {
  return has ? FormatMoment(rpc::FromTimestamp(time), session.clock.Now(), session.output.zone()) : "-";
}

std::string DayText(const Timestamp& time, const Output& output) {
  return absl::FormatTime("%Y-%m-%d", rpc::FromTimestamp(time), output.zone());
}

std::string ReasonText(const DuePractice& due) {
  const std::string criterion = due.criterion().empty() ? "" : ": " + due.criterion();
  switch (due.reason()) {
    case DuePractice::REASON_ASSIGNED:
      return "assigned by " + due.assignment().by();
    case DuePractice::REASON_LOW_SCORE:
      return "low scores in meetings" + criterion;
    case DuePractice::REASON_MEETING:
      return "a meeting is ahead";
    case DuePractice::REASON_REHEARSAL:
      return "it is being forgotten";
    case DuePractice::REASON_SELF_SCORE:
      return "low scores of your own (an offer)" + criterion;
    default:
      return "-";
  }
}

std::string ValidUntil(const std::vector<Certificate>& certificates, const std::string& track,
                       const Output& output) {
  const auto valid =
      std::find_if(certificates.begin(), certificates.end(), [&](const Certificate& certificate) {
        return certificate.talk_track() == track && certificate.state() == Certificate::STATE_VALID;
      });
  if (valid == certificates.end()) return "-";
  return valid->has_valid_until() ? "to " + DayText(valid->valid_until(), output) : "for ever";
}

void ShowReview(const Review& review, Output& output) {
  std::vector<std::string> levels;
  for (const CriterionLevel& level : review.levels()) {
    if (level.has_level()) levels.push_back(fmt::format("{}={}", level.criterion(), level.level()));
  }
  output.Line();
  output.Line(fmt::format("{} by {}{}, {}: {}", FormatPoints(review.score()), review.reviewer(),
                          review.self() ? ", of itself" : "",
                          output.TimeText(rpc::FromTimestamp(review.review_time())),
                          absl::StrJoin(levels, " ")));
  for (const TurnComment& comment : review.comments())
    output.Line(fmt::format("  turn {}: {}", comment.turn() + 1, comment.text()));
}

}  // namespace

std::string MasteryText(const Mastery& mastery) {
  if (mastery.state() == Mastery::STATE_MASTERED) return "mastered";
  std::string text = fmt::format("{} of {} days", mastery.days_size(), mastery.days_needed());
  if (mastery.days_size() > 0 && !mastery.coach_reviewed()) text += ", a coach's review is missing";
  if (mastery.state() != Mastery::STATE_LAPSED) return text;
  return fmt::format("lapsed: {}; {}", EnumText(LapseReason_Name(mastery.lapse_reason()), "LAPSE_REASON_"),
                     text);
}

void ShowPractices(const std::vector<Practice>& practices, Output& output) {
  if (practices.empty()) return;
  Table table(
      {{"TRACK", Align::kLeft, true}, {"REP"}, {"PRACTISED"}, {"STATE"}, {"SCORE", Align::kRight}, {"NAME"}});
  for (const Practice& practice : practices) {
    table.Add({IdIn(practice.talk_track()), IdIn(practice.rep()),
               output.TimeText(rpc::FromTimestamp(practice.practice_time())),
               EnumText(Practice::State_Name(practice.state()), "STATE_"), ScoreText(practice),
               practice.name()});
  }
  output.Show(table);
}

void ShowPractice(const Practice& practice, const Rubric& rubric, Session& session) {
  Output& output = session.output;
  output.Line(fmt::format(
      "{} practised {} v{} on {}: {}, score {}  {}", IdIn(practice.rep()), IdIn(practice.talk_track()),
      practice.version(), MomentText(true, practice.practice_time(), session),
      EnumText(Practice::State_Name(practice.state()), "STATE_"), ScoreText(practice), practice.name()));
  if (practice.has_analysis()) ShowAnalysis(practice.analysis(), output);
  output.Line();
  int number = 0;
  for (const Turn& turn : practice.turns())
    output.Line(fmt::format("{:>4}  {}: {}", ++number, turn.speaker(), turn.text()));
  if (!practice.written().empty()) ShowText(practice.written(), output);
  for (const Review& review : practice.reviews()) ShowReview(review, output);
  if (rubric.criteria().empty()) return;
  output.Line();
  output.Line(fmt::format("rubric {}", rubric.name()));
  for (const Criterion& criterion : rubric.criteria()) {
    output.Line(fmt::format("  {} (weight {}): {}", criterion.id(), criterion.weight(), criterion.text()));
    for (int level = 0; level < criterion.levels_size(); ++level)
      output.Line(fmt::format("    {}  {}", level, criterion.levels(level)));
  }
}

void ShowReviewQueue(const std::vector<QueuedPractice>& queue, Session& session) {
  if (queue.empty()) return;
  Table table({{"", Align::kRight},
               {"REP"},
               {"TRACK", Align::kLeft, true},
               {"SCORE", Align::kRight},
               {"SUBMITTED"},
               {"MEETS IN IT"},
               {"NAME"}});
  int number = 0;
  for (const QueuedPractice& queued : queue) {
    const Practice& practice = queued.practice();
    table.Add({std::to_string(++number), IdIn(practice.rep()), IdIn(practice.talk_track()),
               ScoreText(practice), session.output.TimeText(rpc::FromTimestamp(practice.submit_time())),
               MomentText(queued.has_next_meeting_time(), queued.next_meeting_time(), session),
               practice.name()});
  }
  session.output.Show(table);
  session.output.Note("finalmile practices show 1 shows the first, and by which criteria it is judged.");
}

void ShowDue(const std::vector<DuePractice>& due, Session& session) {
  if (due.empty()) return;
  Table table({{"TRACK", Align::kLeft, true}, {"WHY", Align::kLeft, true}, {"BY"}});
  for (const DuePractice& one : due) {
    std::string by = MomentText(one.has_due_time(), one.due_time(), session);
    if (one.has_due_time() && !session.output.IsLater(rpc::FromTimestamp(one.due_time()))) by += ", overdue";
    table.Add({IdIn(one.talk_track()), ReasonText(one), by});
  }
  session.output.Show(table);
  session.output.Note(fmt::format("finalmile practise {} --file FILE", IdIn(due[0].talk_track())));
}

void ShowMastery(const GetMasteryResponse& mastery, const std::vector<Certificate>& certificates,
                 Session& session) {
  Table table({{"TRACK", Align::kLeft, true},
               {"STATE"},
               {"REMEMBERED", Align::kRight},
               {"REHEARSE"},
               {"CERTIFICATE"}});
  for (const Mastery& one : mastery.mastery()) {
    const std::string rehearse =
        one.rehearsal_due() ? "now"
        : one.has_next_rehearsal_time()
            ? FormatAgo(rpc::FromTimestamp(one.next_rehearsal_time()), session.clock.Now())
            : "-";
    table.Add({IdIn(one.talk_track()), MasteryText(one),
               one.has_retrievability() ? fmt::format("{:.0f} %", 100 * one.retrievability()) : "-", rehearse,
               ValidUntil(certificates, one.talk_track(), session.output)});
  }
  session.output.Show(table);
}

void ShowCertificates(const std::vector<Certificate>& certificates, Output& output) {
  if (certificates.empty()) return;
  Table table({{"TRACK", Align::kLeft, true},
               {"VERSION", Align::kRight},
               {"STATE"},
               {"ISSUED"},
               {"VALID UNTIL"},
               {"NAME"}});
  for (const Certificate& certificate : certificates) {
    table.Add({IdIn(certificate.talk_track()), std::to_string(certificate.version()),
               EnumText(Certificate::State_Name(certificate.state()), "STATE_"),
               DayText(certificate.issue_time(), output),
               certificate.has_valid_until() ? DayText(certificate.valid_until(), output) : "for ever",
               certificate.name()});
  }
  output.Show(table);
}

void ShowTeam(const GetTeamCoachingResponse& team, Output& output) {
  Table table({{"TRACK", Align::kLeft, true},
               {"SITUATION", Align::kLeft, true},
               {"PRACTISED", Align::kRight},
               {"MASTERED", Align::kRight},
               {"LAPSED", Align::kRight},
               {"ASSIGNED", Align::kRight},
               {"TO REVIEW", Align::kRight},
               {"AGREEMENT", Align::kRight}});
  for (const auto& track : team.tracks()) {
    table.Add({IdIn(track.talk_track()), track.situation(), std::to_string(track.practised()),
               std::to_string(track.mastered()), std::to_string(track.lapsed()),
               std::to_string(track.open_assignments()), std::to_string(track.waiting_for_review()),
               track.has_agreement() ? fmt::format("{:.2f}", track.agreement()) : "-"});
  }
  if (!table.empty()) output.Show(table);
  for (const auto& missing : team.missing_tracks()) {
    output.Line(fmt::format("No track is published for {}, where {} {} low in {} twice.", missing.situation(),
                            missing.reps(), missing.reps() == 1 ? "rep scored" : "reps scored",
                            missing.criterion()));
  }
  if (table.empty() && team.missing_tracks().empty())
    output.Note("No talk track is published; finalmile tracks publish gives one to reps.");
}

}  // namespace finalmile::cli
