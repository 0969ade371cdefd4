#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::faults {

// What a ledger check found in order.
struct Counts {
  int64_t leads = 0;
  int64_t updates = 0;
  int64_t activities = 0;
  int64_t parked = 0;
  // Events in the topic, and records that repeat one of them.
  int64_t events = 0;
  int64_t duplicate_records = 0;
};
// "12 leads, 3 updates and 40 activities acknowledged; 0 lost, 0 doubled; …"
std::ostream& operator<<(std::ostream& out, const Counts& counts);

// Every write that the leads service has acknowledged, and the check that store, topic and answers agree with
// it. Thread-safe, but for Check.
class Ledger {
 public:
  // `source` is that of the activities noted here; others in the store are not looked at.
  explicit Ledger(std::string source) : source_(std::move(source)) {}

  const std::string& source() const { return source_; }

  void NoteLead(const std::string& name);
  // The owner of a lead was changed.
  void NoteOwner(const std::string& name, const std::string& owner);
  void NoteActivity(const std::string& id, const std::string& lead);

  // Where to look.
  struct View {
    storage::Database& database;
    events::EventLog& events;
    Clock& clock;
    // A call of finalmile.leads.v1.LeadService, repeated until it is answered.
    std::function<absl::Status(const std::string& method, const google::protobuf::Message& request,
                               google::protobuf::Message& reply)>
        call;
    // How long to wait until activities are taken in and events sent.
    absl::Duration patience = absl::Minutes(2);
    // Records that are to be set aside.
    int64_t parked = 0;
  };
  // DATA_LOSS says what is lost, doubled or out of order; DEADLINE_EXCEEDED what is still on its way.
  absl::StatusOr<Counts> Check(const View& view);

 private:
  struct StoredLead {
    int64_t seq = 0;
    std::string owner;
  };
  using StoredLeads = std::map<std::string, StoredLead>;

  absl::Status AwaitQuiet(const View& view) const;
  absl::StatusOr<StoredLeads> CheckStore(const View& view) const;
  absl::Status CheckTopic(const View& view, const StoredLeads& stored, Counts& counts) const;
  absl::Status CheckScore(const View& view, const std::string& name) const;

  const std::string source_;
  mutable std::mutex mutex_;
  // Lead -> owner acknowledged last ("" as created).
  std::map<std::string, std::string> leads_;
  // Activity id -> lead.
  std::map<std::string, std::string> activities_;
  int64_t updates_ = 0;
};

}  // namespace finalmile::faults
