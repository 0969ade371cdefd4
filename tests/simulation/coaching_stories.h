#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "tests/simulation/coaching_recomputation.h"

namespace finalmile::simulation {

// By track, the versions that asked for mastery anew, with the time of their publication; the first one of a
// track does.
using CertificateVersions = std::map<std::string, std::vector<std::pair<absl::Time, int64_t>>>;

// What the events of a rep tell of one track.
struct TrackStory {
  std::vector<PracticeFacts> practices;
  Standing::State state = Standing::State::kNone;
  coaching::v1::LapseReason reason = coaching::v1::LAPSE_REASON_UNSPECIFIED;
  // When an event said so last.
  absl::Time last_lapse = absl::InfinitePast();
  // It came to light that the track had been mastered only when it was forgotten: no event tells that.
  bool may_be_forgotten = false;
  // The practice after which a rehearsal was called for.
  std::string rehearsed;
  // Place in CertificateVersions of the one that counted in the last transaction, and of the one that counts
  // now, at least.
  size_t version_before = 0;
  size_t version = 0;
};

struct CertificateStory {
  std::string track;
  int64_t version = 0;
  absl::Time issue_time;
  absl::Time valid_until;
  coaching::v1::Certificate::State state = coaching::v1::Certificate::STATE_VALID;
  // A correction withdrew it if it came before the publication that asked for mastery anew.
  bool may_be_withdrawn = false;
};

struct AssignmentStory {
  coaching::v1::PracticeAssigned assigned;
  absl::Time time;
  // The practice that did it, unless it was withdrawn before; empty: none.
  std::string practice;
};

struct ReviewStory {
  std::string practice;
  std::string reviewer;
  bool self = false;
  int level = 0;

  friend auto operator<=>(const ReviewStory&, const ReviewStory&) = default;
};

struct RepStory {
  std::map<std::string, TrackStory> tracks;
  // By name.
  std::map<std::string, CertificateStory> certificates;
  std::map<std::string, AssignmentStory> assignments;
  // In order.
  std::vector<ReviewStory> reviews;
};

// Follows the events of a rep, in their order, and holds each against a recomputation from the practices and
// reviews that came before. What does not hold is added to `violations`.
RepStory StoryOf(const std::string& rep, const std::vector<coaching::v1::CoachingEvent>& events,
                 const CertificateVersions& versions, std::vector<std::string>& violations);

}  // namespace finalmile::simulation
