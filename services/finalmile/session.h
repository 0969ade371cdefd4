#pragma once

#include <algorithm>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/config/config.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"

namespace finalmile::cli {

// A process of the suite.
struct Process {
  // The service for which --address names it; empty: --address is one for all.
  std::string service;
  // "10.1.0.7:7000".
  std::string address;
  // Not connected yet; an error where nothing can be dialled.
  absl::StatusOr<std::unique_ptr<rpc::Channel>> channel;
};

// Ways to the suite. Each brings up what it needs at its first call and keeps it until the end. Not
// thread-safe.
class Connector {
 public:
  virtual ~Connector() = default;
  // Where calls go: --address, else the suite that holds the embedded store, else one brought up in this
  // process.
  virtual absl::StatusOr<rpc::Channel*> Channel() = 0;
  // For people: where Channel leads; empty before its first call.
  virtual std::string Where() const = 0;
  // Each process at --address by itself: one for each address that a name of it has now. None where no
  // address was given. Blocks while names are looked up. INVALID_ARGUMENT: --address is wrong.
  virtual absl::StatusOr<std::vector<Process>> Processes() { return std::vector<Process>(); }
  // Whether Channel leads to a suite that lives only as long as this command.
  virtual bool IsOwn() const = 0;
  // The event log of the settings, opened by this process. FAILED_PRECONDITION when another process holds an
  // embedded one.
  virtual absl::StatusOr<events::EventLog*> Events() = 0;
  // What was given of the suite's settings: data, events, and store with the service whose it is.
  virtual config::Assignments Settings() const = 0;
  // Where the suite lives only as long as this command: waits, some seconds at most, until it has applied
  // what was recorded and told what followed, so that the next command sees it.
  virtual absl::Status Settle() = 0;
};

// The largest page of a list, by the contracts.
inline constexpr int64_t kLargestPage = 1000;

// What a verb works with.
struct Session {
  Output& output;
  std::istream& input;
  Clock& clock;
  Rng& rng;
  Connector& connector;
  // How long one call may take.
  absl::Duration timeout = absl::Seconds(30);

  // A unary call. `method` is "leads.v1.LeadService/GetLead".
  template <class Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    absl::StatusOr<rpc::Channel*> channel = connector.Channel();
    if (!channel.ok()) return channel.status();
    return (*channel)->Call<Response>("/finalmile." + std::string(method), request, {.timeout = timeout});
  }
  // The pages of a list, until `limit` items have come (0: all). `take` returns how many a page has. Whether
  // there are more.
  template <class Response, class Request>
  absl::StatusOr<bool> EachPage(std::string_view method, Request request, int64_t limit,
                                const std::function<int64_t(const Response&)>& take) {
    int64_t taken = 0;
    do {
      const int64_t left = limit == 0 ? kLargestPage : limit - taken;
      request.set_page_size(static_cast<int32_t>(std::min(kLargestPage, left)));
      absl::StatusOr<Response> page = Call<Response>(method, request);
      if (!page.ok()) return page.status();
      taken += take(*page);
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty() && (limit == 0 || taken < limit));
    return !request.page_token().empty();
  }
  // A fresh request id for a mutation: a call that is repeated after a lost connection takes effect once.
  std::string NewRequestId() { return NewUuid(clock, rng); }
};

}  // namespace finalmile::cli
