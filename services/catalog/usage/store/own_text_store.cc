#include "services/catalog/usage/store/own_text_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::usage::store {
namespace {

using catalog::domain::Sketch;

const storage::Table<OwnTextRow> kOwnTexts(
    "own_texts", {"id"},
    {{"id", &OwnTextRow::id},
     {"lead", &OwnTextRow::lead},
     {"rep", &OwnTextRow::rep},
     {"sketch", "BYTES",
      [](const OwnTextRow& row) -> storage::Value {
        return storage::Bytes{catalog::domain::Encode(row.sketch)};
      },
      [](const storage::Row& row, size_t column, OwnTextRow& into) -> absl::Status {
        ASSIGN_OR_RETURN(into.sketch, catalog::domain::DecodeSketch(row.Blob(column)));
        return absl::OkStatus();
      }},
     {"asked", &OwnTextRow::asked},
     {"use_time", &OwnTextRow::use_time}});

std::vector<storage::Row> HashRows(const Sketch& sketch, size_t most, const std::string& id) {
  std::vector<storage::Row> rows;
  for (const uint64_t hash : catalog::domain::Cut(sketch, most).hashes) {
    rows.push_back(storage::Row({static_cast<int64_t>(hash), id}));
  }
  return rows;
}

}  // namespace

absl::Status InsertOwnText(storage::Transaction& transaction, const OwnTextRow& text) {
  RETURN_IF_ERROR(kOwnTexts.Insert(transaction, std::array{&text}));
  return transaction
      .DeferMany("INSERT INTO own_text_hashes (hash, id) SELECT r.* FROM {rows: hash BIGINT, id TEXT} AS r",
                 HashRows(text.sketch, kOwnIndexedHashes, text.id))
      .status();
}

absl::StatusOr<std::vector<OwnTextRow>> FindOwnTexts(storage::Transaction& transaction, const Sketch& message,
                                                     const domain::LeadName& lead) {
  // What is indexed of a text that is alike is among the smallest hashes of the message, more or less.
  const std::vector<storage::Row> hashes = HashRows(message, kOwnSketchSize, "");
  if (hashes.empty()) return std::vector<OwnTextRow>();
  // Always as many as there may be: statements are kept by their text.
  std::vector<storage::Value> values = {lead.text()};
  std::string list;
  for (size_t i = 0; i < kOwnSketchSize; ++i) {
    values.emplace_back(hashes[std::min(i, hashes.size() - 1)].Int(0));
    list += fmt::format("{}${}", list.empty() ? "" : ", ", values.size());
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                   storage::FirstTexts(transaction.Execute(fmt::format(R"sql(
SELECT h.id FROM own_text_hashes AS h
JOIN own_texts AS t ON t.id = h.id
WHERE h.hash IN ({}) AND t.lead <> $1
GROUP BY h.id
ORDER BY COUNT(*) DESC, h.id DESC
LIMIT {})sql",
                                                                       list, kMaxOwnCandidates),
                                                           std::move(values))));
  ASSIGN_OR_RETURN(const storage::Deferred rows, kOwnTexts.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kOwnTexts.Records(*rows);
}

absl::Status MarkAsked(storage::Transaction& transaction, const std::vector<std::string>& ids) {
  return transaction
      .DeferMany("UPDATE own_texts SET asked = TRUE WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)",
                 storage::IdRows(ids))
      .status();
}

absl::StatusOr<int64_t> DeleteOwnTexts(storage::Transaction& transaction, absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                   storage::FirstTexts(transaction.Execute(R"sql(
DELETE FROM own_texts
WHERE id IN (SELECT id FROM own_texts WHERE use_time < $1 ORDER BY use_time LIMIT $2)
RETURNING id)sql",
                                                           {ToMicros(time), int64_t{limit}})));
  RETURN_IF_ERROR(
      transaction
          .DeferMany("DELETE FROM own_text_hashes WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)",
                     storage::IdRows(ids))
          .status());
  return std::ssize(ids);
}

}  // namespace finalmile::catalog::usage::store
