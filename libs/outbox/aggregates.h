#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/status.h"
#include "libs/base/strong_id.h"
#include "libs/outbox/envelope.h"
#include "libs/storage/table.h"

namespace finalmile::outbox {

// The rows of one kind of aggregate in a transaction, with the events of what happens to them: locked,
// changed, and written once at the end. The batch of a service (the one way in which its aggregates change)
// holds one for each kind.
//
//   Aggregates<NoteRow, NoteEvent> notes(transaction, kNotes, "notes/", context);
//   notes.Lock({id});   auto* note = notes.Find(id);   note->row.text = "…";
//   notes.Emit(*note).mutable_note_changed();   notes.Write();
//
// Record has `id`, the key of its table, a std::string or a StrongId, and `int64_t seq`, the seq of its last
// event. Extra is what the batch keeps beside each row. Lives inside one run of a transaction's function; not
// thread-safe. To keep clear of deadlocks, every transaction locks each kind once, and the kinds in the same
// order.
template <class Record, class Event, class Extra = std::monostate>
class Aggregates {
 public:
  using Key = decltype(Record::id);
  // How entries are looked up.
  using Looked = std::conditional_t<kIsStrongId<Key>, const Key&, std::string_view>;
  struct Entry : Extra {
    Record row;
    // The row when it was locked; blank for a row that the batch adds.
    Record before;
    bool locked = false;
    // Write writes the row.
    bool changed = false;
    // The trace of what changed it last, where a batch of records of several traces sets it: that of events
    // which are emitted once the whole batch is known.
    std::optional<TraceContext> trace;
  };
  // Where the id of a new row comes from: it was drawn at random, or a caller chose it, so that another
  // transaction may add the same one.
  enum class Id { kFresh, kChosen };

  // The references outlive it. The name of an aggregate is `collection` with its id behind: "notes/" and "7".
  Aggregates(storage::Transaction& transaction, const storage::Table<Record>& table,
             std::string_view collection, const EventContext& context)
      : transaction_(transaction), table_(table), collection_(collection), context_(context) {}

  // Locks the rows of `ids`, in order. Absent ones are left out.
  absl::Status Lock(std::vector<Key> ids) {
    ASSIGN_OR_RETURN(const storage::Deferred locked, DeferLock(std::move(ids)));
    RETURN_IF_ERROR(transaction_.Settle());
    return Take(*locked);
  }
  // These two do what Lock does, in halves, so that the lock shares its round trip with other statements.
  absl::StatusOr<storage::Deferred> DeferLock(std::vector<Key> ids) {
    return table_.DeferLock(transaction_, storage::SortedUnique(std::move(ids)));
  }
  // Also of another statement that locks rows and reads all columns of the table.
  absl::Status Take(const storage::Result& locked) {
    ASSIGN_OR_RETURN(std::vector<Record> rows, table_.Records(locked));
    for (Record& row : rows) {
      Entry& entry = entries_[row.id];
      entry.before = row;
      entry.row = std::move(row);
      entry.locked = true;
    }
    return absl::OkStatus();
  }

  // A locked or added aggregate; null where there is none.
  Entry* Find(Looked id) {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second;
  }
  const Entry* Find(Looked id) const { return const_cast<Aggregates*>(this)->Find(id); }
  // In order of id.
  std::map<Key, Entry, std::less<>>& entries() { return entries_; }
  const std::map<Key, Entry, std::less<>>& entries() const { return entries_; }

  // A new aggregate, which the caller fills; none of this id is among the entries.
  Entry& Add(const Key& id, Id chosen) {
    Entry& entry = entries_[id];
    entry.row.id = id;
    entry.changed = true;
    chosen_ = chosen_ || chosen == Id::kChosen;
    return entry;
  }

  std::string NameOf(const Entry& entry) const { return collection_ + TextOf(entry.row.id); }

  // The next event of an aggregate, for the caller to fill. Valid until the next call.
  Event& Emit(Entry& entry) {
    entry.changed = true;
    events_.push_back({NewEvent<Event>(context_, NameOf(entry), ++entry.row.seq)});
    TracedEvent<Event>& emitted = events_.back();
    if (!emitted.trace) emitted.trace = entry.trace;
    return emitted.event;
  }

  // Which columns of a changed row are written: a table, or a part of it that outlives the call.
  using Part = std::function<const storage::Table<Record>&(const Entry&)>;

  // Writes what was added and changed, and the events. ABORTED, so that Transact runs the function again,
  // where another transaction added an aggregate of a chosen id meanwhile.
  absl::Status Write(const Part& part = {}) {
    std::vector<const Record*> added;
    std::map<const storage::Table<Record>*, std::vector<const Record*>> changed;
    for (const auto& [id, entry] : entries_) {
      if (!entry.changed) continue;
      if (!entry.locked) {
        added.push_back(&entry.row);
      } else {
        changed[part ? &part(entry) : &table_].push_back(&entry.row);
      }
    }
    if (!added.empty()) {
      absl::Status status = table_.Insert(transaction_, added);
      if (status.ok() && chosen_) status = transaction_.Settle();
      if (chosen_ && absl::IsAlreadyExists(status)) {
        return storage::Conflict(fmt::format("one of {} was added meanwhile", collection_));
      }
      RETURN_IF_ERROR(status);
    }
    for (const auto& [table, rows] : changed) RETURN_IF_ERROR(table->Update(transaction_, rows));
    return WriteEvents(transaction_, events_);
  }

 private:
  storage::Transaction& transaction_;
  const storage::Table<Record>& table_;
  const std::string collection_;
  const EventContext context_;
  std::map<Key, Entry, std::less<>> entries_;
  std::vector<TracedEvent<Event>> events_;
  // The id of an aggregate that was added was chosen.
  bool chosen_ = false;
};

}  // namespace finalmile::outbox
