#include "libs/app/testdata/notes_module.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"
#include "libs/storage/transact.h"
#include "notes.pb.h"

namespace finalmile::app {
namespace {

using apptest::v1::CountNotesRequest;
using apptest::v1::Note;
using apptest::v1::NoteCounts;

constexpr storage::Migration kMigrations[] = {
    {1, "notes",
     "CREATE TABLE notes (id {identity}, text TEXT NOT NULL); CREATE TABLE seen (notes BIGINT NOT NULL, "
     "poison BIGINT NOT NULL); "
     "INSERT INTO seen (notes, poison) VALUES (0, 0)"}};

constexpr MessageType kTopics[] = {&Note::descriptor};

class Counter final : public outbox::Handler {
 public:
  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override {
    ASSIGN_OR_RETURN(const storage::Result state, transaction.Execute("SELECT poison FROM seen"));
    const bool allowed = state.rows.front().Int(0) != 0;
    int64_t seen = 0;
    for (size_t i = 0; i < batch.deliveries().size(); ++i) {
      Note note;
      note.ParseFromString(batch.deliveries()[i].record->value);
      if (note.text() == "poison" && !allowed) {
        batch.Park(i, "it is poisoned");
      } else {
        ++seen;
      }
    }
    RETURN_IF_ERROR(transaction.Execute("UPDATE seen SET notes = notes + $1", {seen}).status());
    return transaction.Notify(kSeenChannel);
  }
};

absl::StatusOr<Note> AddNote(const Runtime& runtime, rpc::CallContext& context, const Note& request) {
  return storage::Transact(
      runtime.database, {.deadline = context.deadline()},
      [&](storage::Transaction& transaction) -> absl::StatusOr<Note> {
        Note note = request;
        ASSIGN_OR_RETURN(
            const storage::Result inserted,
            transaction.Execute("INSERT INTO notes (text) VALUES ($1) RETURNING id", {request.text()}));
        note.set_name(fmt::format("notes/{}", inserted.rows.front().Int(0)));
        outbox::OutgoingEvent event;
        event.topic = outbox::TopicName<Note>();
        event.key = note.name();
        event.seq = 1;
        event.id = NewUuid(runtime.clock, runtime.rng);
        event.source = "/finalmile/apptest";
        event.type = "finalmile.apptest.v1.Note";
        event.time = runtime.clock.Now();
        event.trace = TraceScope::Current();
        event.value = note.SerializeAsString();
        RETURN_IF_ERROR(outbox::Write(transaction, {event}));
        return note;
      });
}

absl::StatusOr<NoteCounts> CountNotes(const Runtime& runtime, rpc::CallContext& context) {
  return storage::Read(runtime.database, context.deadline(),
                       [&](storage::Transaction& transaction) -> absl::StatusOr<NoteCounts> {
                         NoteCounts counts;
                         ASSIGN_OR_RETURN(
                             const storage::Result result,
                             transaction.Execute("SELECT (SELECT COUNT(*) FROM notes), notes FROM seen"));
                         counts.set_written(result.rows.front().Int(0));
                         counts.set_seen(result.rows.front().Int(1));
                         return counts;
                       });
}

absl::StatusOr<Module> Build(std::string_view name, bool serves, const Runtime& runtime) {
  Module module;
  if (serves) {
    auto service = std::make_unique<rpc::Service>(Note::descriptor()->file()->service(0));
    service->Unary<Note, Note>(
        "AddNote", [&runtime](auto& context, const auto& note) { return AddNote(runtime, context, note); });
    service->Unary<CountNotesRequest, NoteCounts>(
        "CountNotes", [&runtime](auto& context, const auto&) { return CountNotes(runtime, context); });
    module.services.push_back(std::move(service));
  }
  module.consumers.push_back(ConsumerOf<Note>(fmt::format("{}.notes", name), std::make_unique<Counter>()));
  return module;
}

}  // namespace

ModuleSpec NotesModule(std::string_view name, bool serves) {
  ModuleSpec spec;
  spec.name = name;
  spec.migrations = kMigrations;
  spec.topics = kTopics;
  spec.declare = [](config::Schema& schema) {
    schema.Int("notes-limit", 10, 1, 100, "most notes; not enforced");
  };
  spec.build = [name, serves](const config::Config&, Runtime& runtime) {
    return Build(name, serves, runtime);
  };
  return spec;
}

absl::Status AllowPoison(storage::Database& database, Clock& clock) {
  return database.Transact({.deadline = clock.Steady() + absl::Seconds(5)},
                           [](storage::Transaction& transaction) {
                             return transaction.Execute("UPDATE seen SET poison = 1").status();
                           });
}

}  // namespace finalmile::app
