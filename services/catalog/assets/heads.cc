#include "services/catalog/assets/heads.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/store/asset_store.h"

namespace finalmile::catalog::assets {
namespace {

// What one takes in memory beside its bytes and its key, about.
constexpr size_t kOverhead = 240;

}  // namespace

absl::StatusOr<std::vector<Read>> Heads::ReadAssets(storage::Transaction& transaction,
                                                    const std::vector<Wanted>& wanted) {
  const std::vector<Bytes> kept = Find(wanted);
  std::vector<domain::AssetId> ids;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (kept[i] != nullptr) ids.push_back(wanted[i].id);
  }
  ASSIGN_OR_RETURN(const auto changes, store::ReadLastChanges(transaction, ids));
  std::vector<Read> result(wanted.size());
  std::vector<size_t> absent;
  for (size_t i = 0; i < wanted.size(); ++i) {
    v1::Asset asset;
    const auto change = changes.find(wanted[i].id);
    if (kept[i] == nullptr || change == changes.end() || !asset.ParseFromString(*kept[i]) ||
        store::LastChange{asset.revision(), rpc::FromTimestamp(asset.update_time())} != change->second) {
      absent.push_back(i);
    } else {
      result[i] = {asset.revision(), std::move(asset)};
    }
  }
  if (absent.empty()) return result;
  std::vector<Wanted> again;
  for (const size_t i : absent) again.push_back(wanted[i]);
  ASSIGN_OR_RETURN(std::vector<Read> read, assets::ReadAssets(transaction, again, /*bodies=*/false));
  for (size_t i = 0; i < absent.size(); ++i) {
    if (read[i].asset)
      Keep({KeyOf(again[i]), std::make_shared<const std::string>(read[i].asset->SerializeAsString())});
    result[absent[i]] = std::move(read[i]);
  }
  return result;
}

size_t Heads::SizeOf(const Head& head) {
  // The key is kept twice.
  return kOverhead + head.bytes->size() + 2 * head.key.first.size();
}

std::vector<Heads::Bytes> Heads::Find(const std::vector<Wanted>& wanted) {
  std::vector<Bytes> found;
  const std::lock_guard lock(mutex_);
  for (const Wanted& one : wanted) {
    const auto place = places_.find(KeyOf(one));
    if (place == places_.end()) {
      found.push_back(nullptr);
      continue;
    }
    heads_.splice(heads_.begin(), heads_, place->second);
    found.push_back(place->second->bytes);
  }
  return found;
}

void Heads::Keep(Head head) {
  const std::lock_guard lock(mutex_);
  if (const auto place = places_.find(head.key); place != places_.end()) Drop(place->second);
  const size_t size = SizeOf(head);
  if (size > std::min(kMostBytes, most_bytes_)) return;
  while (bytes_ + size > most_bytes_) Drop(std::prev(heads_.end()));
  bytes_ += size;
  heads_.push_front(std::move(head));
  places_.emplace(heads_.front().key, heads_.begin());
}

void Heads::Drop(std::list<Head>::iterator head) {
  bytes_ -= SizeOf(*head);
  places_.erase(head->key);
  heads_.erase(head);
}

}  // namespace finalmile::catalog::assets
