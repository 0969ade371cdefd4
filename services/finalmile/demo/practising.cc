#include "services/finalmile/demo/practising.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <vector>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/practice_name.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_practice.h"
#include "services/finalmile/demo/track_sample.h"
#include "services/finalmile/import/track_file.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/moment.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;
using appointments::v1::Appointment;
using appointments::v1::ListAppointmentsRequest;
using appointments::v1::ListAppointmentsResponse;
using google::protobuf::RepeatedPtrField;

constexpr char kBen[] = "reps/ben";
constexpr char kAna[] = "reps/ana";
// A practice that the analysis gives less misses something that cora misses too.
constexpr double kGood = 9;
constexpr int kPage = 1000;
constexpr size_t kFriday = 4;

// From which day on ben practises what, once a day at most: a first try, then three days in a row.
struct Attempt {
  size_t day = 0;
  std::span<const SampleTurn> turns;
};
std::array<Attempt, 4> Attempts() {
  return {{{36, FirstTry()}, {43, Practised()}, {44, Practised()}, {45, Practised()}}};
}

std::string TrackMethod(std::string_view name) {
  return fmt::format("coaching.v1.TalkTrackService/{}", name);
}

RepeatedPtrField<Turn> TurnsOf(std::span<const SampleTurn> sample) {
  RepeatedPtrField<Turn> turns;
  for (const SampleTurn& one : sample) {
    Turn& turn = *turns.Add();
    turn.set_speaker(one.rep ? "Ben" : "Guest");
    turn.set_role(one.rep ? Turn::ROLE_REP : Turn::ROLE_GUEST);
    turn.set_text(std::string(one.text));
  }
  return turns;
}

SubmitPracticeRequest PracticeOf(const std::string& track, std::span<const SampleTurn> turns) {
  SubmitPracticeRequest request;
  request.mutable_practice()->set_talk_track(track);
  *request.mutable_practice()->mutable_turns() = TurnsOf(turns);
  return request;
}

std::string MomentOf(const google::protobuf::Timestamp& time, const Session& at) {
  return FormatMoment(rpc::FromTimestamp(time), at.clock.Now(), at.output.zone());
}

}  // namespace

absl::Status Practising::Begin() {
  CreateTalkTrackRequest create;
  const std::string file(kSampleTrackFile);
  ASSIGN_OR_RETURN(*create.mutable_talk_track(), ReadTrackFile(file, SampleTrack()));
  create.set_talk_track_id(TrackIdOf(file));
  ASSIGN_OR_RETURN(const TalkTrack created,
                   Call<TalkTrack>(channels_.admin, TrackMethod("CreateTalkTrack"), create));
  track_ = created.name();
  AddExampleRequest example;
  example.set_parent(track_);
  example.mutable_example()->set_title("First call");
  example.mutable_example()->set_provenance(Example::PROVENANCE_STAGED);
  *example.mutable_example()->mutable_turns() = TurnsOf(SampleExample());
  RETURN_IF_ERROR(Call<Example>(channels_.cora, TrackMethod("AddExample"), example).status());
  PublishTalkTrackRequest publish;
  publish.set_name(track_);
  return Call<PublishTalkTrackResponse>(channels_.cora, TrackMethod("PublishTalkTrack"), publish).status();
}

absl::Status Practising::PlayDay(size_t day) {
  const auto attempts = Attempts();
  if (practised_ < attempts.size() && day >= attempts[practised_].day) {
    const SubmitPracticeRequest practice = PracticeOf(track_, attempts[practised_++].turns);
    RETURN_IF_ERROR(
        Call<SubmitPracticeResponse>(channels_.ben, PracticeMethod("SubmitPractice"), practice).status());
  }
  RETURN_IF_ERROR(NoteRehearsals());
  if (day % 7 != kFriday) return absl::OkStatus();
  RETURN_IF_ERROR(ReviewAll());
  return RehearseIfDue();
}

