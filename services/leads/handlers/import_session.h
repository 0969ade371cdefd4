#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/service.h"
#include "services/leads/domain/import_row.h"
#include "services/leads/handlers/dependencies.h"
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
  // The progress after the rows of a message, and the rows that were rejected.
  struct RowResults {
    store::ImportProgress progress;
    std::vector<v1::ImportReject> rejects;
    std::vector<v1::ImportReject> unread = {};
    int64_t unread_cells = 0;
    void Unread(int64_t line, const std::vector<domain::Reject>& cells);
    void Reject(int64_t line, const domain::Reject& reject);
  };
  // Writes rows whose external ids are all different, counting into `results`.
  absl::Status Store(rpc::CallContext& context, storage::Transaction& transaction, absl::Time now,
                     const std::vector<domain::ImportedLead>& rows, RowResults& results);
  // Counts what Store would do, but for rows that change nothing: those count as updated.
  absl::Status CountOnly(storage::Transaction& transaction, const std::vector<domain::ImportedLead>& rows,
                         RowResults& results);

  const Dependencies d_;
  std::optional<domain::ImportPlan> plan_;
  bool dry_run_ = false;
  store::ImportProgress progress_;
};

}  // namespace finalmile::leads::handlers
