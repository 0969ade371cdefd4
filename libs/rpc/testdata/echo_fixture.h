#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "echo.pb.h"
#include "libs/base/executor.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/service.h"

// What the tests of libs/rpc share: executors they command, and the service of echo.proto.
namespace finalmile::rpc {

namespace pb = finalmile::rpctest::v1;

constexpr char kSay[] = "/finalmile.rpctest.v1.EchoService/Say";
constexpr char kRepeat[] = "/finalmile.rpctest.v1.EchoService/Repeat";
constexpr char kChat[] = "/finalmile.rpctest.v1.EchoService/Chat";
constexpr char kListThings[] = "/finalmile.rpctest.v1.EchoService/ListThings";
constexpr char kUpdateThing[] = "/finalmile.rpctest.v1.EchoService/UpdateThing";

// Something another thread waits for.
class Latch {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// A queue that is run by threads of its own, or only when the test says so.
class TestExecutor final : public Executor {
 public:
  explicit TestExecutor(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~TestExecutor() override { Stop(); }

  // Runs what is queued and ends the threads.
  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // The next `count` items are refused.
  void Refuse(int count) {
    std::lock_guard lock(mutex_);
    refuse_ = count;
  }

  bool TryRun(std::function<void()> work) override {
    std::lock_guard lock(mutex_);
    if (refuse_ > 0) {
      --refuse_;
      return false;
    }
    queue_.push_back(std::move(work));
    changed_.notify_all();
    return true;
  }

  // Without threads: blocks until an item is there, and takes it.
  std::function<void()> Next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty(); });
    auto work = std::move(queue_.front());
    queue_.pop_front();
    return work;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  int refuse_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

inline pb::SayRequest SayOf(std::string text, int count = 0) {
  pb::SayRequest request;
  request.set_text(std::move(text));
  request.set_count(count);
  return request;
}

inline pb::SayResponse Said(std::string text, int count = 0) {
  pb::SayResponse response;
  response.set_text(std::move(text));
  response.set_count(count);
  return response;
}

inline const google::protobuf::ServiceDescriptor* Descriptor(const char* name) {
  return pb::SayRequest::descriptor()->file()->FindServiceByName(name);
}

// The service of echo.proto; tests replace what Say, Repeat and Chat do.
struct Echo {
  Echo() : service(Descriptor("EchoService")) {
    service.UnaryAfter<pb::SayRequest, pb::SayResponse>(
        "Say",
        [this](CallContext& context,
               const pb::SayRequest& request) -> absl::StatusOr<After<pb::SayResponse>> {
          absl::StatusOr<pb::SayResponse> reply = say(context, request);
          if (!reply.ok()) return reply.status();
          return After<pb::SayResponse>{after ? after(context) : nullptr, *std::move(reply)};
        });
    service.ServerStream<pb::SayRequest, pb::SayResponse>(
        "Repeat",
        [this](CallContext& context, const pb::SayRequest& request) { return repeat(context, request); });
    service.BidiStream<pb::SayRequest, pb::SayResponse>(
        "Chat",
        [this](
            CallContext&) -> absl::StatusOr<std::unique_ptr<BidiSession<pb::SayRequest, pb::SayResponse>>> {
          return std::make_unique<Chatter>(*this);
        });
    service.Unary<pb::ListThingsRequest, pb::ListThingsResponse>(
        "ListThings",
        [](CallContext&, const pb::ListThingsRequest&) -> absl::StatusOr<pb::ListThingsResponse> {
          return pb::ListThingsResponse();
        });
    service.Unary<pb::UpdateThingRequest, pb::Thing>(
        "UpdateThing",
        [this](CallContext& context, const pb::UpdateThingRequest& request) -> absl::StatusOr<pb::Thing> {
          ++updates;
          if (update) RETURN_IF_ERROR(update(context));
          return request.thing();
        });
  }

  struct Chatter final : BidiSession<pb::SayRequest, pb::SayResponse> {
    explicit Chatter(Echo& echo) : echo(echo) {}
    ~Chatter() override {
      if (echo.on_chat_end) echo.on_chat_end();
    }
    absl::StatusOr<std::vector<pb::SayResponse>> OnMessage(CallContext& context,
                                                           const pb::SayRequest& request,
                                                           const LetNext& let_next) override {
      const int count = ++this->count;
      if (echo.on_chat) echo.on_chat(context);
      if (echo.on_chat_message) echo.on_chat_message(request, let_next);
      if (request.text() == "bad") return InvalidField("text", "must not be bad");
      return std::vector<pb::SayResponse>(static_cast<size_t>(request.count()), Said(request.text(), count));
    }
    absl::StatusOr<std::vector<pb::SayResponse>> Finish(CallContext&) override {
      return std::vector<pb::SayResponse>{Said("end", count)};
    }
    Echo& echo;
    std::atomic<int> count = 0;
  };

  // What the reply of Say waits for; empty: nothing.
  std::function<std::unique_ptr<Pending>(CallContext&)> after;
  std::function<absl::StatusOr<pb::SayResponse>(CallContext&, const pb::SayRequest&)> say =
      [](CallContext& context, const pb::SayRequest& request) {
        pb::SayResponse response = Said(request.text());
        response.set_traceparent(std::string(context.traceparent()));
        return response;
      };
  std::function<absl::StatusOr<Chunks<pb::SayResponse>>(CallContext&, const pb::SayRequest&)> repeat =
      [](CallContext&, const pb::SayRequest& request) {
        return [request, sent = 0](
                   CallContext&) mutable -> absl::StatusOr<std::optional<std::vector<pb::SayResponse>>> {
          std::vector<pb::SayResponse> chunk;
          for (int i = 0; i < 10 && sent < request.count(); ++i)
            chunk.push_back(Said(request.text(), ++sent));
          if (chunk.empty()) return std::nullopt;
          return chunk;
        };
      };
  // Calls of UpdateThing, the mutation.
  std::atomic<int> updates = 0;
  std::function<absl::Status(CallContext&)> update;
  std::function<void(CallContext&)> on_chat;
  std::function<void(const pb::SayRequest&, const LetNext&)> on_chat_message;
  std::function<void()> on_chat_end;
  Service service;
};

}  // namespace finalmile::rpc
