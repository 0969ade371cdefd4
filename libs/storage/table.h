#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/strong_id.h"
#include "libs/storage/columns.h"
#include "libs/storage/database.h"

// How a struct is kept in a table: one entry for each column. Every SQL text that names all columns follows
// from it.
//
//   const Table<Note> kNotes("notes", {"id"}, {{"id", &Note::id}, {"text", &Note::text},
//                                              {"due_time", &Note::due_time, absl::InfiniteFuture()}});
//   kNotes.DeferLock(transaction, ids);   kNotes.Update(transaction, {&note});
//
// A table is immutable and thread-safe; it lives as a constant of the store that uses it.
namespace finalmile::storage {

// The field that is reached from a record through `members`: In(&Asset::life, &Life::state).
// clang-format off
template <class... Members>
auto In(Members... members) {
  return [members...](auto& record) -> auto& { return (record .* ... .* members); };
}
// clang-format on

struct AsBytes {};
inline constexpr AsBytes kAsBytes;

// A column, and the field of Record that it holds.
template <class Record>
class Column {
 public:
  using Get = std::function<Value(const Record&)>;
  // An error ends the reading: DATA_LOSS for a value that nothing of ours writes.
  using Set = std::function<absl::Status(const Row&, size_t, Record&)>;

  // A member of type std::string, StrongId, int64_t, double, bool, Bytes, absl::Time or absl::Duration (never
  // infinite; in microseconds) or an enumeration.
  template <class Field>
  Column(std::string_view name, Field Record::*member) : Column(name, In(member)) {}
  // The same for a field inside a field: In(&Asset::life, &Life::state).
  template <class Access, class = std::enable_if_t<std::is_invocable_v<Access, Record&>>>
  Column(std::string_view name, Access access) : name_(name), type_(TypeOf<FieldOf<Access>>()) {
    using Field = FieldOf<Access>;
    get_ = [access](const Record& record) { return ToValue<Field>(access(record)); };
    set_ = [access](const Row& row, size_t column, Record& record) {
      access(record) = FromValue<Field>(row, column);
      return absl::OkStatus();
    };
  }
  // A time that is NULL in the table where it is infinite; NULL is read as `absent`.
  Column(std::string_view name, absl::Time Record::*member, absl::Time absent)
      : Column(name, In(member), absent) {}
  template <class Access, class = std::enable_if_t<std::is_invocable_v<Access, Record&>>>
  Column(std::string_view name, Access access, absl::Time absent) : name_(name), type_("BIGINT") {
    get_ = [access](const Record& record) { return OptionalMicros(access(record)); };
    set_ = [access, absent](const Row& row, size_t column, Record& record) {
      access(record) = TimeOr(row, column, absent);
      return absl::OkStatus();
    };
  }
  // A string that is stored as bytes.
  Column(std::string_view name, AsBytes, std::string Record::*member)
      : Column(
            name, "BYTES", [member](const Record& record) -> Value { return Bytes{record.*member}; },
            [member](const Row& row, size_t column, Record& record) {
              record.*member = row.Blob(column);
              return absl::OkStatus();
            }) {}
  // Anything else. `type` is one of {rows: …}: TEXT, BIGINT, DOUBLE, BOOLEAN, BYTES.
  Column(std::string_view name, std::string_view type, Get get, Set set)
      : name_(name), type_(type), get_(std::move(get)), set_(std::move(set)) {}
  // A column that is written for the sake of an index and not read back.
  Column(std::string_view name, std::string_view type, Get get)
      : Column(name, type, std::move(get), [](const Row&, size_t, Record&) { return absl::OkStatus(); }) {}

  const std::string& name() const { return name_; }
  const std::string& type() const { return type_; }
  Value ValueOf(const Record& record) const { return get_(record); }
  absl::Status Read(const Row& row, size_t column, Record& record) const { return set_(row, column, record); }

 private:
  template <class Access>
  using FieldOf = std::remove_reference_t<std::invoke_result_t<Access, Record&>>;

