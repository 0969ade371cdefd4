#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/violation.h"
#include "services/coaching/domain/turn.h"

namespace finalmile::coaching {

inline constexpr size_t kMaxExamples = 20;
inline constexpr size_t kMaxExampleTitleCharacters = 200;
inline constexpr size_t kMaxConsentCharacters = 200;
inline constexpr size_t kMaxAudioUriCharacters = 2'000;

// Mirrors Example.Provenance.
enum class Provenance { kUnspecified = 0, kStaged = 1, kConsented = 2, kAnonymised = 3 };

// A conversation that shows a track in role. It is personal data: nothing of it may reach logs, errors,
// events or metrics.
struct Example {
  std::string title;
  Provenance provenance = Provenance::kUnspecified;
  // Where the consent is kept.
  std::string consent_reference;
  // When it is deleted; InfiniteFuture: never.
  absl::Time expire_time = absl::InfiniteFuture();
  std::vector<Turn> turns;
  std::string audio_uri;

  friend bool operator==(const Example&, const Example&) = default;
};

// Trims title, consent reference, address and the speakers' names.
void Normalise(Example& example);

// Everything that keeps a normalised example from being kept at `now`; fields are paths below the example.
std::vector<Violation> Validate(const Example& example, absl::Time now);

}  // namespace finalmile::coaching
