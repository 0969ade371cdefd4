#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/pending.h"
#include "libs/rpc/context.h"

// A service is its descriptor and one plain function per method: unary, a server stream or a bidirectional
// stream. A method that streams requests alone is not served; a bidirectional one does as well. Nothing here
// knows gRPC: a server, an in-process channel and a test call the same functions.
namespace finalmile::rpc {

// Serialised bytes that an inline answer shares rather than copies. Never null.
using SharedBytes = std::shared_ptr<const std::string>;

// The caller's side of a running stream, seen from a method. Takes one reply; the caller of the handler
// bounds how many. RESOURCE_EXHAUSTED / ANSWER_TOO_LARGE, which ends the stream.
using ReplySink = std::function<absl::Status(const google::protobuf::Message&)>;

// How a stream goes on once its replies have been sent.
enum class StreamNext {
  kMore,
  // Nothing is to be sent now: the handler is called again when CallContext::wake() is set. The stream holds
  // no thread meanwhile.
  kWait,
  kEnd,
};

// Lets a stream's next message be handled beside the one whose handler calls this. Calls after the first have
// no effect.
using LetNext = std::function<void()>;

// One running call of a streaming method. Used by one thread at a time, unless it lets the next message in.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual absl::Status OnMessage(CallContext& context, const google::protobuf::Message& request,
                                 const ReplySink& reply, const LetNext& let_next) = 0;
  // After the last message, again and again until it returns kEnd. CallContext::wake() is cleared before each
  // call.
  virtual absl::StatusOr<StreamNext> OnEnd(CallContext& context, const ReplySink& reply) = 0;
};

// A registered method.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const google::protobuf::Message* request = nullptr;  // prototypes
  const google::protobuf::Message* response = nullptr;
  // Exactly one of these is set. The messages are of the prototypes' types. The reply of a unary method is to
  // be sent when what is returned has ended well; null: at once.
  std::function<absl::StatusOr<std::unique_ptr<Pending>>(CallContext&, const google::protobuf::Message&,
                                                         google::protobuf::Message&)>
      unary;
  std::function<std::unique_ptr<StreamHandler>()> stream;
  // Unary only, may be empty.
  std::function<std::optional<absl::StatusOr<SharedBytes>>(CallContext&, const google::protobuf::Message&)>
      inline_answer;
  std::function<std::optional<absl::StatusOr<std::unique_ptr<Pending>>>(
      CallContext&, const google::protobuf::Message&, google::protobuf::Message&)>
      inline_start;
  // Whether its handlers may return something to wait for.
  bool waits = false;
};

// A reply, and what has to end well before it is sent: an append to the event log, started with
// CallContext::signal(). The call holds no thread meanwhile; it is answered on the thread that sets the
// signal. At the context's deadline the caller gets DEADLINE_EXCEEDED, although what is under way may still
// succeed.
template <class Resp>
struct After {
  std::unique_ptr<Pending> pending;
  Resp reply;
};

// The rest of a server stream: each call gives the next replies, a bounded handful; nullopt ends the stream.
// No replies say that there are none now: it is called again when CallContext::wake(), which is cleared
// before each call, has been set. Otherwise it is called again when the client has taken the replies before.
// So neither a slow client nor a wait pins a thread. A stream whose client leaves is destroyed without being
// called again.
template <class Resp>
using Chunks = std::function<absl::StatusOr<std::optional<std::vector<Resp>>>(CallContext&)>;

// One running bidirectional call. One thread at a time, unless OnMessage lets the next message in. Destroyed
// without Finish when the call ends early.
template <class Req, class Resp>
class BidiSession {
 public:
  virtual ~BidiSession() = default;
  // The next message is read only after these replies have been sent, or when `let_next` is called: then
  // OnMessage is called for it on another thread, while this call goes on. No more than two run at once, and
  // replies are sent in the order of the messages; an error ends the call after the replies to the messages
  // before it.
  virtual absl::StatusOr<std::vector<Resp>> OnMessage(CallContext& context, const Req& request,
                                                      const LetNext& let_next) = 0;
  // The input has ended. The client may be gone all the same.
  virtual absl::StatusOr<std::vector<Resp>> Finish(CallContext& context) = 0;
};

// Registration is not thread-safe and ends before the service is served; then everything is const. Handlers
// are called from several threads at once. Mistakes in registration are kept and reported by Check.
class Service {
 public:
  // `descriptor` is a generated one:
  // `pb::GetLeadRequest::descriptor()->file()->FindServiceByName("LeadService")`. Not null.
  explicit Service(const google::protobuf::ServiceDescriptor* descriptor) : descriptor_(descriptor) {}