  template <class Field>
  static constexpr std::string_view TypeOf() {
    if constexpr (std::is_same_v<Field, std::string> || kIsStrongId<Field>) return "TEXT";
    if constexpr (std::is_same_v<Field, bool>) return "BOOLEAN";
    if constexpr (std::is_same_v<Field, double>) return "DOUBLE";
    if constexpr (std::is_same_v<Field, Bytes>) return "BYTES";
    return "BIGINT";
  }
  template <class Field>
  static Value ToValue(const Field& field) {
    if constexpr (std::is_same_v<Field, absl::Time>)
      return ToMicros(field);
    else if constexpr (std::is_same_v<Field, absl::Duration>)
      return absl::ToInt64Microseconds(field);
    else if constexpr (std::is_enum_v<Field> || (std::is_integral_v<Field> && !std::is_same_v<Field, bool>))
      return static_cast<int64_t>(field);
    else if constexpr (kIsStrongId<Field>)
      return field.text();
    else
      return field;
  }
  template <class Field>
  static Field FromValue(const Row& row, size_t column) {
    if constexpr (std::is_same_v<Field, std::string> || kIsStrongId<Field>)
      return Field(row.Text(column));
    else if constexpr (std::is_same_v<Field, bool>)
      return row.Bool(column);
    else if constexpr (std::is_same_v<Field, double>)
      return row.Real(column);
    else if constexpr (std::is_same_v<Field, Bytes>)
      return Bytes{row.Blob(column)};
    else if constexpr (std::is_same_v<Field, absl::Time>)
      return FromMicros(row.Int(column));
    else if constexpr (std::is_same_v<Field, absl::Duration>)
      return absl::Microseconds(row.Int(column));
    else
      return static_cast<Field>(row.Int(column));
  }

  std::string name_;
  std::string type_;
  Get get_;
  Set set_;
};

// The SQL texts of a table whose columns have these names and types; the first `keys` of them are its key.
struct TableTexts {
  TableTexts(std::string_view table, const std::vector<std::pair<std::string, std::string>>& columns,
             size_t keys);

  // "id, text, due_time"
  std::string columns;
  // "SELECT id, text, due_time FROM notes"
  std::string select;
  // They read {rows: KEY TEXT}, in order of the key: with locks, and without.
  std::string lock;
  std::string read;
  std::string insert;
  std::string insert_absent;
  // Returns the keys of the rows that it inserts.
  std::string insert_new;
  std::string upsert;
  std::string upsert_sum;
  std::string update;
  // The keys of rows whose due_time has come, the earliest first; and the earliest due_time.
  std::string due;
  std::string next_due;
};

// The records as a Table writes them. They outlive the result.
template <class Record>
std::vector<const Record*> Pointers(const std::vector<Record>& records) {
  std::vector<const Record*> pointers;
  pointers.reserve(records.size());
  for (const Record& record : records) pointers.push_back(&record);
  return pointers;
}

template <class Record>
class Table {
 public:
  // The columns in any order, but those of the key first. Column names are of [a-z_].
  Table(std::string_view name, std::initializer_list<std::string_view> key,
        std::vector<Column<Record>> columns)
      : name_(name),
        keys_(key.size()),
        columns_(std::move(columns)),
        texts_(name, NamesOf(columns_), keys_) {}

  // "id, text, due_time", for statements of the store's own: their results are read by Records.
  const std::string& columns() const { return texts_.columns; }
  // "SELECT id, text, due_time FROM notes"
  const std::string& select() const { return texts_.select; }

  // What this table has of a row that a statement read with all columns, in order.
  absl::StatusOr<Record> RecordOf(const Row& row) const {
    Record record;
    for (size_t i = 0; i < columns_.size(); ++i) RETURN_IF_ERROR(columns_[i].Read(row, i, record));
    return record;
  }
  absl::StatusOr<std::vector<Record>> Records(const Result& result) const {
    std::vector<Record> records;
    records.reserve(result.rows.size());
    for (const Row& row : result.rows) {
      ASSIGN_OR_RETURN(Record record, RecordOf(row));
      records.push_back(std::move(record));
    }
    return records;
  }

  // Rows by their key, which is one text column, a std::string or a StrongId: locked, in order of the key
  // (`ids` from SortedUnique), or only read, in any order. Absent ones are left out. Settle, then Records.
  template <class Id = std::string>
  absl::StatusOr<Deferred> DeferLock(Transaction& transaction, const std::vector<Id>& ids) const {
    return transaction.DeferMany(texts_.lock, IdRows(ids));
  }
  template <class Id = std::string>
  absl::StatusOr<Deferred> DeferRead(Transaction& transaction, const std::vector<Id>& ids) const {
    return transaction.DeferMany(texts_.read, IdRows(ids));
  }

