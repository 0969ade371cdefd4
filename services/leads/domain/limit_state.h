#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/compiled_policy.h"

namespace finalmile::leads::domain {

// The part of a lead's past that the limits of a policy need in order to count one more activity.
//
// All units of a bucket (a signal, and its week or subject) are worth the same, so a bucket keeps the number
// of units and how late the last counted one is: an activity that fits in whole, or comes no earlier than
// that one, is counted without looking back. An activity that would push out a later unit is not, nor is one
// whose bucket was forgotten. At most kMaxBuckets are kept; the oldest weeks are forgotten first. A bucket
// takes about 12 bytes when encoded.
class LimitState {
 public:
  // Most buckets in a lead's row.
  static constexpr size_t kMaxBuckets = 64;
  // Most buckets while activities are counted in order, and in the sum of aged ones: about 130 kB in memory.
  static constexpr size_t kMaxCounting = 4096;

  struct Bucket {
    uint8_t signal = 0;
    LimitScope scope = LimitScope::kEver;
    // Week number or hash of the subject; 0 for kEver.
    int64_t key = 0;
    // Units seen, at most the limit rounded up.
    uint32_t units = 0;
    // Event time of the last counted unit, microseconds.
    int64_t last = 0;

    friend bool operator==(const Bucket&, const Bucket&) = default;
  };

  // How many of the `units` (> 0) of an activity at `time_micros` count, 0 to units; the state then holds
  // them. Nullopt: the state does not decide it and is unchanged. The state may grow beyond kMaxBuckets: call
  // Trim() at the end.
  std::optional<double> Count(const CompiledSignal& signal, int64_t time_micros, const std::string& subject,
                              uint32_t units);
  // The same for a count of all activities in order of time: a bucket that was forgotten was never seen.
  // Keeps at most kMaxCounting buckets.
  double CountInOrder(const CompiledSignal& signal, int64_t time_micros, const std::string& subject,
                      uint32_t units);
  // Forgets buckets until at most `most` are left.
  void Trim(size_t most = kMaxBuckets);
  // Forgets the weeks before `week` (IsoWeek), of which nothing more comes.
  void ForgetWeeksBefore(int64_t week);
  // The same counts for the limits of `to`: a limit keeps what it counted where its signal kept its name and
  // the kind of its limit. `from` is the policy of this state.
  LimitState Under(const CompiledPolicy& from, const CompiledPolicy& to) const;

  // The policy the buckets belong to (CompiledPolicy::fingerprint); 0: no activity was counted yet.
  uint64_t fingerprint = 0;

  const std::vector<Bucket>& buckets() const { return buckets_; }

  // A compact binary form, the same for equal states on every platform. It is empty for a state without a
  // fingerprint.
  std::string Encode() const;
  // The inverse, for a state of at most `most` buckets. INVALID_ARGUMENT for anything Encode does not write:
  // the caller recomputes. Takes untrusted bytes.
  static absl::StatusOr<LimitState> Decode(std::string_view bytes, size_t most = kMaxBuckets);

  friend bool operator==(const LimitState&, const LimitState&) = default;

 private:
  // `in_order`: the activity comes no earlier than any that was counted, and a bucket that was forgotten was
  // never seen.
  std::optional<double> CountAs(bool in_order, const CompiledSignal& signal, int64_t time_micros,
                                const std::string& subject, uint32_t units);

  // Sorted by signal, scope, key.
  std::vector<Bucket> buckets_;
  // Buckets of weeks before this one were forgotten.
  int64_t week_floor_ = std::numeric_limits<int64_t>::min();
  // Buckets of another scope were forgotten: one that is not here may have been.
  bool forgot_others_ = false;
};

// UTC ISO weeks since the one of 1969-12-29, a Monday.
int64_t IsoWeek(int64_t time_micros);

}  // namespace finalmile::leads::domain