absl::Status Practising::ReviewAll() {
  ASSIGN_OR_RETURN(const auto queue,
                   Call<ListReviewQueueResponse>(channels_.cora, PracticeMethod("ListReviewQueue"),
                                                 ListReviewQueueRequest()));
  if (queue.practices().empty()) return absl::OkStatus();
  GetTalkTrackRequest get;
  get.set_name(track_);
  ASSIGN_OR_RETURN(const TalkTrack track, Call<TalkTrack>(channels_.cora, TrackMethod("GetTalkTrack"), get));
  for (const QueuedPractice& queued : queue.practices()) {
    SubmitReviewRequest request;
    request.set_name(queued.practice().name());
    const bool good = queued.practice().score() >= kGood;
    for (const Criterion& criterion : track.rubric().criteria()) {
      CriterionLevel& level = *request.mutable_review()->add_levels();
      level.set_criterion(criterion.id());
      // Nobody opens perfectly.
      level.set_level(!good ? 1 : criterion.id() == "opening" ? 2 : 3);
    }
    RETURN_IF_ERROR(
        Call<SubmitReviewResponse>(channels_.cora, PracticeMethod("SubmitReview"), request).status());
  }
  return absl::OkStatus();
}

absl::Status Practising::RehearseIfDue() {
  ASSIGN_OR_RETURN(const auto due,
                   Call<ListDuePracticeResponse>(channels_.ben, PracticeMethod("ListDuePractice"),
                                                 ListDuePracticeRequest()));
  for (const DuePractice& one : due.due()) {
    if (one.reason() != DuePractice::REASON_REHEARSAL) continue;
    return Call<SubmitPracticeResponse>(channels_.ben, PracticeMethod("SubmitPractice"),
                                        PracticeOf(one.talk_track(), Practised()))
        .status();
  }
  return absl::OkStatus();
}

absl::Status Practising::NoteRehearsals() {
  ListDuePracticeRequest request;
  request.set_rep(kAna);
  ASSIGN_OR_RETURN(const auto due, Call<ListDuePracticeResponse>(channels_.admin,
                                                                 PracticeMethod("ListDuePractice"), request));
  for (const DuePractice& one : due.due()) {
    if (one.reason() == DuePractice::REASON_MEETING) rehearsals_[one.assignment().name()] = one;
  }
  return absl::OkStatus();
}

absl::Status Practising::Show(Output& output) {
  Session at{output, session_.input, clock_, session_.rng, session_.connector, session_.timeout};
  GetMasteryRequest get;
  get.set_rep(kBen);
  get.set_talk_track(track_);
  ASSIGN_OR_RETURN(const auto mastery,
                   Call<GetMasteryResponse>(channels_.admin, PracticeMethod("GetMastery"), get));
  ListCertificatesRequest list;
  list.set_rep(kBen);
  ASSIGN_OR_RETURN(const auto certificates,
                   Call<ListCertificatesResponse>(channels_.admin, PracticeMethod("ListCertificates"), list));
  RETURN_IF_ERROR(ShowPractices(mastery, certificates, at));
  ListAppointmentsRequest list_meetings;
  list_meetings.set_filter(fmt::format("situation = \"{}\"", kSampleSituation));
  list_meetings.set_page_size(kPage);
  ASSIGN_OR_RETURN(
      const auto meetings,
      Call<ListAppointmentsResponse>(channels_.admin, "appointments.v1.AppointmentService/ListAppointments",
                                     list_meetings));
  ShowRouting(certificates, meetings, at);
  ShowRehearsals(meetings, at);
  return absl::OkStatus();
}

