#include "libs/cache/near_table.h"

#include <algorithm>

namespace finalmile::cache {
namespace {

// For the sketch: entries smaller than this are not told apart as well as they might be.
constexpr int64_t kTypicalBytes = 1024;

}  // namespace

NearTable::NearTable(int64_t bytes, Observer& observer) : shard_bytes_(bytes / kShards), observer_(observer) {
  const auto keys = static_cast<size_t>(std::clamp<int64_t>(shard_bytes_ / kTypicalBytes, 64, 1 << 20));
  for (size_t i = 0; i < kShards; ++i) shards_.push_back(std::make_unique<Shard>(keys));
}

uint64_t NearTable::HashOf(std::string_view key) { return std::hash<std::string_view>()(key); }

int64_t NearTable::Size(const Slot& slot) {
  const size_t value = slot.entry.value == nullptr ? 0 : slot.entry.value->size();
  return kEntryOverhead + static_cast<int64_t>(slot.key.size() + value);
}

int64_t NearTable::LeastIn(Shard& shard, std::string_view key, absl::Duration now) {
  const auto written = shard.written.find(key);
  return written != shard.written.end() && now < written->second.until ? written->second.version : 0;
}

// Values are freed by the caller, without the lock.
void NearTable::Remove(Shard& shard, Slots::iterator slot, Outcome& outcome) {
  shard.bytes -= Size(*slot);
  outcome.garbage.push_back(std::move(slot->entry.value));
  shard.slots.erase(shard.slots.find(slot->key));
  shard.uses.erase(slot);
}

// Those who wait for the flight have asked before the change; those who come after it do not join.
void NearTable::Detach(Shard& shard, std::string_view key) {
  const auto flight = shard.flights.find(key);
  if (flight == shard.flights.end()) return;
  flight->second->overtaken = true;
  shard.flights.erase(flight);
}

std::optional<NearTable::Hit> NearTable::Find(std::string_view key, int64_t min_version, absl::Duration now,
                                              absl::Duration lease) {
  const uint64_t hash = HashOf(key);
  Shard& shard = ShardOf(hash);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.slots.find(key);
  if (found == shard.slots.end()) {
    shard.frequency.Count(hash);
    return std::nullopt;
  }
  Slot& slot = *found->second;
  if (now >= slot.ends || slot.entry.version < min_version) return std::nullopt;
  shard.frequency.Count(hash);
  shard.uses.splice(shard.uses.begin(), shard.uses, found->second);
  Hit hit{.entry = slot.entry};
  if (slot.wanted || now >= slot.refresh_at) {
    slot.wanted = false;
    slot.refresh_at = now + lease;
    hit.refresh = true;
  }
  return hit;
}

std::optional<Entry> NearTable::Peek(std::string_view key, int64_t min_version, absl::Duration now,
                                     absl::Duration lease) {
  const uint64_t hash = HashOf(key);
  Shard& shard = ShardOf(hash);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.slots.find(key);
  // A miss is counted by Find, which follows.
  if (found == shard.slots.end()) return std::nullopt;
  Slot& slot = *found->second;
  if (now >= slot.ends || slot.entry.version < min_version) return std::nullopt;
  if (now >= slot.refresh_at) {
    slot.wanted = true;
    slot.refresh_at = now + lease;
    return std::nullopt;
  }
  shard.frequency.Count(hash);
  shard.uses.splice(shard.uses.begin(), shard.uses, found->second);
  return slot.entry;
}

std::pair<std::shared_ptr<Flight>, bool> NearTable::Join(std::string_view key, absl::Duration now,
                                                         absl::Duration not_before, Clock& clock) {
  Shard& shard = ShardOf(HashOf(key));
  {
    std::lock_guard lock(shard.mutex);
    const auto flight = shard.flights.find(key);
    if (flight != shard.flights.end() && flight->second->started > not_before) return {flight->second, false};
  }
  auto mine = std::make_shared<Flight>(clock, now);
  std::lock_guard lock(shard.mutex);
  std::shared_ptr<Flight>& flight = shard.flights[std::string(key)];
  if (flight != nullptr && flight->started > not_before) return {flight, false};
  // Nobody tells the one that is stuck of changes any more.
  if (flight != nullptr) flight->overtaken = true;
  flight = mine;
  return {std::move(mine), true};
}

int64_t NearTable::Least(std::string_view key, absl::Duration now) {
  Shard& shard = ShardOf(HashOf(key));
  std::lock_guard lock(shard.mutex);
  return LeastIn(shard, key, now);
}

bool NearTable::MakeRoom(Shard& shard, int64_t bytes, uint64_t hash, absl::Duration now, Outcome& outcome) {
  if (bytes > shard_bytes_) return false;
  int64_t short_of = shard.bytes + bytes - shard_bytes_;
  int worth = 0;
  std::vector<Slots::iterator> victims;
  for (auto slot = shard.uses.end(); short_of > 0;) {
    --slot;
    victims.push_back(slot);
    short_of -= Size(*slot);
    if (now < slot->ends) worth = std::max(worth, shard.frequency.Estimate(slot->hash));
  }
  if (worth > 0 && shard.frequency.Estimate(hash) <= worth) return false;
  for (const auto& victim : victims) Remove(shard, victim, outcome);
  outcome.evicted += static_cast<int>(victims.size());
  return true;
}

void NearTable::Land(std::string_view key, const std::shared_ptr<Flight>& flight, FetchResult fetched,
                     absl::Duration refresh_at, absl::Duration now) {
  const uint64_t hash = HashOf(key);
  Shard& shard = ShardOf(hash);
  Outcome outcome;
  {
    std::lock_guard lock(shard.mutex);
    const auto mine = shard.flights.find(key);
    if (mine != shard.flights.end() && mine->second == flight) shard.flights.erase(mine);
    if (fetched.entry.ok() && fetched.keep && fetched.ends > now && !flight->overtaken &&
        fetched.entry->version >= LeastIn(shard, key, now)) {
      Slot slot;
      slot.entry = *fetched.entry;
      slot.ends = fetched.ends;
      slot.refresh_at = refresh_at;
      Keep(shard, key, hash, std::move(slot), now, outcome);
    }
    flight->result = std::move(fetched.entry);
    flight->ends = fetched.ends;
  }
  flight->done->Set();
  if (outcome.refused) observer_.Count(Happening::kNotAdmitted);
  for (int i = 0; i < outcome.evicted; ++i) observer_.Count(Happening::kEvicted);
}

void NearTable::Keep(Shard& shard, std::string_view key, uint64_t hash, Slot slot, absl::Duration now,
                     Outcome& outcome) {
  const auto old = shard.slots.find(key);
  if (old != shard.slots.end()) {
    const Slot& kept = *old->second;
    if (now < kept.ends && (kept.entry.version > slot.entry.version ||
                            (kept.entry.version == slot.entry.version && kept.ends >= slot.ends))) {
      return;
    }
    Remove(shard, old->second, outcome);
  }
  slot.key = key;
  slot.hash = hash;
  if (!MakeRoom(shard, Size(slot), hash, now, outcome)) {
    outcome.refused = true;
    return;
  }
  shard.bytes += Size(slot);
  shard.uses.push_front(std::move(slot));
  const auto placed = shard.slots.emplace(std::string(key), shard.uses.begin()).first;
  shard.uses.front().key = placed->first;
}

void NearTable::Wrote(std::string_view key, int64_t version, absl::Duration now, absl::Duration until) {
  Shard& shard = ShardOf(HashOf(key));
  Outcome outcome;
  std::lock_guard lock(shard.mutex);
  for (; !shard.written_ends.empty() && shard.written_ends.front().first <= now;
       shard.written_ends.pop_front()) {
    const auto ended = shard.written.find(shard.written_ends.front().second);
    if (ended != shard.written.end() && ended->second.until <= now) shard.written.erase(ended);
  }
  Written& written = shard.written[std::string(key)];
  written.version = std::max(written.version, version);
  written.until = until;
  shard.written_ends.emplace_back(until, key);
  const auto slot = shard.slots.find(key);
  if (slot != shard.slots.end() && slot->second->entry.version < version)
    Remove(shard, slot->second, outcome);
  Detach(shard, key);
}

void NearTable::Drop(std::string_view key) {
  Shard& shard = ShardOf(HashOf(key));
  Outcome outcome;
  std::lock_guard lock(shard.mutex);
  const auto slot = shard.slots.find(key);
  if (slot != shard.slots.end()) Remove(shard, slot->second, outcome);
  Detach(shard, key);
}

void NearTable::DropAll() {
  for (const auto& shard : shards_) {
    Slots garbage;
    std::lock_guard lock(shard->mutex);
    shard->slots.clear();
    garbage.swap(shard->uses);
    shard->bytes = 0;
    for (const auto& [key, flight] : shard->flights) flight->overtaken = true;
    shard->flights.clear();
  }
}

std::pair<size_t, size_t> NearTable::held() const {
  size_t entries = 0;
  size_t bytes = 0;
  for (const auto& shard : shards_) {
    std::lock_guard lock(shard->mutex);
    entries += shard->slots.size();
    bytes += static_cast<size_t>(shard->bytes);
  }
  return {entries, bytes};
}

}  // namespace finalmile::cache
