#include "services/leads/domain/limit_state.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <type_traits>

#include "libs/base/status.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;

bool Before(const LimitState::Bucket& a, const LimitState::Bucket& b) {
  return std::tie(a.signal, a.scope, a.key) < std::tie(b.signal, b.scope, b.key);
}

// Encoded as: version, fingerprint (8 bytes, little endian), flags, [week floor], number of buckets, then per
// bucket signal, scope, [week or subject hash], units, last time. Numbers are LEB128, signed ones zigzag.
constexpr uint8_t kVersion = 1;
constexpr uint64_t kHasWeekFloor = 1;
constexpr uint64_t kForgotOthers = 2;
// About 19,000 years either way.
constexpr int64_t kMaxWeek = 1'000'000;

void PutFixed(std::string& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

void PutNumber(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void PutSigned(std::string& out, int64_t value) {
  PutNumber(out, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  absl::StatusOr<uint64_t> Fixed() {
    if (bytes_.size() < 8) return Malformed("it ends early");
    uint64_t value = 0;
    for (int i = 7; i >= 0; --i)
      value = (value << 8) | static_cast<unsigned char>(bytes_[static_cast<size_t>(i)]);
    bytes_.remove_prefix(8);
    return value;
  }

  absl::StatusOr<uint64_t> Number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return Malformed("it ends early");
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) return Malformed("a number is longer than it needs to be");
        return value;
      }
    }
    return Malformed("a number has more than 64 bits");
  }

  absl::StatusOr<int64_t> Signed() {
    ASSIGN_OR_RETURN(const uint64_t raw, Number());
    return static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }

  static absl::Status Malformed(const char* why) {
    return absl::InvalidArgumentError(std::string("malformed limit state: ") + why);
  }

 private:
  std::string_view bytes_;
};

absl::StatusOr<LimitState::Bucket> ReadBucket(Reader& reader) {
  ASSIGN_OR_RETURN(const uint64_t signal, reader.Number());
  ASSIGN_OR_RETURN(const uint64_t scope, reader.Number());
  if (signal >= kMaxSignals) return Reader::Malformed("a signal is out of range");
  LimitState::Bucket bucket{.signal = static_cast<uint8_t>(signal), .scope = static_cast<LimitScope>(scope)};
  if (scope == static_cast<uint64_t>(LimitScope::kWeek)) {
    ASSIGN_OR_RETURN(bucket.key, reader.Signed());
    if (bucket.key < -kMaxWeek || bucket.key > kMaxWeek) return Reader::Malformed("a week is out of range");
  } else if (scope == static_cast<uint64_t>(LimitScope::kSubject)) {
    ASSIGN_OR_RETURN(const uint64_t hash, reader.Fixed());
    bucket.key = static_cast<int64_t>(hash);
  } else if (scope != static_cast<uint64_t>(LimitScope::kEver)) {
    return Reader::Malformed("a scope is unknown");
  }
  ASSIGN_OR_RETURN(const uint64_t units, reader.Number());
  if (units == 0 || units > std::numeric_limits<uint32_t>::max())
    return Reader::Malformed("units are out of range");
  bucket.units = static_cast<uint32_t>(units);
  ASSIGN_OR_RETURN(bucket.last, reader.Signed());
  return bucket;
}

}  // namespace

int64_t IsoWeek(int64_t time_micros) {
  // The epoch is a Thursday, three days into its week.
  const int64_t shifted = time_micros + 3 * kDayMicros;
  const int64_t week = 7 * kDayMicros;
  return shifted / week - (shifted % week < 0 ? 1 : 0);
}

std::optional<double> LimitState::Count(const CompiledSignal& signal, int64_t time_micros,
                                        const std::string& subject, uint32_t units) {
  return CountAs(/*in_order=*/false, signal, time_micros, subject, units);
}

double LimitState::CountInOrder(const CompiledSignal& signal, int64_t time_micros, const std::string& subject,
                                uint32_t units) {
  const double counted = *CountAs(/*in_order=*/true, signal, time_micros, subject, units);
  Trim(kMaxCounting);
  return counted;
}

std::optional<double> LimitState::CountAs(bool in_order, const CompiledSignal& signal, int64_t time_micros,
                                          const std::string& subject, uint32_t units) {
  if (signal.scope == LimitScope::kNone) return units;

  Bucket wanted{.signal = static_cast<uint8_t>(signal.index), .scope = signal.scope, .last = time_micros};
  if (signal.scope == LimitScope::kWeek) wanted.key = IsoWeek(time_micros);
  if (signal.scope == LimitScope::kSubject) wanted.key = static_cast<int64_t>(StableHash(Lower(subject)));

  const double most = signal.max_units;
  // Bounded by max_units <= 1e4·1e4, and by 2^32 for what a bucket holds in sum.
  const auto full = static_cast<uint32_t>(std::min(std::ceil(most), 4e9));
  auto bucket = std::lower_bound(buckets_.begin(), buckets_.end(), wanted, Before);
  if (bucket == buckets_.end() || Before(wanted, *bucket)) {
    const bool forgotten = signal.scope == LimitScope::kWeek ? wanted.key < week_floor_ : forgot_others_;
    if (forgotten && !in_order) return std::nullopt;
    wanted.units = std::min(units, full);
    buckets_.insert(bucket, wanted);
    return std::min<double>(units, most);
  }

  const uint64_t sum = uint64_t{bucket->units} + units;
  const bool overflows = static_cast<double>(sum) > most;
  if (overflows && time_micros < bucket->last && !in_order) return std::nullopt;
  const double counted =
      std::min<double>(static_cast<double>(sum), most) - std::min<double>(bucket->units, most);
  bucket->units = static_cast<uint32_t>(std::min<uint64_t>(sum, full));
  if (counted > 0) bucket->last = std::max(bucket->last, time_micros);
  return counted;
}

