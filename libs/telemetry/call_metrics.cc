#include "libs/telemetry/call_metrics.h"

#include <array>
#include <map>
#include <optional>
#include <string_view>

namespace finalmile::telemetry {
namespace {

// As grpc-go and its metrics spell them, by number.
constexpr std::array<std::string_view, 17> kCodes = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

class MethodMetrics final : public rpc::MethodObserver {
 public:
  MethodMetrics(Metrics& metrics, const Labels& labels)
      : started_(metrics.Counter("grpc_server_started_total", "Calls started.", labels)),
        received_(metrics.Counter("grpc_server_msg_received_total", "Messages received.", labels)),
        sent_(metrics.Counter("grpc_server_msg_sent_total", "Messages sent.", labels)),
        seconds_(metrics.Histogram("grpc_server_handling_seconds",
                                   "From a call's arrival to its status, in seconds.", LatencyBuckets(),
                                   labels)) {
    for (size_t code = 0; code < kCodes.size(); ++code) {
      Labels with_code = labels;
      with_code.emplace_back("grpc_code", kCodes[code]);
      handled_[code].emplace(
          metrics.Counter("grpc_server_handled_total", "Calls that ended, by code.", with_code));
    }
  }

  void Started() override { started_.Add(); }

  void Finished(absl::StatusCode code, absl::Duration took, int64_t received, int64_t sent) override {
    const auto index = static_cast<size_t>(code);
    handled_[index < kCodes.size() ? index : static_cast<size_t>(absl::StatusCode::kUnknown)]->Add();
    seconds_.Observe(absl::ToDoubleSeconds(took));
    received_.Add(static_cast<double>(received));
    sent_.Add(static_cast<double>(sent));
  }

 private:
  const Counter started_;
  const Counter received_;
  const Counter sent_;
  const Histogram seconds_;
  std::array<std::optional<Counter>, kCodes.size()> handled_;
};

class CallMetrics final : public rpc::CallObserver {
 public:
  explicit CallMetrics(Metrics& metrics) : metrics_(metrics) {
    for (const std::string_view reason : rpc::kRefusals) {
      refused_.emplace(reason, metrics.Counter("finalmile_calls_refused_total",
                                               "Calls that the server refused on its own, by reason.",
                                               {{"reason", std::string(reason)}}));
    }
  }

  std::unique_ptr<rpc::MethodObserver> ForMethod(const rpc::MethodLabels& labels) override {
    return std::make_unique<MethodMetrics>(metrics_, Labels{{"grpc_type", std::string(labels.type)},
                                                            {"grpc_service", std::string(labels.service)},
                                                            {"grpc_method", std::string(labels.method)}});
  }

  void Refused(std::string_view reason) override {
    if (const auto counter = refused_.find(reason); counter != refused_.end()) counter->second.Add();
  }

 private:
  Metrics& metrics_;
  std::map<std::string_view, Counter> refused_;
};

}  // namespace

std::unique_ptr<rpc::CallObserver> NewCallMetrics(Metrics& metrics) {
  return std::make_unique<CallMetrics>(metrics);
}

}  // namespace finalmile::telemetry