absl::Status Practising::ShowPractices(const GetMasteryResponse& mastery,
                                       const ListCertificatesResponse& certificates, Session& at) {
  ListPracticesRequest list;
  list.set_filter(fmt::format("rep = \"{}\" AND talk_track = \"{}\"", kBen, track_));
  list.set_page_size(kPage);
  ASSIGN_OR_RETURN(const auto practices,
                   Call<ListPracticesResponse>(channels_.admin, PracticeMethod("ListPractices"), list));
  if (at.output.json()) {
    for (const auto& one : practices.practices()) at.output.Json(one);
    at.output.Json(mastery);
    for (const auto& one : certificates.certificates()) at.output.Json(one);
    return absl::OkStatus();
  }
  at.output.Line();
  at.output.Line(
      fmt::format("Meetings about {} have a talk track. ben practised it, cora reviewed:", kSampleSituation));
  at.output.Line();
  Table table({{"PRACTISED"}, {"STATE"}, {"SCORE", Align::kRight}});
  // The newest one comes first. NOLINTNEXTLINE(modernize-loop-convert): Clang 14 does not read std::views.
  for (auto one = practices.practices().rbegin(); one != practices.practices().rend(); ++one) {
    table.Add({MomentOf(one->practice_time(), at), EnumText(Practice::State_Name(one->state()), "STATE_"),
               FormatPoints(one->score())});
  }
  at.output.Show(table);
  at.output.Line();
  ShowMastery(mastery, {certificates.certificates().begin(), certificates.certificates().end()}, at);
  for (const Mastery& one : mastery.mastery()) {
    if (!one.has_next_rehearsal_time()) continue;
    at.output.Line();
    at.output.Line(fmt::format("ben rehearses it again by {}.", MomentOf(one.next_rehearsal_time(), at)));
  }
  return absl::OkStatus();
}

void Practising::ShowRouting(const ListCertificatesResponse& certificates,
                             const ListAppointmentsResponse& meetings, Session& at) {
  if (at.output.json()) {
    for (const Appointment& meeting : meetings.appointments()) at.output.Json(meeting);
    return;
  }
  if (certificates.certificates().empty()) return;
  // The first one; routing knows of the mastery since then.
  const absl::Time mastered = rpc::FromTimestamp(certificates.certificates().rbegin()->issue_time());
  struct Count {
    int before = 0;
    int since = 0;
  };
  std::map<std::string, Count> counts;
  Count all;
  for (const Appointment& meeting : meetings.appointments()) {
    const bool since = rpc::FromTimestamp(meeting.set_time()) > mastered;
    ++(since ? counts[meeting.host()].since : counts[meeting.host()].before);
    ++(since ? all.since : all.before);
  }
  at.output.Line();
  at.output.Line(fmt::format("What it changed: who holds the meetings about {}, set before {} and since.",
                             kSampleSituation, FormatMoment(mastered, clock_.Now(), at.output.zone())));
  at.output.Line();
  Table table({{"HOST"}, {"BEFORE", Align::kRight}, {"SINCE", Align::kRight}});
  for (const auto& [host, count] : counts) {
    table.Add({rpc::IdIn(host), fmt::format("{} of {}", count.before, all.before),
               fmt::format("{} of {}", count.since, all.since)});
  }
  at.output.Show(table);
  at.output.Line();
  at.output.Line(
      "A host who has not mastered the situation of a meeting takes its turn with half its weight.");
}

void Practising::ShowRehearsals(const ListAppointmentsResponse& meetings, Session& at) {
  if (at.output.json()) {
    for (const auto& [name, due] : rehearsals_) at.output.Json(due);
    return;
  }
  // The last one by its meeting.
  const DuePractice* last = nullptr;
  for (const auto& [name, due] : rehearsals_) {
    if (last == nullptr || rpc::FromTimestamp(due.due_time()) > rpc::FromTimestamp(last->due_time()))
      last = &due;
  }
  if (last == nullptr) return;
  const auto meeting =
      std::find_if(meetings.appointments().begin(), meetings.appointments().end(),
                   [&](const Appointment& one) { return one.name() == last->assignment().appointments(0); });
  if (meeting == meetings.appointments().end()) return;
  at.output.Line(
      fmt::format("ana has not: {} rehearsals before meetings were assigned to her, the last by {} for the "
                  "meeting of {}.",
                  rehearsals_.size(), MomentOf(last->due_time(), at), MomentOf(meeting->start_time(), at)));
}

}  // namespace finalmile::cli