  // Handlers run on the server's executor and may block until the context's deadline.
  template <class Req, class Resp>
  void Unary(std::string_view name, std::function<absl::StatusOr<Resp>(CallContext&, const Req&)> handler);
  // For methods that end in a wait.
  template <class Req, class Resp>
  void UnaryAfter(std::string_view name,
                  std::function<absl::StatusOr<After<Resp>>(CallContext&, const Req&)> handler);
  // `open` reads the request and returns what gives the replies.
  template <class Req, class Resp>
  void ServerStream(std::string_view name,
                    std::function<absl::StatusOr<Chunks<Resp>>(CallContext&, const Req&)> open);
  template <class Req, class Resp>
  void BidiStream(std::string_view name,
                  std::function<absl::StatusOr<std::unique_ptr<BidiSession<Req, Resp>>>(CallContext&)> open);

  // Beside Unary: may answer at once with a serialised reply. Runs on the network's thread: it takes
  // microseconds, never blocks and never waits for a lock held over I/O. The context is without metadata.
  // nullopt: the unary handler is run.
  template <class Req>
  void Inline(std::string_view name,
              std::function<std::optional<absl::StatusOr<SharedBytes>>(CallContext&, const Req&)> answer);
  // Beside UnaryAfter: may start what the reply waits for, on the network's thread and under the same rules.
  template <class Req, class Resp>
  void InlineAfter(std::string_view name,
                   std::function<std::optional<absl::StatusOr<After<Resp>>>(CallContext&, const Req&)> start);

  const google::protobuf::ServiceDescriptor& descriptor() const { return *descriptor_; }
  // In the descriptor's order, once Check is OK.
  std::vector<const Method*> methods() const;

  // FAILED_PRECONDITION lists every method that the descriptor lacks or that has other types or another kind,
  // that is registered twice or not at all, or that has no option (finalmile.v1.allow).
  absl::Status Check() const;

 private:
  using Message = google::protobuf::Message;
  enum class Kind { kUnary, kServerStream, kBidiStream };

  template <class Req, class Resp>
  class SourceHandler;
  template <class Req, class Resp>
  class SessionHandler;

  template <class Resp>
  static absl::Status SendAll(const std::vector<Resp>& replies, const ReplySink& reply);
  // Null after a mistake.
  Method* Register(std::string_view name, Kind kind, const Message& request, const Message& response);
  // The unary method `name` of that request, registered before, which has no inline handler yet; null after a
  // mistake.
  Method* RegisterInline(std::string_view name, const Message& request);

  const google::protobuf::ServiceDescriptor* descriptor_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::vector<std::string> mistakes_;
};

template <class Req, class Resp>
void Service::Unary(std::string_view name,
                    std::function<absl::StatusOr<Resp>(CallContext&, const Req&)> handler) {
  Method* method = Register(name, Kind::kUnary, Req::default_instance(), Resp::default_instance());
  if (method == nullptr) return;
  method->unary = [handler = std::move(handler)](
                      CallContext& context, const Message& request,
                      Message& response) -> absl::StatusOr<std::unique_ptr<Pending>> {
    absl::StatusOr<Resp> reply = handler(context, static_cast<const Req&>(request));
    if (!reply.ok()) return reply.status();
    static_cast<Resp&>(response) = std::move(reply).value();
    return nullptr;
  };
}

template <class Req, class Resp>
void Service::UnaryAfter(std::string_view name,
                         std::function<absl::StatusOr<After<Resp>>(CallContext&, const Req&)> handler) {
  Method* method = Register(name, Kind::kUnary, Req::default_instance(), Resp::default_instance());
  if (method == nullptr) return;
  method->waits = true;
  method->unary = [handler = std::move(handler)](
                      CallContext& context, const Message& request,
                      Message& response) -> absl::StatusOr<std::unique_ptr<Pending>> {
    absl::StatusOr<After<Resp>> after = handler(context, static_cast<const Req&>(request));
    if (!after.ok()) return after.status();
    static_cast<Resp&>(response) = std::move(after->reply);
    return std::move(after->pending);
  };
}

template <class Resp>
absl::Status Service::SendAll(const std::vector<Resp>& replies, const ReplySink& reply) {
  for (const Resp& one : replies) {
    if (absl::Status sent = reply(one); !sent.ok()) return sent;
  }
  return absl::OkStatus();
}

template <class Req, class Resp>
class Service::SourceHandler final : public StreamHandler {
 public:
  using Open = std::function<absl::StatusOr<Chunks<Resp>>(CallContext&, const Req&)>;
  explicit SourceHandler(const Open& open) : open_(open) {}

