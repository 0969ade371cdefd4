#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"

namespace finalmile::rpc {

struct CallOptions {
  // For the whole call, retries included. Every call has one.
  absl::Duration timeout = absl::Seconds(10);
  // Bearer token; empty: the channel's own.
  std::string token = {};
  // Further request headers, keys in lower case.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // Whether Call repeats after UNAVAILABLE, after CANCELLED, which a server that ends leaves behind, and
  // after RESOURCE_EXHAUSTED that names a delay, with jittered backoff until the timeout. Right for reads and
  // for mutations that carry a request_id.
  bool retry = true;
};

// A streaming call. Blocking; one thread may write while another reads. Destroying it cancels a call that has
// not ended.
class Stream {
 public:
  virtual ~Stream() = default;
  // Blocks while the server does not take more. False: the call has ended; Finish says how.
  virtual bool Write(const google::protobuf::Message& request) = 0;
  // No more writes.
  virtual void WritesDone() = 0;
  // False: there are no more replies; Finish says why.
  virtual bool Read(google::protobuf::Message& reply) = 0;
  // The call's status, once Read has returned false (replies not yet read are dropped). Payloads as in
  // errors.h.
  virtual absl::Status Finish() = 0;
};

// Where calls go. Thread-safe. Errors are the server's, with the payloads of errors.h, or UNAVAILABLE,
// DEADLINE_EXCEEDED and the like from the transport. Fakes implement CallMessage and Open.
class Channel {
 public:
  virtual ~Channel() = default;

  // Whether somebody is there: blocks until a connection stands, `timeout` at most. UNAVAILABLE with the
  // reason as soon as the first attempt fails. Calls need it not, and go on trying until their own timeout,
  // as a server that restarts wants it; whoever never was connected had better be told at once.
  virtual absl::Status Connect(absl::Duration) { return absl::OkStatus(); }

  // `method` is "/finalmile.leads.v1.LeadService/GetLead". Blocks until `options.timeout`.
  template <class Resp>
  absl::StatusOr<Resp> Call(std::string_view method, const google::protobuf::Message& request,
                            const CallOptions& options = {}) {
    Resp reply;
    absl::Status status = CallMessage(method, request, reply, options);
    if (!status.ok()) return status;
    return reply;
  }
  virtual absl::Status CallMessage(std::string_view method, const google::protobuf::Message& request,
                                   google::protobuf::Message& reply, const CallOptions& options) = 0;

  // Starts a server or bidirectional stream. Never retried. `options.timeout` bounds the whole
  // stream.
  virtual std::unique_ptr<Stream> Open(std::string_view method, const CallOptions& options) = 0;
};

struct ChannelOptions {
  // "host:port", "dns:///host:port" (the same), "unix:PATH" or "ipv4:A:PORT,B:PORT". All addresses behind it
  // are used in turn.
  std::string target;
  // Bearer token sent with every call; empty: none.
  std::string token = {};
  // Who acts, where the server has no credentials: "kim", "mia:manager"; empty: the local admin.
  std::string act_as = {};
};

// A channel over gRPC (target rpc_client), with connections of its own, made at the first call. It calls
// servers whose health says SERVING, so that it leaves one that is about to stop; while none does, calls are
// UNAVAILABLE, and repeated as CallOptions::retry says. `clock` and `rng` must outlive it.
std::unique_ptr<Channel> NewGrpcChannel(ChannelOptions options, Clock& clock, Rng& rng);

// Whether a server at the channel's end says SERVING for the service (empty: as a whole); UNIMPLEMENTED
// from a fake.
absl::StatusOr<bool> IsServing(Channel& channel, std::string_view service, absl::Duration timeout);

}  // namespace finalmile::rpc
