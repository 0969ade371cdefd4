#include "services/leads/store/sales_store.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

using domain::SalesFact;
using storage::Row;
using storage::Value;

}  // namespace

const storage::Table<SalesFact> kSalesFacts("sales_facts", {"key"},
                                            {{"key", &SalesFact::key},
                                             {"lead", &SalesFact::lead},
                                             {"ready_seq", &SalesFact::ready_seq},
                                             {"cycle", &SalesFact::cycle},
                                             {"state", &SalesFact::state},
                                             {"attempts", &SalesFact::attempts},
                                             {"return_reason", &SalesFact::return_reason},
                                             {"qualified", "BOOLEAN",
                                              [](const SalesFact& fact) -> Value {
                                                return fact.qualified ? Value(*fact.qualified) : Value();
                                              },
                                              [](const Row& row, size_t column, SalesFact& fact) {
                                                fact.qualified.reset();
                                                if (!row.Null(column)) fact.qualified = row.Bool(column);
                                                return absl::OkStatus();
                                              }},
                                             {"time", &SalesFact::time}});

absl::StatusOr<std::vector<SalesFact>> SalesFactsOf(storage::Transaction& transaction,
                                                    const std::vector<std::string>& keys) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kSalesFacts.DeferRead(transaction, keys));
  RETURN_IF_ERROR(transaction.Settle());
  return kSalesFacts.Records(*read);
}

absl::StatusOr<std::vector<SalesFact>> SalesFactsOfLeads(storage::Transaction& transaction,
                                                         const std::vector<domain::LeadId>& leads) {
  ASSIGN_OR_RETURN(
      const storage::Result read,
      transaction.ExecuteMany(
          kSalesFacts.select() + " WHERE lead IN (SELECT r.wanted FROM {rows: wanted TEXT} AS r)",
          storage::IdRows(leads)));
  return kSalesFacts.Records(read);
}

absl::StatusOr<int64_t> DeleteSalesFacts(storage::Transaction& transaction, absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const storage::Result deleted, transaction.Execute(R"sql(
DELETE FROM sales_facts WHERE key IN (
  SELECT key FROM sales_facts WHERE time < $1 ORDER BY time LIMIT $2))sql",
                                                                      {ToMicros(time), int64_t{limit}}));
  return deleted.affected;
}

std::string CrossingId(const domain::LeadId& lead, int64_t ready_seq) {
  return fmt::format("{}:{}", lead, ready_seq);
}

const storage::Table<CrossingRow> kCrossings(
    "crossings", {"id"},
    {{"id", &CrossingRow::id},
     {"lead", &CrossingRow::lead},
     {"ready_seq", &CrossingRow::ready_seq},
     {"cycle", &CrossingRow::cycle},
     {"lane", &CrossingRow::lane},
     {"hand_raise", &CrossingRow::hand_raise},
     {"grade", &CrossingRow::grade},
     {"policy", &CrossingRow::policy},
     {"fit", &CrossingRow::fit},
     {"engagement", &CrossingRow::engagement},
     {"reasons", "TEXT", [](const CrossingRow& row) -> Value { return EncodeReasons(row.reasons); },
      [](const Row& row, size_t column, CrossingRow& record) {
        return DecodeReasons(row.Text(column), record.reasons);
      }},
     {"time", &CrossingRow::time},
     {"end_time", &CrossingRow::end_time, absl::InfinitePast()},
     {"quiet_until", &CrossingRow::quiet_until, absl::InfinitePast()},
     {"label", "BIGINT",
      [](const CrossingRow& row) -> Value {
        return row.label ? Value(static_cast<int64_t>(*row.label)) : Value();
      },
      [](const Row& row, size_t column, CrossingRow& record) {
        record.label.reset();
        if (!row.Null(column)) record.label = static_cast<domain::Label>(row.Int(column));
        return absl::OkStatus();
      }},
     {"due_time", &CrossingRow::due_time, absl::InfiniteFuture()}});

absl::StatusOr<std::vector<CrossingRow>> ReadCrossings(storage::Transaction& transaction,
                                                       const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kCrossings.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kCrossings.Records(*read);
}

absl::StatusOr<std::vector<CrossingRow>> CrossingsOf(storage::Transaction& transaction,
                                                     const domain::LeadId& lead, int64_t before, int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result read,
      transaction.Execute(
          kCrossings.select() + " WHERE lead = $1 AND ready_seq < $2 ORDER BY ready_seq DESC LIMIT $3",
          {lead.text(), before, int64_t{limit}}));
  return kCrossings.Records(read);
}

absl::Status DeleteCrossings(storage::Transaction& transaction, const std::vector<std::string>& ids) {
  return transaction
      .DeferMany("DELETE FROM crossings WHERE id IN (SELECT r.wanted FROM {rows: wanted TEXT} AS r)",
                 storage::IdRows(ids))
      .status();
}

}  // namespace finalmile::leads::store
