#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "finalmile/v1/principal.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/standstill.h"

namespace finalmile::rpc {

// What a server knows of a call beside its request.
struct CallInfo {
  // "/finalmile.leads.v1.LeadService/GetLead"; must outlive the call.
  std::string_view method;
  // Never null.
  std::shared_ptr<const v1::Principal> principal;
  // Steady time by which the handler should have answered.
  absl::Duration deadline = absl::InfiniteDuration();
  // Keys in lower case; without credentials and what belongs to gRPC itself.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // Set when nobody waits for the answer any more; may be null. Must outlive the context.
  const std::atomic<bool>* cancelled = nullptr;
  // A unary call has it whose handler may start something: it is set when that has an outcome.
  std::shared_ptr<Signal> signal = nullptr;
  // A stream has it: it is set by what the stream waits for, and outlives the stream's handler.
  WaitEvent* wake = nullptr;
  // Outlive the call; null: the defaults.
  const AnswerRules* answers = nullptr;
  // Outlives the call; null: a standstill of the process does not concern it.
  Standstill* standstill = nullptr;
  // Standstills at its arrival.
  int64_t standstills = 0;
};

// Who calls, until when, and with what. Given to every handler. Thread-safe, but for wake().
class CallContext {
 public:
  // `clock` must outlive the context.
  CallContext(const Clock& clock, CallInfo info) : clock_(clock), info_(std::move(info)) {}
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  const Clock& clock() const { return clock_; }
  std::string_view method() const { return info_.method; }
  const v1::Principal& principal() const { return *info_.principal; }
  bool HasRole(v1::Role role) const;

  // Clock::Steady() by which the handler should have answered: earlier than the caller's own deadline by a
  // margin, kept to say what was slow. Every wait and transaction of the handler ends by then.
  absl::Duration deadline() const { return info_.deadline; }
  // Never negative.
  absl::Duration Remaining() const;
  // Whether nobody waits for the answer any more. A handler need not look; a long one should.
  bool cancelled() const {
    return info_.cancelled != nullptr && info_.cancelled->load(std::memory_order_relaxed);
  }
  // CANCELLED or DEADLINE_EXCEEDED when going on is useless, else OK. UNAVAILABLE / STOOD_STILL for a
  // mutation when the process was stopped since its arrival: the caller may have gone elsewhere meanwhile.
  absl::Status Check() const;

  // The server refuses an answer that breaks them. A handler whose answer grows with what is stored keeps to
  // them while it makes it: Page::Fill, FillBatch.
  const AnswerRules& answers() const;

  // Given to what a handler of Service::UnaryAfter starts. Not null there.
  const std::shared_ptr<Signal>& signal() const { return info_.signal; }
  // Given to what a stream waits for. Not for unary methods.
  WaitEvent& wake() const { return *info_.wake; }

  // The request header `key` (lower case); empty when absent.
  std::string_view metadata(std::string_view key) const;
  // The W3C trace context that came with the call; empty when none did.
  std::string_view traceparent() const { return metadata("traceparent"); }

 private:
  const Clock& clock_;
  CallInfo info_;
};

}  // namespace finalmile::rpc
