#include "services/leads/scoring/dry_run.h"

#include <fmt/format.h>

#include "services/leads/domain/identity.h"

namespace finalmile::leads::scoring {

const DryRun::Row* DryRun::FindRow(std::string_view identity) const {
  if (const auto found = rows_.find(identity); found != rows_.end()) return &found->second;
  return below_ == nullptr ? nullptr : below_->FindRow(identity);
}

const domain::Lead* DryRun::FindLead(const domain::LeadId& id) const {
  if (const auto found = leads_.find(id); found != leads_.end()) return &found->second;
  return below_ == nullptr ? nullptr : below_->FindLead(id);
}

const domain::LeadId* DryRun::FindExternalId(const store::ExternalId& id) const {
  if (const auto found = external_ids_.find(id); found != external_ids_.end()) return &found->second;
  return below_ == nullptr ? nullptr : below_->FindExternalId(id);
}

void DryRun::Each(Keys DryRun::*keys, const std::string& key,
                  const std::function<void(const domain::LeadId&)>& take) const {
  const auto [begin, end] = (this->*keys).equal_range(key);
  for (auto it = begin; it != end; ++it) take(it->second);
  if (below_ != nullptr) below_->Each(keys, key, take);
}
void DryRun::WithEmail(const std::string& email,
                       const std::function<void(const domain::LeadId&)>& take) const {
  Each(&DryRun::emails_, email, take);
}
void DryRun::WithName(const std::string& key, const std::function<void(const domain::LeadId&)>& take) const {
  Each(&DryRun::names_, key, take);
}

domain::LeadId DryRun::NewLead() { return domain::LeadId(fmt::format("new:{}", ++fresh_)); }

void DryRun::Keep(const std::string& identity, const domain::LeadId& id, const domain::SourceRow& row,
                  const domain::Lead& lead) {
  if (size() >= kMost && FindRow(identity) == nullptr) return;
  rows_[identity] = {id, row};
  leads_[id] = lead;
  for (const domain::ExternalId& external : lead.external_ids)
    external_ids_[{external.source, external.id}] = id;
  const auto add = [&](Keys& keys, const std::string& key) {
    if (!key.empty()) keys.emplace(key, id);
  };
  add(emails_, lead.email);
  add(names_, domain::NameKey(lead));
}

bool DryRun::HasActivity(const std::string& id) const {
  return activities_.contains(id) || (below_ != nullptr && below_->HasActivity(id));
}
bool DryRun::AddActivity(const std::string& id) { return !HasActivity(id) && activities_.insert(id).second; }

void DryRun::Merge(DryRun above) {
  fresh_ = above.fresh_;
  for (auto& [identity, row] : above.rows_) rows_[identity] = std::move(row);
  for (auto& [id, lead] : above.leads_) leads_[id] = std::move(lead);
  for (auto& [id, lead] : above.external_ids_) external_ids_[id] = std::move(lead);
  emails_.merge(above.emails_);
  names_.merge(above.names_);
  activities_.merge(above.activities_);
}

}  // namespace finalmile::leads::scoring
