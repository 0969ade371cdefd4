#include "services/leads/scoring/row_owners.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/identity.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/profiles.h"
#include "services/leads/store/erasure_store.h"

namespace finalmile::leads::scoring {

std::vector<std::string> KeysOf(const IdentifiedRow& row) {
  std::vector<std::string> keys;
  const domain::Lead& lead = row.content.lead;
  if (!row.identity.empty()) keys.push_back(row.identity);
  if (!lead.email.empty()) keys.push_back("mail:" + lead.email);
  if (const std::string name = domain::NameKey(lead); !name.empty()) keys.push_back("key:" + name);
  return keys;
}

absl::Status RowOwners::Read(LeadBatch& batch) {
  RETURN_IF_ERROR(Find());
  return Load(batch);
}

absl::Status RowOwners::Find() {
  std::vector<std::string> identities, mails, name_keys;
  std::vector<store::ExternalId> ids;
  std::vector<std::string> digests;
  for (const IdentifiedRow& row : rows_) {
    for (std::string& digest : erasures_.DigestsOf(row.content.lead)) digests.push_back(std::move(digest));
    identities.push_back(row.identity);
    const domain::Lead& lead = row.content.lead;
    for (const domain::ExternalId& id : lead.external_ids) ids.push_back(KeyOf(id));
    if (!lead.email.empty()) mails.push_back(lead.email);
    if (row.identity.starts_with("name:")) name_keys.push_back(domain::NameKey(lead));
  }
  ASSIGN_OR_RETURN(const auto rows_read, store::DeferSourceRows(transaction_, plan_.source(), identities));
  ASSIGN_OR_RETURN(const auto mails_read, store::DeferByEmail(transaction_, mails));
  ASSIGN_OR_RETURN(const auto names_read, store::DeferByName(transaction_, name_keys));
  ASSIGN_OR_RETURN(external_ids, store::FindExternalIds(transaction_, ids));
  ASSIGN_OR_RETURN(erased_, store::ErasedAmong(transaction_, storage::SortedUnique(std::move(digests))));
  ASSIGN_OR_RETURN(std::vector<store::StoredRow> stored, store::RowsOf(*rows_read));
  for (store::StoredRow& row : stored) known_rows.emplace(row.identity, std::move(row));
  emails_ = store::LeadsByKey(*mails_read);
  names_ = store::LeadsByKey(*names_read);
  return absl::OkStatus();
}

std::vector<domain::LeadId> RowOwners::Candidates() const {
  std::vector<domain::LeadId> leads;
  for (const auto& [identity, row] : known_rows) leads.push_back(row.lead);
  for (const auto& [id, lead] : external_ids) leads.push_back(lead);
  for (const auto& [mail, lead] : emails_) leads.push_back(lead);
  for (const auto& [name, lead] : names_) leads.push_back(lead);
  return storage::SortedUnique(std::move(leads));
}

absl::Status RowOwners::Load(LeadBatch& batch) {
  const std::vector<domain::LeadId> leads = Candidates();
  std::map<domain::LeadId, store::LeadState> states;
  if (dry_ == nullptr) {
    RETURN_IF_ERROR(batch.Lock(leads, LeadBatch::Absent::kLeaveOut));
    for (const domain::LeadId& id : leads) {
      if (const store::LeadState* state = batch.Find(id)) states.emplace(id, *state);
    }
  } else {
    ASSIGN_OR_RETURN(std::vector<store::LeadState> read, store::ReadLeads(transaction_, leads));
    for (store::LeadState& state : read) states.emplace(state.id, std::move(state));
  }
  ASSIGN_OR_RETURN(auto read, ProfilesWithIds(transaction_, leads));
  ASSIGN_OR_RETURN(std::vector<store::StoredRow> about, store::SourceRowsAbout(transaction_, leads));
  for (store::StoredRow& row : about) said_about.emplace(row.lead, std::move(row));
  for (const auto& [id, state] : states) {
    if (!state.created) {
      stubs_.insert(id);
      continue;
    }
    domain::Lead& profile = profiles[id];
    profile = std::move(read[id]);
    profile.gates = GatesOf(state.gates);
  }
  if (dry_ != nullptr) Overlay();
  return absl::OkStatus();
}

// What the dry run would have stored.
void RowOwners::Overlay() {
  const DryRun& dry = *dry_;
  const auto know = [&](const domain::LeadId& id) {
    if (const domain::Lead* lead = dry.FindLead(id)) profiles[id] = *lead;
  };
  const auto add = [&](std::multimap<std::string, domain::LeadId>& keys, const std::string& key) {
    return [&keys, key, know](const domain::LeadId& id) {
      const auto [begin, end] = keys.equal_range(key);
      if (std::none_of(begin, end, [&](const auto& one) { return one.second == id; })) keys.emplace(key, id);
      know(id);
    };
  };
  for (const IdentifiedRow& row : rows_) {
    const domain::Lead& lead = row.content.lead;
    if (const DryRun::Row* found = dry.FindRow(row.identity)) {
      known_rows[row.identity] = {plan_.source(), row.identity, found->lead, found->row};
      know(found->lead);
    }
    for (const domain::ExternalId& id : lead.external_ids) {
      const domain::LeadId* found = dry.FindExternalId(KeyOf(id));
      if (found == nullptr) continue;
      external_ids[KeyOf(id)] = *found;
      stubs_.erase(*found);
      know(*found);
    }
    if (!lead.email.empty()) dry.WithEmail(lead.email, add(emails_, lead.email));
    if (row.identity.starts_with("name:"))
      dry.WithName(domain::NameKey(lead), add(names_, domain::NameKey(lead)));
  }
}

bool RowOwners::WasErased(const domain::Lead& lead) const {
  if (erased_.empty()) return false;
  const std::vector<std::string> digests = erasures_.DigestsOf(lead);
  return std::any_of(digests.begin(), digests.end(),
                     [&](const std::string& digest) { return erased_.contains(digest); });
}

bool RowOwners::HasIdOfSource(const domain::LeadId& lead) const {
  const auto found = profiles.find(lead);
  return found != profiles.end() &&
         std::any_of(found->second.external_ids.begin(), found->second.external_ids.end(),
                     [&](const domain::ExternalId& id) { return id.source == plan_.id_source(); });
}

RowOwners::Whose RowOwners::WhoIs(const IdentifiedRow& row) const {
  Whose whose;
  const domain::Lead& lead = row.content.lead;
  const bool has_id = !lead.external_ids.empty();
  if (has_id) {
    const auto found = external_ids.find(KeyOf(lead.external_ids.front()));
    if (found != external_ids.end() && stubs_.contains(found->second)) whose.stub = found->second;
    if (found != external_ids.end() && profiles.contains(found->second)) whose.lead = found->second;
  }
  if (whose.lead.empty()) {
    if (const auto found = known_rows.find(row.identity);
        found != known_rows.end() && profiles.contains(found->second.lead) && !has_id)
      whose.lead = found->second.lead;
  }
  if (!whose.lead.empty()) return whose;
  std::vector<domain::LeadId> matches;
  const auto match = [&](const std::multimap<std::string, domain::LeadId>& leads, const std::string& key,
                         const auto& key_of) {
    const auto [begin, end] = leads.equal_range(key);
    for (auto it = begin; it != end; ++it) {
      // It was looked up before it was locked.
      const auto profile = profiles.find(it->second);
      if (profile == profiles.end() || key_of(profile->second) != key) continue;
      if (!has_id || !HasIdOfSource(it->second)) matches.push_back(it->second);
    }
  };
  if (!lead.email.empty()) {
    match(emails_, lead.email, [](const domain::Lead& one) { return one.email; });
  } else if (row.identity.starts_with("name:")) {
    match(names_, domain::NameKey(lead), &domain::NameKey);
  }
  if (matches.size() == 1) whose.lead = matches.front();
  if (whose.lead.empty() && WasErased(lead)) {
    whose.reject = plan_.RejectFor({has_id               ? "external_ids"
                                    : lead.email.empty() ? "company_domain"
                                                         : "email",
                                    "the person was erased, and an import brings nobody back who was"});
    return whose;
  }
  // With an id of its own it is another one of them; without, nobody can tell.
  if (matches.size() > 1 && !has_id) {
    whose.reject = plan_.RejectFor(
        {lead.email.empty() ? "company_domain" : "email",
         fmt::format("belongs to {} leads; give an id that tells them apart", matches.size())});
  }
  return whose;
}

absl::Status RowOwners::CheckStill(const IdentifiedRow& row, const Whose& whose) const {
  const domain::Lead& lead = row.content.lead;
  if (dry_ != nullptr || lead.external_ids.empty()) return absl::OkStatus();
  const auto found = external_ids.find(KeyOf(lead.external_ids.front()));
  if (found == external_ids.end() || stubs_.contains(found->second)) return absl::OkStatus();
  if (found->second == whose.lead) {
    const auto& ids = profiles.find(whose.lead)->second.external_ids;
    if (std::count(ids.begin(), ids.end(), lead.external_ids.front()) > 0) return absl::OkStatus();
  }
  return storage::Conflict("an external id was given to another lead meanwhile");
}

}  // namespace finalmile::leads::scoring