  // For a table with a column due_time, a time that is NULL where a row never falls due, and an index on it:
  // the keys of at most `limit` rows that are due at `now`, the earliest first; and when the next one falls
  // due, InfiniteFuture where none does.
  template <class Id = std::string>
  absl::StatusOr<std::vector<Id>> DueKeys(Transaction& transaction, absl::Time now, int limit) const {
    return FirstTexts<Id>(transaction.Execute(texts_.due, {ToMicros(now), int64_t{limit}}));
  }
  absl::StatusOr<absl::Time> NextDue(Transaction& transaction) const {
    ASSIGN_OR_RETURN(const Result result, transaction.Execute(texts_.next_due));
    return TimeOr(result.rows.front(), 0, absl::InfiniteFuture());
  }

  // Writes are deferred: their errors come out at the latest with the transaction's. A write whose
  // ALREADY_EXISTS the caller tells from other errors is followed by Settle.
  absl::Status Insert(Transaction& transaction, std::span<const Record* const> records) const {
    return Write(transaction, texts_.insert, records);
  }
  // Rows that are there stay as they are.
  absl::Status InsertAbsent(Transaction& transaction, std::span<const Record* const> records) const {
    return Write(transaction, texts_.insert_absent, records);
  }
  // The same, and which rows were inserted: after Settle, the result has their keys.
  absl::StatusOr<Deferred> DeferInsertAbsent(Transaction& transaction,
                                             std::span<const Record* const> records) const {
    return transaction.DeferMany(texts_.insert_new, RowsOf(records));
  }
  absl::Status InsertOrUpdate(Transaction& transaction, std::span<const Record* const> records) const {
    return Write(transaction, texts_.upsert, records);
  }
  // For a table of sums, whose columns beside the key are numbers: a row that is there has those of the
  // record added to its own.
  absl::Status InsertOrAdd(Transaction& transaction, std::span<const Record* const> records) const {
    return Write(transaction, texts_.upsert_sum, records);
  }
  // Rows that are absent stay absent.
  absl::Status Update(Transaction& transaction, std::span<const Record* const> records) const {
    return Write(transaction, texts_.update, records);
  }

  // This table with its key and only the columns `names`: its Update writes no others.
  Table Part(std::initializer_list<std::string_view> names) const {
    std::vector<Column<Record>> part(columns_.begin(), columns_.begin() + static_cast<ptrdiff_t>(keys_));
    std::vector<Column<Record>> rest;
    for (size_t i = keys_; i < columns_.size(); ++i) {
      const bool named = std::find(names.begin(), names.end(), columns_[i].name()) != names.end();
      (named ? part : rest).push_back(columns_[i]);
    }
    return Table(name_, keys_, std::move(part), std::move(rest));
  }
  // For a part: whether two records of one key are the same in all columns that this part leaves out.
  bool HoldsAllChanges(const Record& a, const Record& b) const {
    return std::all_of(rest_.begin(), rest_.end(),
                       [&](const Column<Record>& column) { return column.ValueOf(a) == column.ValueOf(b); });
  }

 private:
  Table(std::string_view name, size_t keys, std::vector<Column<Record>> columns,
        std::vector<Column<Record>> rest)
      : name_(name),
        keys_(keys),
        columns_(std::move(columns)),
        rest_(std::move(rest)),
        texts_(name, NamesOf(columns_), keys_) {}

  static std::vector<std::pair<std::string, std::string>> NamesOf(
      const std::vector<Column<Record>>& columns) {
    std::vector<std::pair<std::string, std::string>> names;
    for (const Column<Record>& column : columns) names.emplace_back(column.name(), column.type());
    return names;
  }

  std::vector<Row> RowsOf(std::span<const Record* const> records) const {
    std::vector<Row> rows;
    rows.reserve(records.size());
    for (const Record* record : records) {
      std::vector<Value> values;
      values.reserve(columns_.size());
      for (const Column<Record>& column : columns_) values.push_back(column.ValueOf(*record));
      rows.emplace_back(std::move(values));
    }
    return rows;
  }
  absl::Status Write(Transaction& transaction, std::string_view sql,
                     std::span<const Record* const> records) const {
    return transaction.DeferMany(sql, RowsOf(records)).status();
  }

  const std::string name_;
  const size_t keys_;
  const std::vector<Column<Record>> columns_;
  // A part keeps here the columns of the table that it leaves out.
  const std::vector<Column<Record>> rest_;
  const TableTexts texts_;
};

}  // namespace finalmile::storage
