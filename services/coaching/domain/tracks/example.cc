#include "services/coaching/domain/tracks/example.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "libs/base/text.h"
#include "services/coaching/domain/analysis/track.h"

namespace finalmile::coaching {
namespace {

void CheckConsent(const Example& example, absl::Time now, Violations& violations) {
  const bool consented = example.provenance == Provenance::kConsented;
  if (example.provenance == Provenance::kUnspecified) violations.Add("provenance", "is required");
  violations.Length("consent_reference", example.consent_reference, consented ? 1 : 0, kMaxConsentCharacters);
  if (!consented && !example.consent_reference.empty())
    violations.Add("consent_reference", "belongs to consented examples only");
  if (consented && example.expire_time == absl::InfiniteFuture())
    violations.Add("expire_time", "is required: when the consent ends");
  if (example.expire_time <= now) violations.Add("expire_time", "must be in the future");
}

void CheckSpeakers(const std::vector<Turn>& turns, Violations& violations) {
  std::set<std::string_view> speakers;
  for (size_t i = 0; i < std::min(turns.size(), kMaxTurns); ++i) speakers.insert(turns[i].speaker);
  if (speakers.size() < 2)
    violations.Add("turns", "must have at least two speakers: a track is shown in role");
}

}  // namespace

void Normalise(Example& example) {
  for (std::string* text : {&example.title, &example.consent_reference, &example.audio_uri})
    *text = std::string(Trim(*text));
  for (Turn& turn : example.turns) turn.speaker = std::string(Trim(turn.speaker));
}

std::vector<Violation> Validate(const Example& example, absl::Time now) {
  Violations violations;
  violations.Length("title", example.title, 1, kMaxExampleTitleCharacters);
  CheckConsent(example, now, violations);
  violations.Length("audio_uri", example.audio_uri, 0, kMaxAudioUriCharacters);
  if (!example.audio_uri.empty() && !example.audio_uri.starts_with("https://") &&
      !example.audio_uri.starts_with("http://")) {
    violations.Add("audio_uri", "must begin with http:// or https://");
  }
  if (!example.turns.empty()) CheckSpeakers(example.turns, violations);
  std::vector<Violation> all = violations.Take();
  std::ranges::move(Validate(std::span<const Turn>(example.turns)), std::back_inserter(all));
  return all;
}

}  // namespace finalmile::coaching
