#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/storage/database.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/domain/lead.h"
#include "services/leads/scoring/dry_run.h"
#include "services/leads/scoring/erasures.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"
#include "services/leads/store/source_row_store.h"

namespace finalmile::leads::scoring {

// A row of an import, and who it is (domain::RowIdentity).
struct IdentifiedRow {
  domain::ImportedLead content;
  std::string identity;
  // Rows that have none of these in common are different leads (KeysOf).
  std::vector<std::string> keys;
};

// The keys of a row that has content and identity.
std::vector<std::string> KeysOf(const IdentifiedRow& row);

inline store::ExternalId KeyOf(const domain::ExternalId& id) { return {id.source, id.id}; }

// Finds out whose some rows of an import are, and reads what there is of these leads.
class RowOwners {
 public:
  // The references outlive it. `dry`: what a dry run would have stored counts, too; null: it is none.
  RowOwners(storage::Transaction& transaction, const Erasures& erasures, const domain::ImportPlan& plan,
            const DryRun* dry, std::span<const IdentifiedRow> rows)
      : transaction_(transaction), erasures_(erasures), plan_(plan), dry_(dry), rows_(rows) {}

  // Looks the rows up, locks the leads in `batch` unless this is a dry run, and reads them.
  absl::Status Read(LeadBatch& batch);

  // Who a row is. Both empty: somebody new.
  struct Whose {
    domain::LeadId lead;
    domain::LeadId stub;
    std::optional<domain::Reject> reject;
  };

  Whose WhoIs(const IdentifiedRow& row) const;
  // ABORTED: an external id was looked up before its lead was locked, and was given away meanwhile.
  absl::Status CheckStill(const IdentifiedRow& row, const Whose& whose) const;

  // What the source last said, by identity.
  std::map<std::string, store::StoredRow, std::less<>> known_rows;
  std::map<store::ExternalId, domain::LeadId> external_ids;
  // The leads that are there, by id; stubs are not among them.
  std::map<domain::LeadId, domain::Lead> profiles;
  // What sources said of these leads, by lead.
  std::multimap<domain::LeadId, store::StoredRow> said_about;

 private:
  absl::Status Find();
  std::vector<domain::LeadId> Candidates() const;
  absl::Status Load(LeadBatch& batch);
  void Overlay();
  bool HasIdOfSource(const domain::LeadId& lead) const;

  bool WasErased(const domain::Lead& lead) const;

  storage::Transaction& transaction_;
  const Erasures& erasures_;
  const domain::ImportPlan& plan_;
  const DryRun* const dry_;
  const std::span<const IdentifiedRow> rows_;
  std::multimap<std::string, domain::LeadId> emails_;
  std::multimap<std::string, domain::LeadId> names_;
  std::set<domain::LeadId> stubs_;
  // Digests of people of the rows who were erased.
  std::set<std::string> erased_;
};

}  // namespace finalmile::leads::scoring
