#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/service.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/handlers/lead_handlers.h"
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
  absl::StatusOr<v1::ImportLeadsResponse> TakeRows(rpc::CallContext& context, const v1::ImportRows& rows);
  // Writes rows whose external ids are all different, counting into `progress`.
  absl::Status Store(rpc::CallContext& context, storage::Transaction& transaction, absl::Time now,
                     std::vector<domain::ImportedLead>& rows, store::ImportProgress& progress);
  absl::Status CountOnly(rpc::CallContext& context, const std::vector<domain::ImportedLead>& rows,
                         store::ImportProgress& progress);

  const Dependencies d_;
  std::optional<domain::ImportPlan> plan_;
  bool dry_run_ = false;
  store::ImportProgress progress_;
};

}  // namespace finalmile::leads::handlers
