#include "libs/outbox/sender.h"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "libs/base/pending.h"
#include "libs/base/status.h"
#include "libs/outbox/batch_spans.h"
#include "libs/outbox/outbox_table.h"
#include "libs/outbox/send_order.h"

namespace finalmile::outbox {
namespace {

constexpr int64_t kMostBytes = 16 << 20;
constexpr absl::Duration kSendTimeout = absl::Seconds(2);
constexpr absl::Duration kDeleteTimeout = absl::Seconds(2);
// While something is under way or to be deleted the step looks so often.
constexpr absl::Duration kInterval = absl::Milliseconds(200);

// The committed events, of the answers to the statements that wrote them.
std::vector<CommittedEvent> Match(std::vector<events::Message> messages, const storage::Result& newest,
                                  const storage::Result& written) {
  std::map<SendOrder::Key, std::optional<int64_t>> before;
  for (const storage::Row& row : newest.rows) before[{row.Text(0), row.Text(1)}] = row.OptionalInt(2);
  std::map<SendOrder::Key, std::set<int64_t>> ids;
  for (const storage::Row& row : written.rows) ids[{row.Text(0), row.Text(1)}].insert(row.Int(2));
  std::vector<CommittedEvent> events;
  events.reserve(messages.size());
  for (events::Message& message : messages) {
    const SendOrder::Key key{message.topic, message.key};
    const int64_t id = ids[key].extract(ids[key].begin()).value();
    events.push_back({id, before[key], std::move(message)});
  }
  return events;
}

}  // namespace

// An append under way.
class Sender::Flight final : public Signal, public std::enable_shared_from_this<Flight> {
 public:
  Flight(std::shared_ptr<Core> core, Tracer* tracer, std::string_view system)
      : spans(tracer, SpanKind::kProducer, "send", system), core_(std::move(core)) {}
  void Set() override;

  std::vector<SendOrder::Ticket> tickets;
  BatchSpans spans;
  // Guarded by the core's mutex. `pending` is null before the start and after the end.
  std::unique_ptr<Pending> pending;
  absl::Duration deadline;

 private:
  const std::shared_ptr<Core> core_;
};

class Sender::Core final : public std::enable_shared_from_this<Core> {
 public:
  Core(events::EventLog& log, Clock& clock, Tracer* tracer)
      : log_(log),
        clock_(clock),
        tracer_(tracer),
        wake_(clock.NewWaitEvent()),
        landed_(clock.NewWaitEvent()) {}

  WaitEvent& wake() { return *wake_; }
  absl::Duration now() const { return clock_.Steady(); }

  void Take(std::vector<CommittedEvent> events) {
    std::vector<CommittedEvent> now;
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      now = order_.Take(std::move(events));
    }
    Send(std::move(now));
  }

  // Ends a flight that has an outcome or, when it is `late`, whatever it says then.
  void Land(Flight& flight, bool late) {
    std::unique_ptr<Pending> pending;
    std::shared_ptr<Flight> kept;
    std::vector<CommittedEvent> next;
    std::optional<absl::Status> outcome;
    {
      std::lock_guard lock(mutex_);
      if (closed_ || flight.pending == nullptr) return;
      outcome = flight.pending->Outcome();
      if (!outcome && !late) return;
      if (!outcome) outcome = flight.pending->GiveUp();
      pending = std::move(flight.pending);
      kept = flights_.extract(flight.shared_from_this()).value();
      if (outcome->ok()) {
        next = order_.Acknowledge(flight.tickets);
      } else {
        order_.LeaveToRelay(flight.tickets);
      }
      ++landing_;
    }
    pending.reset();
    flight.spans.End(*outcome);
    Send(std::move(next));
    std::lock_guard lock(mutex_);
    if (--landing_ == 0 && closed_) landed_->Set();
  }

  void SendBlocked() {
    std::vector<Blocked> blocked;
    {
      std::lock_guard lock(mutex_);
      blocked.swap(blocked_);
    }
    absl::Status failure;
    for (Blocked& one : blocked) {
      // Behind a failure each of the others would wait as long again.
      if (!failure.ok()) {
        Started(*one.flight, failure);
        continue;
      }
      auto append = log_.StartAppend(one.messages, clock_.Steady() + kSendTimeout, one.flight);
      failure = append.status();
      Started(*one.flight, std::move(append));
    }
  }

  void LandLate() {
    std::vector<std::shared_ptr<Flight>> late;
    {
      std::lock_guard lock(mutex_);
      for (const auto& flight : flights_) {
        if (flight->deadline <= clock_.Steady()) late.push_back(flight);
      }
    }
    for (const auto& flight : late) Land(*flight, true);
  }

  std::vector<int64_t> TakeSent() {
    std::lock_guard lock(mutex_);
    return order_.TakeSent();
  }
  void GiveBack(const std::vector<int64_t>& ids, bool deleted) {
    std::lock_guard lock(mutex_);
    deleted ? order_.Deleted(ids) : order_.PutBack(ids);
  }

  // When the step is to run again.
  absl::Duration Due() {
    std::lock_guard lock(mutex_);
    watching_ = !flights_.empty() || !blocked_.empty() || order_.has_sent();
    return watching_ ? clock_.Steady() + kInterval : absl::InfiniteDuration();
  }

  int64_t left() {
    std::lock_guard lock(mutex_);
    return order_.left();
  }

