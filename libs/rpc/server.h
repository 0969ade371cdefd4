#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/log.h"
#include "libs/base/span.h"
#include "libs/base/step.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/observer.h"
#include "libs/rpc/service.h"

namespace finalmile::rpc {

struct ServerOptions {
  // "host:port"; port 0 takes a free one. Without credentials the host must be a loopback address.
  std::string listen = "127.0.0.1:7000";
  // Largest request message, in bytes. A larger one is INVALID_ARGUMENT / MESSAGE_TOO_LARGE before a handler
  // sees it, and so is one that would take more than 16 times this when it is parsed; the transport itself
  // refuses twice this size (RESOURCE_EXHAUSTED). Compressed messages are UNIMPLEMENTED.
  size_t max_message_bytes = 4 << 20;
  // Every message that is sent: a larger one is RESOURCE_EXHAUSTED / ANSWER_TOO_LARGE in its place. The key
  // signs the page tokens of its lists.
  AnswerRules answers = {};
  // What answers over 16 KiB may take together until their callers have read them, at least twice the largest
  // one; those over 256 KiB two thirds of it. Beyond that a call is RESOURCE_EXHAUSTED / OVERLOADED, and
  // those that nobody has read for answer_patience are cancelled. A mutation is refused before it takes
  // effect, later than a read.
  int64_t answer_memory = 48 << 20;
  absl::Duration answer_patience = absl::Seconds(10);
  // Given to a unary call that comes without a deadline, and the most that one gets.
  absl::Duration default_timeout = absl::Seconds(10);
  absl::Duration max_timeout = absl::Minutes(2);
  // The same for streams.
  absl::Duration default_stream_timeout = absl::Hours(1);
  absl::Duration max_stream_timeout = absl::Hours(6);
  // Most unary calls waiting or running; less when calls wait longer than target_wait for a thread.
  int max_pending = 1000;
  absl::Duration target_wait = absl::Milliseconds(100);
  // Streams open at once, of all callers and of one. Those beyond are RESOURCE_EXHAUSTED / TOO_MANY_STREAMS.
  int max_streams = 100;
  int max_streams_per_caller = 32;
  // Connections open at once, at least 1. One beyond is closed as soon as it comes.
  int max_connections = 2000;
  // After this a client is told to connect again, so that it finds new replicas.
  absl::Duration max_connection_age = absl::Minutes(10);
};

// What a server runs on. Everything outlives it, and also every work item it has given to the executor.
struct ServerDeps {
  // Runs every item it accepts. Its queue should hold max_pending + 2 * max_streams items: a stream whose
  // next piece of work is refused ends with RESOURCE_EXHAUSTED.
  Executor& executor;
  Clock& clock;
  Log& log;
  // May be null.
  CallObserver* observer = nullptr;
  // Null: every call is the local admin's.
  const Credentials* credentials = nullptr;
  // Gives the tracer that records the calls of a service; null: they are not recorded. Empty: none are.
  std::function<Tracer*(const google::protobuf::ServiceDescriptor&)> tracer_of = {};
};

// A gRPC server of plain-function services, with health v1 and reflection v1alpha. Thread-safe.
class Server {
 public:
  // Checks the services, binds and serves; health says NOT_SERVING until SetServing(true). The services
  // outlive the server as its deps do. Errors name the thing: FAILED_PRECONDITION (a method, a busy port, a
  // host that is not loopback), INVALID_ARGUMENT (an address).
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<const Service*>& services,
                                                       const ServerDeps& deps);
  // Drains with no patience.
  ~Server();

  // OK while connections are accepted or refused by the bound; UNAVAILABLE with the reason otherwise, and
  // while it drains.
  absl::Status CheckListening() const;

  // "127.0.0.1:7000", with the port that was taken.
  const std::string& address() const;
  int port() const;

  // Unary calls that wait or run now, and how many may.
  struct Load {
    int limit = 0;
    int inside = 0;
  };
  Load load() const;

  // What health answers, for the server and for each service.
  void SetServing(bool serving);

  // One answers the calls of Service::UnaryAfter and goes on with streams that wait; one notices that the
  // process was stopped for more than two seconds: mutations under way, and those that arrive in the second
  // after it, are UNAVAILABLE / STOOD_STILL, for their callers may have gone elsewhere meanwhile. To be run
  // from Start until Drain has returned, and stopped before the server is destroyed.
  std::vector<Step*> steps();

  // Health NOT_SERVING, no new connections and calls, running ones finish, streams that wait end UNAVAILABLE;
  // those left at `deadline` (Clock::Steady()) are cancelled. Returns at the deadline at the latest, give or
  // take the time to cancel, even if a handler never returns. Once is enough.
  void Drain(absl::Duration deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace finalmile::rpc
