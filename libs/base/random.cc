#include "libs/base/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cstdlib>
#include <mutex>

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
    if (left_ == 0) Refill();
    return numbers_[--left_];
  }

 private:
  // One call for many numbers: on virtual machines a call costs tens of microseconds.
  void Refill() {
    auto* bytes = reinterpret_cast<unsigned char*>(numbers_.data());
    // Up to 256 bytes are given whole and without interruption (getrandom(2)).
    constexpr size_t kWhole = 256;
    static_assert(sizeof(numbers_) % kWhole == 0);
    for (size_t i = 0; i < sizeof(numbers_); i += kWhole) {
      if (getrandom(bytes + i, kWhole, 0) != static_cast<ssize_t>(kWhole)) std::abort();
    }
    left_ = numbers_.size();
  }

  std::mutex mutex_;
  std::array<uint64_t, 512> numbers_;
  size_t left_ = 0;
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
