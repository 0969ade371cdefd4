#include "services/leads/domain/import_change.h"

#include <algorithm>

namespace finalmile::leads::domain {
namespace {

const AttributeValue* Pointer(const std::optional<AttributeValue>& value) {
  return value ? &*value : nullptr;
}

}  // namespace

void AddTo(ImportChange& change, const TakenRow& taken, const Lead& had) {
  change.changes = taken.changes;
  change.permissions_before = taken.permissions_before;
  if (taken.permissions_before) change.permissions_after = taken.lead.permissions;
  for (const ExternalId& id : taken.lead.external_ids) {
    if (std::count(had.external_ids.begin(), had.external_ids.end(), id) == 0)
      change.external_ids.push_back(id);
  }
}

void Join(ImportChange& first, ImportChange later) {
  for (FactChange& one : later.changes) {
    const auto same = std::find_if(first.changes.begin(), first.changes.end(),
                                   [&](const FactChange& known) { return known.path == one.path; });
    if (same == first.changes.end()) {
      first.changes.push_back(std::move(one));
    } else {
      same->after = std::move(one.after);
    }
  }
  if (later.permissions_before) {
    if (!first.permissions_before) first.permissions_before = std::move(later.permissions_before);
    first.permissions_after = std::move(later.permissions_after);
  }
  for (ExternalId& id : later.external_ids) first.external_ids.push_back(std::move(id));
  for (std::string& id : later.activities) first.activities.push_back(std::move(id));
  for (const auto& [key, growth] : later.growth) first.growth[key] += growth;
}

TakenBack TakeBack(const ImportChange& change, const Lead& current, const SourceRow* now,
                   std::span<const SourceRow* const> others) {
  TakenBack back{.lead = current, .kept = {}, .row = {}};
  const bool later = now != nullptr && now->import != change.import;
  const Facts facts = FactsOf(current);
  const auto said_again = [&](const FactChange& one) {
    if (!one.after) return false;
    if (later && SameFact(FactAt(now->said, one.path), &*one.after)) return true;
    return std::any_of(others.begin(), others.end(), [&](const SourceRow* other) {
      return SameFact(FactAt(other->said, one.path), &*one.after);
    });
  };
  for (const FactChange& one : change.changes) {
    const AttributeValue* value = FactAt(facts, one.path);
    if (SameFact(value, Pointer(one.before)) || said_again(one)) continue;
    if (SameFact(value, Pointer(one.after))) {
      SetFact(back.lead, one.path, Pointer(one.before));
    } else {
      back.kept.push_back(one.path);
    }
  }
  if (change.permissions_before && current.permissions != *change.permissions_before) {
    if (current.permissions == change.permissions_after) {
      back.lead.permissions = *change.permissions_before;
    } else {
      back.kept.emplace_back("permissions");
    }
  }
  if (!later) {
    for (const ExternalId& id : change.external_ids) std::erase(back.lead.external_ids, id);
    back.row = change.row_before;
    return back;
  }
  back.row = *now;
  for (const auto& [key, growth] : change.growth) {
    const auto taken = back.row->taken.find(key);
    if (taken == back.row->taken.end()) continue;
    taken->second -= growth;
    if (taken->second <= 0) back.row->taken.erase(taken);
  }
  return back;
}

}  // namespace finalmile::leads::domain
