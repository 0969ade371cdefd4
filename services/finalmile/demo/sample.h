#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "finalmile/leads/v1/lead_service.pb.h"

namespace finalmile::cli {

struct SampleOptions {
  uint64_t seed = 1;
  int companies = 60;
  int people = 240;
  int weeks = 13;
  // When the sample begins; best a Monday, 00:00 UTC, so that weekly limits fall alike in every run.
  absl::Time start = absl::UnixEpoch();
};

// One day of a sample.
struct SampleDay {
  // The leads that turn up on it, with the ids they are to get.
  std::vector<leads::v1::CreateLeadRequest> leads;
  // What leads known by then did on it, by event time.
  std::vector<leads::v1::Activity> activities;
};

// Invented companies, people of plausible titles, and what they did: most look around a little and lose
// interest, some come back week after week, a few ask for us. Nothing happens on weekends. The same for equal
// options on every platform.
std::vector<SampleDay> GenerateSample(const SampleOptions& options);

}  // namespace finalmile::cli