void LimitState::Trim(size_t most) {
  while (buckets_.size() > most) {
    const Bucket* oldest_other = nullptr;
    int64_t oldest_week = std::numeric_limits<int64_t>::max();
    int64_t newest_week = std::numeric_limits<int64_t>::min();
    for (const Bucket& bucket : buckets_) {
      if (bucket.scope == LimitScope::kWeek) {
        oldest_week = std::min(oldest_week, bucket.key);
        newest_week = std::max(newest_week, bucket.key);
      } else if (oldest_other == nullptr || bucket.last < oldest_other->last) {
        oldest_other = &bucket;
      }
    }
    if (oldest_week < newest_week || oldest_other == nullptr) {
      ForgetWeeksBefore(oldest_week + 1);
    } else {
      forgot_others_ = true;
      buckets_.erase(buckets_.begin() + (oldest_other - buckets_.data()));
    }
  }
}

void LimitState::ForgetWeeksBefore(int64_t week) {
  week_floor_ = std::max(week_floor_, week);
  std::erase_if(buckets_,
                [&](const Bucket& bucket) { return bucket.scope == LimitScope::kWeek && bucket.key < week; });
}

LimitState LimitState::Under(const CompiledPolicy& from, const CompiledPolicy& to) const {
  LimitState under = *this;
  under.fingerprint = to.fingerprint();
  if (from.fingerprint() == to.fingerprint()) return under;
  std::map<std::string_view, const CompiledSignal*> by_name;
  for (const CompiledSignal& signal : to.signals()) by_name[to.policy().signals[signal.index].name] = &signal;
  under.buckets_.clear();
  for (Bucket bucket : buckets_) {
    const auto same = by_name.find(from.policy().signals[bucket.signal].name);
    if (same == by_name.end() || same->second->scope != bucket.scope) continue;
    bucket.signal = static_cast<uint8_t>(same->second->index);
    under.buckets_.push_back(bucket);
  }
  std::sort(under.buckets_.begin(), under.buckets_.end(), Before);
  return under;
}

std::string LimitState::Encode() const {
  std::string out;
  if (fingerprint == 0) return out;
  out.reserve(16 + buckets_.size() * 14);
  out.push_back(static_cast<char>(kVersion));
  PutFixed(out, fingerprint);
  const bool has_floor = week_floor_ != std::numeric_limits<int64_t>::min();
  PutNumber(out, (has_floor ? kHasWeekFloor : 0) | (forgot_others_ ? kForgotOthers : 0));
  if (has_floor) PutSigned(out, week_floor_);
  PutNumber(out, buckets_.size());
  for (const Bucket& bucket : buckets_) {
    PutNumber(out, bucket.signal);
    PutNumber(out, static_cast<uint64_t>(bucket.scope));
    if (bucket.scope == LimitScope::kWeek) PutSigned(out, bucket.key);
    if (bucket.scope == LimitScope::kSubject) PutFixed(out, static_cast<uint64_t>(bucket.key));
    PutNumber(out, bucket.units);
    PutSigned(out, bucket.last);
  }
  return out;
}

absl::StatusOr<LimitState> LimitState::Decode(std::string_view bytes, size_t most) {
  LimitState state;
  if (bytes.empty()) return state;
  if (static_cast<uint8_t>(bytes.front()) != kVersion) return Reader::Malformed("its version is unknown");
  Reader reader(bytes.substr(1));
  ASSIGN_OR_RETURN(state.fingerprint, reader.Fixed());
  if (state.fingerprint == 0) return Reader::Malformed("it names no policy");
  ASSIGN_OR_RETURN(const uint64_t flags, reader.Number());
  if (flags > (kHasWeekFloor | kForgotOthers)) return Reader::Malformed("a flag is unknown");
  state.forgot_others_ = (flags & kForgotOthers) != 0;
  if ((flags & kHasWeekFloor) != 0) {
    ASSIGN_OR_RETURN(state.week_floor_, reader.Signed());
    if (state.week_floor_ < -kMaxWeek || state.week_floor_ > kMaxWeek) {
      return Reader::Malformed("its first week is out of range");
    }
  }
  ASSIGN_OR_RETURN(const uint64_t buckets, reader.Number());
  if (buckets > most) return Reader::Malformed("it has too many buckets");
  state.buckets_.reserve(buckets + 1);
  for (uint64_t i = 0; i < buckets; ++i) {
    ASSIGN_OR_RETURN(const Bucket bucket, ReadBucket(reader));
    if (!state.buckets_.empty() && !Before(state.buckets_.back(), bucket)) {
      return Reader::Malformed("its buckets are out of order");
    }
    state.buckets_.push_back(bucket);
  }
  if (!reader.at_end()) return Reader::Malformed("bytes are left over");
  return state;
}

}  // namespace finalmile::leads::domain
