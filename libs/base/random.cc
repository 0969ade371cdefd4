#include "libs/base/random.h"

#include <fmt/format.h>

#include <mutex>
#include <random>

namespace finalmile {
namespace {

class SeededRng final : public Rng {
 public:
  explicit SeededRng(uint64_t seed) : state_(seed) {}

  uint64_t Next() override {
    std::lock_guard lock(mutex_);
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::mutex mutex_;
  uint64_t state_;
};

class SystemRng final : public Rng {
 public:
  uint64_t Next() override {
    std::lock_guard lock(mutex_);
    return static_cast<uint64_t>(device_()) << 32 | device_();
  }

 private:
  std::mutex mutex_;
  std::random_device device_;
};

}  // namespace

std::unique_ptr<Rng> NewSystemRng() { return std::make_unique<SystemRng>(); }
std::unique_ptr<Rng> NewSeededRng(uint64_t seed) { return std::make_unique<SeededRng>(seed); }

std::string NewUuid(const Clock& clock, Rng& rng) {
  const uint64_t millis = static_cast<uint64_t>(absl::ToUnixMillis(clock.Now()));
  const uint64_t a = rng.Next();
  const uint64_t b = rng.Next();
  return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", (millis >> 16) & 0xFFFFFFFFu, millis & 0xFFFFu,
                     a & 0xFFFu, 0x8000u | ((a >> 12) & 0x3FFFu), b & 0xFFFFFFFFFFFFu);
}

}  // namespace finalmile
