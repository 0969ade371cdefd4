#include "services/coaching/domain/practice/mastery.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace finalmile::coaching {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

// Days that count, and whether a coach reviewed a practice of them that counts.
using Days = std::map<absl::CivilDay, bool>;

struct Window {
  std::vector<absl::CivilDay> days;
  bool coach_reviewed = false;
};
// The window that ends with `last`.
Window WindowUntil(const Days& days, absl::CivilDay last) {
  Window window;
  for (auto day = days.lower_bound(last - (kMasteringWindow - 1)); day != days.end() && day->first <= last;
       ++day) {
    window.days.push_back(day->first);
    window.coach_reviewed = window.coach_reviewed || day->second;
  }
  return window;
}

// Whether one of the windows that hold `day` is enough.
bool MastersWith(const Days& days, absl::CivilDay day) {
  for (auto last = days.lower_bound(day); last != days.end() && last->first < day + kMasteringWindow;
       ++last) {
    const Window window = WindowUntil(days, last->first);
    if (window.days.size() >= kMasteringDays && window.coach_reviewed) return true;
  }
  return false;
}

void Remember(Mastery& mastery, const PracticeFact& practice, absl::CivilDay last_day) {
  const Grade grade = GradeOf(practice.score);
  mastery.memory =
      mastery.memory ? NextMemory(*mastery.memory, practice.day - last_day, grade) : FirstMemory(grade);
  mastery.last_practice = practice.id;
  mastery.last_time = practice.time;
}

void LapseBy(Mastery& mastery, Days& days, absl::Time now) {
  if (mastery.state != MasteryState::kMastered || mastery.lapse_time > now) return;
  mastery.state = MasteryState::kLapsed;
  mastery.rehearsal_time = absl::InfiniteFuture();
  days.clear();
}

absl::Time After(const Mastery& mastery, double retrievability) {
  return mastery.last_time + IntervalDays(retrievability, mastery.memory->stability) * kDay;
}

}  // namespace

PracticeFact FactOf(PracticeId id, const Practice& practice) {
  return {std::move(id),          practice.time,     practice.day,
          practice.track_version, ScoreOf(practice), ReviewScore(practice).has_value()};
}

Mastery MasteryOf(std::vector<PracticeFact> practices, int64_t certificate_version, absl::Time now) {
  std::sort(practices.begin(), practices.end(), [](const PracticeFact& a, const PracticeFact& b) {
    return std::tie(a.time, a.id) < std::tie(b.time, b.id);
  });
  Mastery mastery;
  Days days;
  absl::CivilDay last_day;
  for (const PracticeFact& practice : practices) {
    LapseBy(mastery, days, practice.time);
    Remember(mastery, practice, last_day);
    last_day = practice.day;
    if (practice.track_version >= certificate_version && practice.score >= kMasteringScore) {
      bool& reviewed = days[practice.day];
      reviewed = reviewed || practice.coach_reviewed;
      mastery.counted_time = practice.time;
      mastery.counted_version = practice.track_version;
    }
    if (mastery.state != MasteryState::kMastered && MastersWith(days, practice.day)) {
      mastery.state = MasteryState::kMastered;
      mastery.mastered_time = practice.time;
      mastery.mastered_version = practice.track_version;
    }
    if (mastery.state == MasteryState::kMastered) {
      mastery.rehearsal_time = After(mastery, kRehearseAt);
      mastery.lapse_time = std::max(After(mastery, kForgottenAt), mastery.mastered_time + kShortestMastery);
    }
  }
  LapseBy(mastery, days, now);
  if (!days.empty()) {
    Window window = WindowUntil(days, days.rbegin()->first);
    mastery.days = std::move(window.days);
    mastery.coach_reviewed = window.coach_reviewed;
  }
  return mastery;
}

double RetrievabilityAt(const Mastery& mastery, absl::Time now) {
  return Retrievability(absl::FDivDuration(now - mastery.last_time, kDay), mastery.memory->stability);
}

std::vector<MasteryEvent> Update(MasteryRecord& record, const Mastery& mastery, int64_t certificate_version,
                                 absl::Time now) {
  std::vector<MasteryEvent> events;
  const bool was = record.state == MasteryState::kMastered;
  if (mastery.state == MasteryState::kMastered) {
    if (!was) events.emplace_back(Mastered{});
    record.state = MasteryState::kMastered;
    record.certificate_version = certificate_version;
    if (mastery.rehearsal_time <= now && record.rehearsed != mastery.last_practice) {
      record.rehearsed = mastery.last_practice;
      events.emplace_back(RehearsalCalled{RetrievabilityAt(mastery, now)});
    }
    return events;
  }
  const bool forgotten = mastery.state == MasteryState::kLapsed;
  if (was || forgotten) {
    record.state = MasteryState::kLapsed;
    record.lapse_reason = forgotten                                          ? LapseReason::kForgotten
                          : certificate_version > record.certificate_version ? LapseReason::kNewVersion
                                                                             : LapseReason::kCorrected;
  }
  // A mastery that came to light only after it had lapsed has no event.
  if (was) events.emplace_back(Lapsed{*record.lapse_reason});
  return events;
}

absl::Time NextDue(const MasteryRecord& record, const Mastery& mastery) {
  if (mastery.state != MasteryState::kMastered) return absl::InfiniteFuture();
  if (record.rehearsed == mastery.last_practice) return mastery.lapse_time;
  return std::min(mastery.rehearsal_time, mastery.lapse_time);
}

}  // namespace finalmile::coaching
