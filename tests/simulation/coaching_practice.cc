#include "tests/simulation/coaching_practice.h"

#include <fmt/format.h>

#include <iterator>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/domain/practice/rubric.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using absl::StatusCode;

constexpr int kRepActions = 11;
constexpr int kCoachActions = 12;
// Practices lie so far back at most; with kMostJumps, it is less than the service takes.
constexpr absl::Duration kOldest = absl::Hours(24 * 20);

// Most often the same one, so that it comes to be mastered.
std::string AnyTrack(const CoachingStage& stage) {
  const uint64_t choice = stage.Below(5);
  return fmt::format("t{}", choice < 3 ? 0 : choice - 2);
}

// One of those that were submitted, as acknowledged; null while there is none.
const PracticeModel* AnySubmitted(const CoachingStage& stage) {
  std::vector<const PracticeModel*> submitted;
  for (const auto& [time, practice] : stage.model.practices) {
    if (practice.submitted) submitted.push_back(&practice);
  }
  return submitted.empty() ? nullptr : submitted[stage.Below(submitted.size())];
}

void Review(const CoachingStage& stage, const ServiceClient& client, const std::string& id,
            const std::string& practice, bool self) {
  v1::SubmitReviewRequest request;
  request.set_name(practice);
  request.set_self(self);
  request.set_request_id("review-" + id);
  const uint64_t draw = stage.Below(8);
  const int level = draw < 5 ? 3 : draw < 7 ? 2 : 0;
  for (const coaching::Criterion& criterion : coaching::FirstConversation().criteria) {
    v1::CriterionLevel& one = *request.mutable_review()->add_levels();
    one.set_criterion(criterion.id);
    one.set_level(level);
  }
  v1::TurnComment& comment = *request.mutable_review()->add_comments();
  comment.set_turn(0);
  comment.set_text(id);
  stage.model.reviews[id] = {practice, client.caller, self, level};
  for (int times = stage.OneIn(4) ? 2 : 1; times > 0; --times) {
    if (client.Call<v1::SubmitReviewResponse>("PracticeService/SubmitReview", request))
      stage.model.reviews[id].acknowledged = true;
  }
}

class Rep {
 public:
  Rep(const CoachingStage& stage, const std::string& name)
      : stage_(stage),
        name_(name),
        client_(stage.As(name, {finalmile::v1::ROLE_SETTER, finalmile::v1::ROLE_HOST})) {}

  void Act(const std::string& id) {
    const uint64_t action = stage_.Below(10);
    if (action < 6) {
      Practise(id, NewTime(), /*draft=*/false);
    } else if (action == 6) {
      Practise(id, NewTime(), /*draft=*/true);
    } else if (action == 7) {
      SubmitDraft(id);
    } else if (action == 8) {
      if (const PracticeModel* own = OwnSubmitted()) Review(stage_, client_, id, own->name, /*self=*/true);
    } else {
      LookAtOthers();
    }
  }

 private:
  const PracticeModel* OwnSubmitted() {
    const PracticeModel* any = AnySubmitted(stage_);
    return any != nullptr && any->rep == name_ ? any : nullptr;
  }

  // No two practices have the same.
  int64_t NewTime() {
    int64_t time = 0;
    do {
      // Some are fresh, and a few lie ahead, as where clocks differ.
      const double age = stage_.simulation.rng().Uniform();
      const absl::Duration ago = stage_.OneIn(3) ? age * absl::Minutes(6) - absl::Minutes(1) : age * kOldest;
      time = ToMicros(stage_.simulation.clock().Now() - ago);
    } while (stage_.model.practices.contains(time));
    PracticeModel& practice = stage_.model.practices[time];
    practice.rep = name_;
    practice.track = AnyTrack(stage_);
    const uint64_t draw = stage_.Below(6);
    practice.score = kWordings[draw < 3 ? 0 : draw < 5 ? 1 : 2].score;
    return time;
  }

  void Practise(const std::string& id, int64_t time, bool draft) {
    PracticeModel& practice = stage_.model.practices[time];
    v1::SubmitPracticeRequest request;
    v1::Practice& sent = *request.mutable_practice();
    sent.set_name(practice.name);
    sent.set_talk_track("talkTracks/" + practice.track);
    *sent.mutable_practice_time() = rpc::ToTimestamp(FromMicros(time));
    v1::Turn& turn = *sent.add_turns();
    turn.set_speaker(name_);
    turn.set_role(v1::Turn::ROLE_REP);
    for (const Wording& wording : kWordings) {
      if (wording.score == practice.score) turn.set_text(wording.text);
    }
    request.set_draft(draft);
    request.set_request_id("practice-" + id);
    (draft ? practice.may_be_draft : practice.may_be_submitted) = true;
    for (int times = stage_.OneIn(4) ? 2 : 1; times > 0; --times) {
      const auto answer = client_.Call<v1::SubmitPracticeResponse>("PracticeService/SubmitPractice", request,
                                                                   {StatusCode::kNotFound});
      if (!answer) continue;
      const std::string& name = answer->practice().name();
      if (!practice.name.empty() && name != practice.name)
        stage_.Violated(fmt::format("practice {} was answered with {} and {}", id, practice.name, name));
      practice.name = name;
      if (draft) continue;
      practice.submitted = true;
      if (answer->practice().score() != practice.score)
        stage_.Violated(fmt::format("{} has the score {}", name, answer->practice().score()));
    }
  }

