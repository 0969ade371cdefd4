#include "tests/simulation/coaching_stories.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using v1::CoachingEvent;

// Times that follow from the memory are worked out in another order of operations here.
constexpr absl::Duration kClose = absl::Milliseconds(1);

bool IsClose(const google::protobuf::Timestamp& time, absl::Time expected) {
  return absl::AbsDuration(rpc::FromTimestamp(time) - expected) < kClose;
}

class Story {
 public:
  Story(std::string rep, const CertificateVersions& versions, std::vector<std::string>& violations)
      : rep_(std::move(rep)), versions_(versions), violations_(violations) {}

  RepStory Follow(const std::vector<CoachingEvent>& events) {
    for (const CoachingEvent& event : events) {
      const absl::Time time = rpc::FromTimestamp(event.time());
      // A transaction begins, or may.
      if (event.has_practice_submitted() || event.has_practice_reviewed() || time != now_) Close();
      now_ = time;
      Take(event);
    }
    Close();
    return std::move(story_);
  }

 private:
  void Violated(const std::string& track, std::string_view what) {
    violations_.push_back(fmt::format("reps/{}, {}: {} at {}", rep_, track, what, absl::FormatTime(now_)));
  }

  void Take(const CoachingEvent& event) {
    switch (event.event_case()) {
      case CoachingEvent::kPracticeSubmitted:
        TakeSubmitted(event.practice_submitted());
        break;
      case CoachingEvent::kPracticeReviewed:
        TakeReviewed(event.practice_reviewed());
        break;
      case CoachingEvent::kPracticeAssigned:
        TakeAssigned(event.practice_assigned());
        break;
      case CoachingEvent::kTalkTrackMastered:
        TakeMastered(event.talk_track_mastered());
        break;
      case CoachingEvent::kRehearsalDue:
        TakeRehearsal(event.rehearsal_due());
        break;
      case CoachingEvent::kMasteryLapsed:
        TakeLapsed(event.mastery_lapsed());
        break;
      case CoachingEvent::kCertificateIssued:
        TakeIssued(event.certificate_issued());
        break;
      case CoachingEvent::kCertificateExpired:
        TakeExpired(event.certificate_expired());
        break;
      default:
        Violated("", "an event that is not a rep's");
    }
  }

  TrackStory& TrackOf(const std::string& name) { return story_.tracks[rpc::IdIn(name)]; }

  // The first version of those that may have counted at this time with which the rep stands so.
  using Holds = std::function<bool(const Standing&)>;
  std::optional<Standing> Find(const std::string& id, size_t first, const Holds& holds) {
    TrackStory& track = story_.tracks[id];
    const auto found = versions_.find(id);
    if (found == versions_.end()) return std::nullopt;
    for (size_t i = first; i < found->second.size(); ++i) {
      const auto& [time, version] = found->second[i];
      if (time > now_ + kMostJumps) break;
      Standing standing = StandingOf(track.practices, version, now_);
      if (!holds(standing)) continue;
      track.version = i;
      return standing;
    }
    return std::nullopt;
  }

  // The newest certificate version of those that may count now with which the rep stands so; there is one.
  int64_t NewestOf(const std::string& id, const Holds& holds) {
    const auto& versions = versions_.at(id);
    int64_t newest = 0;
    for (size_t i = story_.tracks[id].version; i < versions.size(); ++i) {
      const auto& [time, version] = versions[i];
      if (time <= now_ + kMostJumps && holds(StandingOf(story_.tracks[id].practices, version, now_)))
        newest = version;
    }
    return newest;
  }

  // Whether who masters a track so gets a new certificate: the last one has expired, and the last practice
  // that counts took place since it was issued, and not longer than 30 days before its end. `withdrawn`:
  // those that may be withdrawn are.
  bool IsRenewalDue(const std::string& id, const Standing& standing, bool withdrawn) {
    const CertificateStory* last = nullptr;
    for (const auto& [name, certificate] : story_.certificates) {
      if (certificate.track != id || certificate.version < standing.certificate_version) continue;
      if (certificate.state == v1::Certificate::STATE_VALID) {
        if (!certificate.may_be_withdrawn || !withdrawn) return false;
      } else if (certificate.state == v1::Certificate::STATE_EXPIRED &&
                 (last == nullptr || certificate.issue_time > last->issue_time)) {
        last = &certificate;
      }
    }
    return last != nullptr && standing.counted_time > last->issue_time &&
           standing.counted_time >= last->valid_until - absl::Hours(24 * 30);
  }

