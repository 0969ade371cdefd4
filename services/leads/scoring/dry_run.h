#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "services/leads/domain/lead.h"
#include "services/leads/domain/source_row.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::scoring {

// What a dry run has read so far, as if it had been stored: later rows of the file build on it. It keeps the
// first kMost identities; of a file with more of them, rows that repeat a later one may be counted otherwise
// than by the run. What a transaction adds lies on top of what earlier ones left, so that it can be run
// again.
class DryRun {
 public:
  static constexpr size_t kMost = 200'000;

  DryRun() = default;
  // On top of `below`, which outlives it.
  explicit DryRun(const DryRun* below) : below_(below), fresh_(below->fresh_) {}

  struct Row {
    domain::LeadId lead;
    domain::SourceRow row;
  };
  // Null: it was not touched. Valid until the next change.
  const Row* FindRow(std::string_view identity) const;
  const domain::Lead* FindLead(const domain::LeadId& id) const;
  const domain::LeadId* FindExternalId(const store::ExternalId& id) const;
  // Leads that were given this e-mail, or this name key.
  void WithEmail(const std::string& email, const std::function<void(const domain::LeadId&)>& take) const;
  void WithName(const std::string& key, const std::function<void(const domain::LeadId&)>& take) const;

  // An id for a lead that would be new.
  domain::LeadId NewLead();
  void Keep(const std::string& identity, const domain::LeadId& id, const domain::SourceRow& row,
            const domain::Lead& lead);
  // Whether the activity is not stored yet; it is then.
  bool AddActivity(const std::string& id);
  // Takes over what lies on top of this.
  void Merge(DryRun above);

 private:
  using Keys = std::multimap<std::string, domain::LeadId>;
  void Each(Keys DryRun::*keys, const std::string& key,
            const std::function<void(const domain::LeadId&)>& take) const;
  size_t size() const { return rows_.size() + (below_ == nullptr ? 0 : below_->size()); }
  bool HasActivity(const std::string& id) const;

  const DryRun* below_ = nullptr;
  int64_t fresh_ = 0;
  std::map<std::string, Row, std::less<>> rows_;
  std::map<domain::LeadId, domain::Lead> leads_;
  std::map<store::ExternalId, domain::LeadId> external_ids_;
  Keys emails_;
  Keys names_;
  std::set<std::string> activities_;
};

}  // namespace finalmile::leads::scoring
