// The coaching service in two processes on one store and one log. Authors publish talk tracks, reps practise,
// coaches review and assign, meetings are set, moved and scored, assets of the catalog change, while
// processes crash and freeze; then weeks pass in which tracks are forgotten and certificates expire.

#include <fmt/format.h>

#include <iterator>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/app/settings.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/schema.h"
#include "services/coaching/wiring.h"
#include "tests/simulation/coaching_checks.h"
#include "tests/simulation/coaching_practice.h"

namespace finalmile::simulation {
namespace {

using testing::Simulation;

constexpr int kAuthors = 3;
constexpr int kRounds = 2;
constexpr int kTroubles = 8;

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"coaching", coaching::kModule.migrations}},
                 {{.name = outbox::TopicName<coaching::v1::CoachingEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<catalog::v1::CatalogEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<appointments::v1::AppointmentEvent>(), .partitions = 3}}),
        config_(*config::Load(app::SchemaFor({&coaching::kModule}), {}, {})),
        stage_{simulation_, servers_, replicas_, violations_, model_} {}

  Outcome Play() {
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, coaching::kModule, config_, process);
      }));
    }
    for (int round = 0; round < kRounds; ++round) {
      PlayRound(round);
      Settle();
      // Who has mastered it hears of that by the timer, for nothing else happens.
      if (stage_.OneIn(3)) AskForMasteryAnew(stage_, round);
      simulation_.Sleep(2 * outbox::kLookAgain);
      Check();
      CheckLowScores();
      // Rehearsals fall due, and some tracks are forgotten.
      PassWeeks(2 + static_cast<int>(stage_.Below(5)));
    }
    // All are, and every certificate that can expire does.
    PassWeeks(26);
    CheckLowScores();
    if (const int64_t left = Count("examples WHERE due_time IS NOT NULL"); left > 0)
      stage_.Violated(fmt::format("{} examples outlive their consent", left));
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  int64_t Count(const std::string& from) { return servers_.Query("SELECT COUNT(*) FROM " + from)[0].Int(0); }

  void Spawn(std::string name, std::function<void()> play) {
    ++playing_;
    simulation_.Spawn(std::move(name), [this, play = std::move(play)] {
      play();
      --playing_;
    });
  }

  void PlayRound(int round) {
    simulation_.faults() = testing::Faults::Draw(simulation_.rng());
    Spawn("assets", [this] { SendAssets(stage_); });
    Spawn("meetings", [this, round] { SendMeetings(stage_, round); });
    for (int author = 0; author < kAuthors; ++author)
      Spawn(fmt::format("author {}", author), [this, round, author] { PlayAuthor(stage_, round, author); });
    for (const char* rep : kReps) Spawn(rep, [this, round, rep] { PlayRep(stage_, round, rep); });
    for (const char* coach : kCoaches)
      Spawn(coach, [this, round, coach] { PlayCoach(stage_, round, coach); });
    for (int i = 0; i < kTroubles; ++i) {
      if (Meddle(simulation_, replicas_, absl::Seconds(3), 5) != 2) continue;
      const absl::Duration by = simulation_.rng().Uniform() * kMostJumps / kTroubles;
      model_.jumps[simulation_.clock().Now()] = by;
      simulation_.ShiftWallClock(by);
    }
    while (playing_ > 0) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
  }

  // What falls due by then is noticed by the timers alone: nothing else happens.
  void PassWeeks(int weeks) {
    simulation_.ShiftWallClock(absl::Hours(24 * 7) * weeks);
    Check();
  }

  void Check() {
    Settle();
    CheckConclusions(stage_, CheckCoachingWorld(stage_));
  }

  void CheckLowScores() {
    ScoreEachRep(stage_, ++scored_);
    Check();
    CheckLowScorePractice(stage_);
  }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      int64_t due = 0;
      for (const char* table : {"examples", "practice_meetings", "practice_reps", "talk_tracks"}) {
        // The clock of the process that wrote the time may be ahead.
        due +=
            Count(fmt::format("{} WHERE due_time <= {}", table, ToMicros(simulation_.clock().Now() + kSkew)));
      }
      const int64_t lag =
          servers_.Lag("coaching.catalog", outbox::TopicName<catalog::v1::CatalogEvent>()) +
          servers_.Lag("coaching.appointments", outbox::TopicName<appointments::v1::AppointmentEvent>());
      if (outbox + due + lag == 0) return;
      left = fmt::format("{} rows in the outbox, {} due, {} events behind", outbox, due, lag);
    } while (simulation_.clock().Steady() < limit);
    stage_.Violated("does not come to rest: " + left);
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  CoachingModel model_;
  const CoachingStage stage_;
  // Tasks of the round.
  int playing_ = 0;
  int scored_ = 0;
};

}  // namespace

Outcome RunCoachingWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