  void Close() {
    std::set<std::shared_ptr<Flight>> flights;
    std::vector<Blocked> blocked;
    std::vector<std::unique_ptr<Pending>> pending;
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      flights.swap(flights_);
      blocked.swap(blocked_);
      for (const auto& flight : flights) pending.push_back(std::move(flight->pending));
      if (landing_ == 0) return;
    }
    // Microseconds, in which the thread of an engine still uses the log.
    landed_->WaitUntil(absl::InfiniteDuration());
  }

 private:
  // An append for which a thread has to block.
  struct Blocked {
    std::shared_ptr<Flight> flight;
    std::vector<events::Message> messages;
  };

  void Send(std::vector<CommittedEvent> events) {
    if (events.empty()) return;
    const auto flight = std::make_shared<Flight>(shared_from_this(), tracer_, log_.system());
    std::vector<events::Message> messages;
    messages.reserve(events.size());
    for (CommittedEvent& event : events) {
      flight->tickets.push_back(SendOrder::TicketOf(event));
      messages.push_back(std::move(event.message));
    }
    flight->spans.AddToSend(messages);
    auto append = log_.TryStartAppend(messages, flight);
    if (!append.ok() || *append != nullptr) return Started(*flight, std::move(append));
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      blocked_.push_back({flight, std::move(messages)});
      watching_ = true;
    }
    wake_->Set();
  }

  void Started(Flight& flight, absl::StatusOr<std::unique_ptr<Pending>> append) {
    bool wake;
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      if (!append.ok()) {
        order_.LeaveToRelay(flight.tickets);
        flight.spans.End(append.status());
        return;
      }
      flight.pending = *std::move(append);
      flight.deadline = clock_.Steady() + kSendTimeout;
      flights_.insert(flight.shared_from_this());
      wake = !std::exchange(watching_, true);
    }
    if (wake) wake_->Set();
    // It may have been signalled before it could be found.
    Land(flight, false);
  }

  events::EventLog& log_;
  Clock& clock_;
  Tracer* const tracer_;
  const std::unique_ptr<WaitEvent> wake_;
  const std::unique_ptr<WaitEvent> landed_;
  // Guards what follows.
  std::mutex mutex_;
  bool closed_ = false;
  // Threads in Land.
  int landing_ = 0;
  SendOrder order_{kMostBytes};
  std::set<std::shared_ptr<Flight>> flights_;
  std::vector<Blocked> blocked_;
  // Whether the step runs by itself, without being woken.
  bool watching_ = false;
};

void Sender::Flight::Set() { core_->Land(*this, false); }

// Rows that a transaction deletes. They come back unless it has committed.
class Sender::SentRows {
 public:
  explicit SentRows(std::shared_ptr<Core> core) : core_(std::move(core)), ids_(core_->TakeSent()) {}
  ~SentRows() {
    if (!ids_.empty()) core_->GiveBack(ids_, deleted_);
  }
  SentRows(const SentRows&) = delete;
  SentRows& operator=(const SentRows&) = delete;

  const std::vector<int64_t>& ids() const { return ids_; }
  void Deleted() { deleted_ = true; }

 private:
  const std::shared_ptr<Core> core_;
  const std::vector<int64_t> ids_;
  bool deleted_ = false;
};

Sender::Sender(std::string_view service, storage::Database& database, events::EventLog& log, Clock& clock,
               Log& logger, Tracer* tracer)
    : name_(fmt::format("{}.sender", service)),
      database_(database),
      logger_(logger),
      core_(std::make_shared<Core>(log, clock, tracer)) {
  database_.SetCompanion(this);
}

Sender::~Sender() {
  database_.SetCompanion(nullptr);
  core_->Close();
}

Sender* Sender::Of(const storage::Transaction& transaction) {
  return dynamic_cast<Sender*>(transaction.companion());
}

int64_t Sender::left() const { return core_->left(); }

WaitEvent& Sender::wake() { return core_->wake(); }

absl::Status Sender::Write(storage::Transaction& transaction, std::vector<events::Message> messages) {
  ASSIGN_OR_RETURN(const storage::Deferred newest, NewestRows(transaction, messages));
  ASSIGN_OR_RETURN(const storage::Deferred written, InsertRows(transaction, messages));
  const auto sent = std::make_shared<SentRows>(core_);
  RETURN_IF_ERROR(DeleteRows(transaction, sent->ids()));
  transaction.AfterCommit([core = core_, newest, written, sent, messages = std::move(messages)]() mutable {
    sent->Deleted();
    core->Take(Match(std::move(messages), *newest, *written));
  });
  return absl::OkStatus();
}

absl::Duration Sender::Run() {
  core_->SendBlocked();
  core_->LandLate();
  DeleteSent();
  return core_->Due();
}

void Sender::DeleteSent() {
  SentRows sent(core_);
  if (sent.ids().empty()) return;
  const absl::Status deleted = database_.Transact(
      {.deadline = core_->now() + kDeleteTimeout, .durable = false, .repeatable = true},
      [&](storage::Transaction& transaction) { return DeleteRows(transaction, sent.ids()); });
  if (deleted.ok()) return sent.Deleted();
  logger_.Warning("cannot delete from the outbox what was sent",
                  {{"step", name_}, {"error", deleted.ToString()}});
}

}  // namespace finalmile::outbox