  absl::Status OnMessage(CallContext& context, const Message& request, const ReplySink&,
                         const LetNext&) override {
    if (chunks_) return absl::InvalidArgumentError("the method takes one request message");
    absl::StatusOr<Chunks<Resp>> chunks = open_(context, static_cast<const Req&>(request));
    if (chunks.ok()) chunks_ = std::move(chunks).value();
    return chunks.status();  // NOLINT(bugprone-use-after-move): the status stays
  }

  absl::StatusOr<StreamNext> OnEnd(CallContext& context, const ReplySink& reply) override {
    if (!chunks_) return absl::InvalidArgumentError("the call came without its request message");
    absl::StatusOr<std::optional<std::vector<Resp>>> replies = chunks_(context);
    if (!replies.ok()) return replies.status();
    if (!*replies) return StreamNext::kEnd;
    absl::Status sent = Service::SendAll(**replies, reply);
    if (!sent.ok()) return sent;
    return (*replies)->empty() ? StreamNext::kWait : StreamNext::kMore;
  }

 private:
  const Open& open_;
  Chunks<Resp> chunks_;
};

template <class Req, class Resp>
void Service::ServerStream(std::string_view name,
                           std::function<absl::StatusOr<Chunks<Resp>>(CallContext&, const Req&)> open) {
  Method* method = Register(name, Kind::kServerStream, Req::default_instance(), Resp::default_instance());
  if (method == nullptr) return;
  method->stream = [open = std::move(open)] { return std::make_unique<SourceHandler<Req, Resp>>(open); };
}

template <class Req, class Resp>
class Service::SessionHandler final : public StreamHandler {
 public:
  using Open = std::function<absl::StatusOr<std::unique_ptr<BidiSession<Req, Resp>>>(CallContext&)>;
  explicit SessionHandler(const Open& open) : open_(open) {}

  absl::Status OnMessage(CallContext& context, const Message& request, const ReplySink& reply,
                         const LetNext& let_next) override {
    absl::Status opened = Opened(context);
    if (!opened.ok()) return opened;
    return Send(session_->OnMessage(context, static_cast<const Req&>(request), let_next), reply);
  }

  absl::StatusOr<StreamNext> OnEnd(CallContext& context, const ReplySink& reply) override {
    absl::Status status = Opened(context);
    if (status.ok()) status = Send(session_->Finish(context), reply);
    if (!status.ok()) return status;
    return StreamNext::kEnd;
  }

 private:
  absl::Status Opened(CallContext& context) {
    if (session_ != nullptr) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<BidiSession<Req, Resp>>> session = open_(context);
    if (session.ok()) session_ = std::move(session).value();
    return session.status();  // NOLINT(bugprone-use-after-move): the status stays
  }

  static absl::Status Send(const absl::StatusOr<std::vector<Resp>>& replies, const ReplySink& reply) {
    if (!replies.ok()) return replies.status();
    return Service::SendAll(*replies, reply);
  }

  const Open& open_;
  std::unique_ptr<BidiSession<Req, Resp>> session_;
};

template <class Req, class Resp>
void Service::BidiStream(
    std::string_view name,
    std::function<absl::StatusOr<std::unique_ptr<BidiSession<Req, Resp>>>(CallContext&)> open) {
  Method* method = Register(name, Kind::kBidiStream, Req::default_instance(), Resp::default_instance());
  if (method == nullptr) return;
  method->stream = [open = std::move(open)] { return std::make_unique<SessionHandler<Req, Resp>>(open); };
}

template <class Req>
void Service::Inline(
    std::string_view name,
    std::function<std::optional<absl::StatusOr<SharedBytes>>(CallContext&, const Req&)> answer) {
  Method* method = RegisterInline(name, Req::default_instance());
  if (method == nullptr) return;
  method->inline_answer = [answer = std::move(answer)](CallContext& context, const Message& request) {
    return answer(context, static_cast<const Req&>(request));
  };
}

template <class Req, class Resp>
void Service::InlineAfter(
    std::string_view name,
    std::function<std::optional<absl::StatusOr<After<Resp>>>(CallContext&, const Req&)> start) {
  Method* method = RegisterInline(name, Req::default_instance());
  if (method == nullptr) return;
  method->inline_start = [start = std::move(start)](
                             CallContext& context, const Message& request,
                             Message& response) -> std::optional<absl::StatusOr<std::unique_ptr<Pending>>> {
    std::optional<absl::StatusOr<After<Resp>>> after = start(context, static_cast<const Req&>(request));
    if (!after) return std::nullopt;
    if (!after->ok()) return after->status();
    static_cast<Resp&>(response) = std::move((*after)->reply);
    return std::move((*after)->pending);
  };
}

}  // namespace finalmile::rpc