  void SubmitDraft(const std::string& id) {
    for (const auto& [time, practice] : stage_.model.practices) {
      if (practice.rep != name_ || practice.name.empty() || practice.may_be_submitted) continue;
      // The service takes none that is older.
      if (FromMicros(time) < stage_.simulation.clock().Now() - kOldest - kMostJumps) continue;
      Practise(id, time, /*draft=*/false);
      return;
    }
  }

  // Practices of others are not there for a rep, drafts or not.
  void LookAtOthers() {
    const PracticeModel* any = AnySubmitted(stage_);
    if (any == nullptr || any->rep == name_) return;
    v1::GetPracticeRequest get;
    get.set_name(any->name);
    if (client_.Call<v1::Practice>("PracticeService/GetPractice", get, {StatusCode::kNotFound}))
      stage_.Violated(fmt::format("{} sees {}", name_, any->name));
  }

  const CoachingStage& stage_;
  const std::string name_;
  const ServiceClient client_;
};

class Coach {
 public:
  Coach(const CoachingStage& stage, const std::string& name)
      : stage_(stage), client_(stage.As(name, {finalmile::v1::ROLE_COACH})) {}

  void Act(const std::string& id) {
    const uint64_t action = stage_.Below(10);
    if (action < 4) {
      ReviewNext(id);
    } else if (action < 7) {
      if (const PracticeModel* any = AnySubmitted(stage_))
        Review(stage_, client_, id, any->name, /*self=*/false);
    } else if (action == 7) {
      Assign(id);
    } else {
      LookForDrafts();
    }
  }

 private:
  void ReviewNext(const std::string& id) {
    const auto queue = client_.Call<v1::ListReviewQueueResponse>("PracticeService/ListReviewQueue",
                                                                 v1::ListReviewQueueRequest());
    if (!queue || queue->practices().empty()) return;
    for (const v1::QueuedPractice& queued : queue->practices()) {
      if (queued.practice().state() != v1::Practice::STATE_SUBMITTED)
        stage_.Violated(fmt::format("{} waits for a review", queued.practice().name()));
    }
    Review(stage_, client_, id, queue->practices(0).practice().name(), /*self=*/false);
  }

  void Assign(const std::string& id) {
    v1::AssignPracticeRequest request;
    const std::string track = AnyTrack(stage_);
    request.set_talk_track("talkTracks/" + track);
    for (const char* rep : kReps) {
      if (stage_.OneIn(2)) request.add_reps(std::string("reps/") + rep);
    }
    if (request.reps().empty()) return;
    if (stage_.OneIn(2)) {
      *request.mutable_due_time() = rpc::ToTimestamp(stage_.simulation.clock().Now() + absl::Hours(1) +
                                                     stage_.simulation.rng().Uniform() * absl::Hours(100));
    }
    request.set_request_id("assign-" + id);
    // The clock may have passed the due time.
    const auto answer = client_.Call<v1::AssignPracticeResponse>(
        "PracticeService/AssignPractice", request,
        {StatusCode::kNotFound, StatusCode::kFailedPrecondition, StatusCode::kInvalidArgument});
    if (!answer) return;
    for (const v1::Assignment& one : answer->assignments())
      stage_.model.assigned[one.name()] = {rpc::IdIn(one.rep()), track};
  }

  void LookForDrafts() {
    v1::ListPracticesRequest list;
    list.set_page_size(1000);
    if (stage_.OneIn(2)) list.set_filter("state = STATE_DRAFT");
    // An admin sees no more of drafts.
    const ServiceClient admin = stage_.As();
    const ServiceClient& looking = stage_.OneIn(2) ? admin : client_;
    const auto listed = looking.Call<v1::ListPracticesResponse>("PracticeService/ListPractices", list);
    if (!listed) return;
    for (const v1::Practice& one : listed->practices()) {
      if (one.state() == v1::Practice::STATE_DRAFT)
        stage_.Violated(fmt::format("{}, a draft, is listed for others", one.name()));
    }
    for (const auto& [time, practice] : stage_.model.practices) {
      if (practice.name.empty() || practice.submitted || !stage_.OneIn(2)) continue;
      v1::GetPracticeRequest get;
      get.set_name(practice.name);
      const auto seen =
          looking.Call<v1::Practice>("PracticeService/GetPractice", get, {StatusCode::kNotFound});
      if (seen && seen->state() == v1::Practice::STATE_DRAFT)
        stage_.Violated(fmt::format("{}, a draft, is shown to others", practice.name));
      break;
    }
  }

  const CoachingStage& stage_;
  const ServiceClient client_;
};

}  // namespace

void PlayRep(const CoachingStage& stage, int round, const std::string& rep) {
  Rep one(stage, rep);
  for (int i = 0; i < kRepActions; ++i) {
    stage.Pause(absl::Seconds(2));
    one.Act(fmt::format("{}-{}-{}", rep, round, i));
  }
}

void PlayCoach(const CoachingStage& stage, int round, const std::string& coach) {
  Coach one(stage, coach);
  stage.Pause(absl::Seconds(2));
  for (int i = 0; i < kCoachActions; ++i) {
    stage.Pause(absl::Seconds(2));
    one.Act(fmt::format("{}-{}-{}", coach, round, i));
  }
}

}  // namespace finalmile::simulation