  void TakeSubmitted(const v1::PracticeSubmitted& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    TrackStory& track = story_.tracks[id];
    const std::string practice = rpc::IdIn(event.practice());
    if (!practices_.emplace(practice, track.practices.size()).second)
      Violated(id, fmt::format("{} was submitted twice", event.practice()));
    const absl::Time time = rpc::FromTimestamp(event.practice_time());
    track.practices.push_back({practice, time, event.version(), event.score(), false});
    // Earlier versions asked for it before this one was published; this one may have been asked for later.
    if (const auto found = versions_.find(id); found != versions_.end()) {
      for (size_t i = track.version; i < found->second.size(); ++i) {
        if (found->second[i].second < event.version()) track.version = i;
      }
    }
    for (auto& [name, assignment] : story_.assignments) {
      if (assignment.assigned.talk_track() == event.talk_track() && assignment.practice.empty() &&
          time >= assignment.time)
        assignment.practice = practice;
    }
    reviewed_.clear();
  }

  void TakeReviewed(const v1::PracticeReviewed& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    const std::string practice = rpc::IdIn(event.practice());
    const auto known = practices_.find(practice);
    reviewed_ = id;
    if (known == practices_.end() || event.levels().empty()) {
      Violated(id, fmt::format("a review of {}", event.practice()));
      return;
    }
    PracticeFacts& facts = story_.tracks[id].practices[known->second];
    const int level = event.levels(0).level();
    story_.reviews.push_back({practice, event.reviewer(), event.self(), level});
    if (event.score_before() != facts.score) Violated(id, "a review begins with another score");
    if (!event.self()) {
      std::map<std::string, int>& levels = levels_[practice];
      levels[event.reviewer()] = level;
      std::vector<int> all;
      for (const auto& [reviewer, one] : levels) all.push_back(one);
      facts.score = ScoreOfLevels(all);
      facts.by_coach = true;
    }
    if (std::abs(event.score() - facts.score) > 1e-9)
      Violated(id, fmt::format("a review leads to {} rather than {}", event.score(), facts.score));
  }

  void TakeAssigned(const v1::PracticeAssigned& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    story_.assignments[event.assignment()] = {event, now_, ""};
    if (event.kind() != v1::Assignment::KIND_REHEARSAL) return;
    // Who has mastered one of the situation's tracks rehearses none.
    for (const auto& [other, track] : story_.tracks) {
      if (SituationOf(other) == SituationOf(id) && track.state == Standing::State::kMastered &&
          !Find(other, track.version,
                [](const Standing& standing) { return standing.state != Standing::State::kMastered; }))
        Violated(id, "a rehearsal of what is mastered");
    }
  }

  void TakeMastered(const v1::TalkTrackMastered& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    TrackStory& track = story_.tracks[id];
    if (track.state == Standing::State::kMastered) Violated(id, "is mastered twice");
    track.state = Standing::State::kMastered;
    mastered_ = id;
    if (!Find(id, track.version, [&](const Standing& standing) {
          return standing.state == Standing::State::kMastered &&
                 IsClose(event.mastered_time(), standing.mastered_time) &&
                 IsClose(event.next_rehearsal_time(), standing.rehearsal_time) &&
                 IsClose(event.lapse_time(), standing.lapse_time) &&
                 event.version() == standing.mastered_version;
        }))
      Violated(id, "is mastered against the rule");
  }

  void TakeRehearsal(const v1::RehearsalDue& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    TrackStory& track = story_.tracks[id];
    const auto standing = Find(id, track.version, [&](const Standing& one) {
      return one.state == Standing::State::kMastered && one.rehearsal_time <= now_ + kClose &&
             std::abs(event.retrievability() - RecallAt(one, now_)) < 1e-6;
    });
    if (!standing || track.state != Standing::State::kMastered) {
      Violated(id, "a rehearsal is due against the rule");
    } else if (standing->last_practice == track.rehearsed) {
      Violated(id, "a rehearsal is due twice");
    } else {
      track.rehearsed = standing->last_practice;
    }
  }

