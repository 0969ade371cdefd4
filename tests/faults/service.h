#pragma once

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/suite.h"
#include "libs/base/random.h"
#include "libs/rpc/client.h"
#include "tests/faults/ledger.h"

namespace finalmile::faults {

// The leads service in this process, as its program runs it (threads, gRPC, relay, consumer), on engines that
// the test chooses and breaks; and a client that notes in a ledger what is acknowledged. The client may be
// used by several threads.
class Service {
 public:
  struct Options {
    // sqlite:PATH or postgresql://…
    std::string store;
    // Another way to a PostgreSQL, past what the test breaks, for setting up and for the ledger check.
    std::string sound_store = {};
    // local:PATH or kafka://…; not read when `log` is given, which outlives the service.
    std::string events = {};
    events::EventLog* log = nullptr;
  };
  // Migrates the store and makes the topics first.
  static absl::StatusOr<std::unique_ptr<Service>> Start(const Options& options);
  ~Service();
  // Ends the service and closes its store and log; what it has noted in the ledger stays.
  void Stop();

  Clock& clock() { return *clock_; }
  // The service's own where its store is embedded, else connections that are the test's.
  storage::Database& database() { return *database_; }
  events::EventLog& events() { return *log_; }
  Ledger& ledger() { return *ledger_; }

  // One call of finalmile.leads.v1.LeadService, not repeated.
  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request,
                                absl::Duration timeout = absl::Seconds(5)) {
    return channel_->Call<Response>("/finalmile.leads.v1.LeadService/" + method, request,
                                    {.timeout = timeout, .retry = false});
  }

  // For calls of other kinds.
  rpc::Channel& channel() { return *channel_; }
  // As Call, repeated until it is answered, for at most half a minute. The error is the last one.
  absl::Status CallMessage(const std::string& method, const google::protobuf::Message& request,
                           google::protobuf::Message& response);
  // Calls as CallMessage makes them, whose answers are noted.
  absl::StatusOr<leads::v1::Lead> Create(const std::string& request_id);
  absl::Status SetOwner(const std::string& lead, const std::string& owner);
  absl::Status Record(const std::string& lead, const std::string& id, const std::string& subject = "pricing");
  // What Record sends; event times differ by id.
  leads::v1::RecordActivityRequest RequestOf(const std::string& lead, const std::string& id,
                                             const std::string& subject) const;
  int64_t retries() const { return retries_; }

  // How the process says it is: an answer of its operations service, and the text of its admin port at `path`
  // ("/readyz"), with "HTTP " and the code before it.
  absl::StatusOr<v1::Status> Status();
  std::string Admin(const std::string& path);

  // Ledger::Check; `parked` as there.
  absl::StatusOr<Counts> Check(int64_t parked = 0);

 private:
  Service() = default;

  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Rng> rng_;
  // Where the service's own log goes: faults make it long.
  std::FILE* output_ = nullptr;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> owned_log_;
  events::EventLog* log_ = nullptr;
  std::unique_ptr<app::Suite> suite_;
  std::unique_ptr<rpc::Channel> channel_;
  std::unique_ptr<Ledger> ledger_;
  std::atomic<int64_t> retries_ = 0;
};

}  // namespace finalmile::faults
