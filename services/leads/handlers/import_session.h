#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/service.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/handlers/dependencies.h"
#include "services/leads/scoring/import_rows.h"
#include "services/leads/store/import_store.h"

namespace finalmile::leads::handlers {

// One stream of ImportLeads. The rows of each message are stored in one transaction, which also moves the
// import on; a row that cannot be a lead is answered as a reject and the rest goes on.
class ImportSession final : public rpc::BidiSession<v1::ImportLeadsRequest, v1::ImportLeadsResponse> {
 public:
  explicit ImportSession(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<std::vector<v1::ImportLeadsResponse>> OnMessage(
      rpc::CallContext& context, const v1::ImportLeadsRequest& request) override;
  absl::StatusOr<std::vector<v1::ImportLeadsResponse>> Finish(rpc::CallContext& context) override;

 private:
  absl::StatusOr<v1::ImportLeadsResponse> Open(rpc::CallContext& context, const v1::ImportHeader& header);
  absl::StatusOr<v1::ImportLeadsResponse> ImportRows(rpc::CallContext& context, const v1::ImportRows& rows);
  // Reads the rows of a message; those that cannot be a lead are rejected in `results`.
  absl::StatusOr<std::vector<scoring::IdentifiedRow>> ReadRows(const v1::ImportRows& rows,
                                                               scoring::RowResults& results) const;

  const Dependencies d_;
  std::optional<domain::ImportPlan> plan_;
  bool dry_run_ = false;
  bool prefer_source_ = false;
  std::string file_digest_;
  scoring::DryRun dry_;
  store::ImportProgress progress_;
};

}  // namespace finalmile::leads::handlers
