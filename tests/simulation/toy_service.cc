#include "tests/simulation/toy_service.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/relay.h"

namespace finalmile::simulation {
namespace {

constexpr storage::Migration kMigrations[] = {{1, "counters", R"sql(
CREATE TABLE counters (key TEXT PRIMARY KEY, total BIGINT NOT NULL, seq BIGINT NOT NULL);
CREATE TABLE additions (request TEXT PRIMARY KEY, key TEXT NOT NULL, amount BIGINT NOT NULL);
CREATE TABLE copies (key TEXT PRIMARY KEY, total BIGINT NOT NULL, seq BIGINT NOT NULL);
CREATE TABLE copied (key TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (key, seq));
CREATE TABLE notes (id TEXT PRIMARY KEY);
)sql"}};

}  // namespace

std::span<const storage::Migration> ToyMigrations() { return kMigrations; }

int64_t AmountOf(std::string_view value) {
  int64_t amount = 0;
  std::from_chars(value.data() + 1, value.data() + value.size(), amount);
  return amount;
}

absl::Status CopyHandler::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  // Their later events are rolled back and come again without them.
  std::set<std::string> set_aside;
  for (size_t i = 0; i < batch.deliveries().size(); ++i) {
    const auto& [record, seq, trace] = batch.deliveries()[i];
    const char kind = world_.healed ? kPlain : record->value[0];
    if (kind == kRefused) return outbox::RecordFault("poison");
    if (kind == kInternal) return absl::InternalError("poison");
    if (kind == kSetAside) {
      batch.Park(i, "poison");
      set_aside.insert(record->key);
    } else if (record->topic == kNotes) {
      RETURN_IF_ERROR(
          transaction
              .Execute("INSERT INTO notes (id) VALUES ($1) ON CONFLICT DO NOTHING", {record->value.substr(1)})
              .status());
    } else if (!set_aside.contains(record->key)) {
      RETURN_IF_ERROR(Copy(transaction, *record, seq));
    }
  }
  return absl::OkStatus();
}

absl::Status CopyHandler::Copy(storage::Transaction& transaction, const events::Record& record, int64_t seq) {
  // A second effect breaks the primary key, and then the batch would be held for ever.
  RETURN_IF_ERROR(
      transaction.Execute("INSERT INTO copied (key, seq) VALUES ($1, $2)", {record.key, seq}).status());
  ASSIGN_OR_RETURN(const storage::Result before,
                   transaction.Execute("SELECT seq FROM copies WHERE key = $1", {record.key}));
  const int64_t last = before.rows.empty() ? 0 : before.rows[0].Int(0);
  bool in_order = seq > last;
  for (int64_t missing = last + 1; missing < seq; ++missing) {
    in_order = in_order && world_.skipped.contains({record.key, missing});
  }
  if (!in_order) {
    world_.violations.push_back(fmt::format("{}: seq {} was applied after {}", record.key, seq, last));
  }
  return transaction
      .Execute(
          "INSERT INTO copies (key, total, seq) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET total "
          "= copies.total + "
          "excluded.total, seq = excluded.seq",
          {record.key, AmountOf(record.value), seq})
      .status();
}

ToyProgram::ToyProgram(ToyWorld& world, Simulation::Process& process)
    : database(world.servers.database().Connect()),
      // Programs with and without a sender meet, as while an older one is replaced.
      log(world.servers.events().Connect(process.rng().Below(3) != 0)),
      handler_(world),
      sender_(log->has_queue() ? std::make_unique<outbox::Sender>("toy", *database, *log, process.clock(),
                                                                  world.log, nullptr)
                               : nullptr),
      election_("toy", *database, process.clock(), world.log),
      relay_(election_, *database, process.clock(), world.log,
             std::make_unique<outbox::Relay>(
                 *log, process.clock(),
                 outbox::Relay::Options{
                     .batch = 1 + static_cast<int>(process.rng().Below(8)),
                     .patience = sender_ != nullptr ? outbox::kRelayPatience : absl::ZeroDuration()})),
      consumer({.name = "toy", .topics = {kCounters, kNotes}}, *database, *log, process.clock(), world.log,
               handler_) {}

std::vector<Step*> ToyProgram::steps() {
  std::vector<Step*> steps{&election_, &relay_, &consumer};
  if (sender_ != nullptr) steps.push_back(sender_.get());
  return steps;
}

absl::Status Add(ToyProgram& program, Simulation::Process& process, const Addition& addition) {
  Clock& clock = process.clock();
  std::string body = addition.key;
  int64_t amount = 0;
  for (const std::string& value : addition.values) {
    body += "," + value;
    amount += AmountOf(value);
  }
  const outbox::Request request{"client", addition.request, outbox::Fingerprint("Add", body)};
  return program.database->Transact(
      {.deadline = clock.Steady() + absl::Seconds(10), .repeatable = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        const absl::Time now = clock.Now();
        ASSIGN_OR_RETURN(const auto served, outbox::Claim(transaction, request, now));
        if (served)
          return served->reply == "done" ? absl::OkStatus() : absl::InternalError("another reply was saved");
        const auto count = static_cast<int64_t>(addition.values.size());
        ASSIGN_OR_RETURN(
            const storage::Result moved,
            transaction.Execute(
                "INSERT INTO counters (key, total, seq) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE "
                "SET total = counters.total + excluded.total, seq = counters.seq + excluded.seq "
                "RETURNING seq",
                {addition.key, amount, count}));
        RETURN_IF_ERROR(transaction
                            .Execute("INSERT INTO additions (request, key, amount) VALUES ($1, $2, $3)",
                                     {addition.request, addition.key, amount})
                            .status());
        std::vector<outbox::OutgoingEvent> events;
        int64_t seq = moved.rows[0].Int(0) - count;
        for (const std::string& value : addition.values) {
          events.push_back({.topic = kCounters,
                            .key = addition.key,
                            .seq = ++seq,
                            .id = NewUuid(clock, process.rng()),
                            .source = "/toy",
                            .type = "toy.Added",
                            .time = clock.Now(),
                            .trace = {},
                            .value = value});
        }
        RETURN_IF_ERROR(outbox::Write(transaction, events));
        return outbox::Save(transaction, request, "done", now);
      });
}

}  // namespace finalmile::simulation
