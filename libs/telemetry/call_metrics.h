#pragma once

#include <memory>

#include "libs/rpc/observer.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::telemetry {

// Counts calls under the usual names: grpc_server_started_total, grpc_server_handled_total (by grpc_code),
// grpc_server_handling_seconds, grpc_server_msg_received_total and grpc_server_msg_sent_total, each by
// grpc_type, grpc_service and grpc_method; and finalmile_calls_refused_total{reason}, see rpc::kRefusals.
// `metrics` must outlive the result and its observers.
std::unique_ptr<rpc::CallObserver> NewCallMetrics(Metrics& metrics);

}  // namespace finalmile::telemetry