  void TakeLapsed(const v1::MasteryLapsed& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    TrackStory& track = story_.tracks[id];
    if (track.state != Standing::State::kMastered) Violated(id, "lapses although it is not mastered");
    const bool forgotten = event.reason() == v1::LAPSE_REASON_FORGOTTEN;
    const bool renewed = event.reason() == v1::LAPSE_REASON_NEW_VERSION;
    const size_t first = renewed ? std::max(track.version, track.version_before + 1) : track.version;
    const Holds lapsed = [&](const Standing& standing) {
      return standing.state == (forgotten ? Standing::State::kLapsed : Standing::State::kNone);
    };
    const auto standing = Find(id, first, lapsed);
    if (!standing)
      Violated(id, fmt::format("lapses against the rule, {}", v1::LapseReason_Name(event.reason())));
    track.state = Standing::State::kLapsed;
    track.reason = event.reason();
    track.last_lapse = now_;
    track.may_be_forgotten = false;
    if (event.reason() != v1::LAPSE_REASON_CORRECTED) return;
    if (reviewed_ != id) Violated(id, "is corrected without a review");
    if (!standing) return;
    // Those of earlier certificate versions stay.
    const int64_t newest = NewestOf(id, lapsed);
    for (auto& [name, certificate] : story_.certificates) {
      if (certificate.track != id || certificate.state != v1::Certificate::STATE_VALID) continue;
      if (certificate.version >= newest) certificate.state = v1::Certificate::STATE_WITHDRAWN;
      if (certificate.version >= standing->certificate_version) certificate.may_be_withdrawn = true;
    }
  }

  void TakeIssued(const v1::CertificateIssued& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    const bool renews = mastered_ != id;
    mastered_.clear();
    if (renews && !Find(id, story_.tracks[id].version, [&](const Standing& standing) {
          return standing.state == Standing::State::kMastered &&
                 standing.counted_version == event.version() &&
                 IsRenewalDue(id, standing, /*withdrawn=*/true);
        }))
      Violated(id, "a certificate without mastery, nor due to be renewed");
    absl::Time until = absl::InfiniteFuture();
    if (event.has_valid_until()) until = rpc::FromTimestamp(event.valid_until());
    if (until != now_ + ValidityOf(id)) Violated(id, "a certificate is valid for another time");
    const CertificateStory issued{
        .track = id, .version = event.version(), .issue_time = now_, .valid_until = until};
    if (!story_.certificates.emplace(event.certificate(), issued).second)
      Violated(id, fmt::format("{} is issued twice", event.certificate()));
  }

  void TakeExpired(const v1::CertificateExpired& event) {
    const std::string id = rpc::IdIn(event.talk_track());
    const auto found = story_.certificates.find(event.certificate());
    if (found == story_.certificates.end() || found->second.state != v1::Certificate::STATE_VALID ||
        found->second.valid_until > now_) {
      Violated(id, fmt::format("{} expires", event.certificate()));
      return;
    }
    found->second.state = v1::Certificate::STATE_EXPIRED;
  }

  // Every transaction that changes anything of a rep draws all conclusions.
  void Close() {
    if (!mastered_.empty()) Violated(mastered_, "mastery without a certificate");
    mastered_.clear();
    for (auto& [name, track] : story_.tracks) {
      const auto& id = name;  // Clang 14 captures no binding.
      const bool mastered = track.state == Standing::State::kMastered;
      const auto standing = Find(id, track.version, [&](const Standing& one) {
        return (one.state == Standing::State::kMastered) == mastered &&
               !(mastered && IsRenewalDue(id, one, /*withdrawn=*/false));
      });
      if (!standing) {
        Violated(id,
                 mastered ? "has not lapsed, or is not certified anew" : "is not mastered, and should be");
        continue;
      }
      track.version_before = track.version;
      if (standing->state == Standing::State::kLapsed) track.may_be_forgotten = true;
      if (mastered && standing->rehearsal_time <= now_ - kClose && track.rehearsed != standing->last_practice)
        Violated(id, "no rehearsal was called for");
    }
  }

  const std::string rep_;
  const CertificateVersions& versions_;
  std::vector<std::string>& violations_;
  RepStory story_;
  absl::Time now_ = absl::InfinitePast();
  // The place of each practice among those of its track.
  std::map<std::string, size_t> practices_;
  // The levels that coaches gave, by practice and reviewer.
  std::map<std::string, std::map<std::string, int>> levels_;
  // The track whose mastery was told last, until its certificate is; the one whose practice was reviewed
  // last.
  std::string mastered_;
  std::string reviewed_;
};

}  // namespace

RepStory StoryOf(const std::string& rep, const std::vector<CoachingEvent>& events,
                 const CertificateVersions& versions, std::vector<std::string>& violations) {
  return Story(rep, versions, violations).Follow(events);
}

}  // namespace finalmile::simulation
