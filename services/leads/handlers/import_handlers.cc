#include "services/leads/handlers/import_handlers.h"

#include <limits>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "services/leads/scoring/import_names.h"
#include "services/leads/scoring/undo_import.h"
#include "services/leads/store/import_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

// Identities that are taken back in one transaction.
constexpr int kUndoPiece = 200;

}  // namespace

absl::StatusOr<v1::ListImportsResponse> ImportHandlers::ListImports(rpc::CallContext& context,
                                                                    const v1::ListImportsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}}));
  using Entries = std::vector<rpc::PageEntry<v1::Import>>;
  return outbox::Read<v1::ListImportsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListImportsResponse> {
        v1::ListImportsResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const int64_t before =
              cursor.empty() ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(cursor[0]);
          ASSIGN_OR_RETURN(const std::vector<store::ImportProgress> found,
                           store::ListImports(transaction, before, count));
          Entries entries;
          for (const store::ImportProgress& import : found)
            entries.push_back({scoring::ToProto(import), {import.number}});
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_imports(), read));
        return response;
      });
}

absl::StatusOr<v1::UndoImportResponse> ImportHandlers::UndoImport(rpc::CallContext& context,
                                                                  const v1::UndoImportRequest& request) {
  const std::optional<int64_t> number = scoring::ImportNumber(request.name());
  if (!number) return rpc::InvalidField("name", "must be imports/{number}; ListImports names them");
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::UndoImportResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::UndoImportResponse> {
        const outbox::EventContext events{d_.clock, d_.rng, now, cause};
        return scoring::UndoImport(transaction, d_.policies, events, *number, kUndoPiece);
      });
}

}  // namespace finalmile::leads::handlers
