#include <cstring>

#include "services/leads/domain/limit_state.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

using leads::domain::CompiledSignal;
using leads::domain::LimitScope;
using leads::domain::LimitState;

// Counts activities that the bytes choose, wherever the decoded state allows it.
void GoOn(std::string_view bytes, LimitState& state) {
  for (size_t i = 0; i + 10 <= bytes.size(); i += 10) {
    int64_t time = 0;
    std::memcpy(&time, bytes.data() + i, sizeof time);
    // Any time that an activity may have, and some around.
    time %= int64_t{5'000'000'000'000'000};
    CompiledSignal signal;
    signal.index = static_cast<unsigned char>(bytes[i + 8]) % 8;
    signal.scope = static_cast<LimitScope>(signal.index % 4);
    signal.max_units = 1.5 * (1 + static_cast<double>(signal.index));
    const auto units = 1 + static_cast<uint32_t>(static_cast<unsigned char>(bytes[i + 9]));
    const auto counted = state.Count(signal, time, std::string(1, bytes[i + 9]), units);
    if (counted) Require(*counted >= 0 && *counted <= units, "what counts is part of what came");
  }
}

bool Run(std::string_view bytes) {
  auto state = LimitState::Decode(bytes);
  if (!state.ok()) {
    Require(absl::IsInvalidArgument(state.status()), "refused bytes are an invalid argument");
    return false;
  }
  Require(state->Encode() == bytes, "only what Encode writes is accepted");
  GoOn(bytes, *state);
  state->Trim();
  Require(state->buckets().size() <= LimitState::kMaxBuckets, "a state stays small");
  if (state->fingerprint == 0) return true;
  const auto again = LimitState::Decode(state->Encode());
  Require(again.ok() && *again == *state, "a state survives being stored");
  return true;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {""};
  LimitState state;
  state.fingerprint = 0x0102030405060708;
  seeds.push_back(state.Encode());
  for (int64_t i = 0; i < 90; ++i) {
    CompiledSignal signal;
    signal.index = static_cast<size_t>(i % 5);
    signal.scope = static_cast<LimitScope>(1 + i % 3);
    signal.max_units = 3;
    state.Count(signal, 1'700'000'000'000'000 + i * 500'000'000'000, std::to_string(i % 7), 1);
    if (i == 10) seeds.push_back(state.Encode());
  }
  state.Trim();
  seeds.push_back(state.Encode());
  return seeds;
}

}  // namespace

Target Limits() { return {"limits", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
