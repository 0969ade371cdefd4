#include "libs/telemetry/call_metrics.h"

#include <gtest/gtest.h>

namespace finalmile::telemetry {
namespace {

TEST(CallMetricsTest, CountsUnderTheUsualNames) {
  Metrics metrics;
  const auto observer = NewCallMetrics(metrics);
  const auto method = observer->ForMethod({"finalmile.leads.v1.LeadService", "GetLead", "unary"});
  method->Started();
  method->Started();
  method->Finished(absl::StatusCode::kOk, absl::Milliseconds(3), 1, 1);
  method->Finished(absl::StatusCode::kNotFound, absl::Seconds(20), 1, 0);
  const std::string text = metrics.Serialize();
  const std::string labels =
      "grpc_method=\"GetLead\",grpc_service=\"finalmile.leads.v1.LeadService\",grpc_type=\"unary\"";
  for (const std::string& line : {"grpc_server_started_total{" + labels + "} 2\n",
                                  "grpc_server_handled_total{grpc_code=\"OK\"," + labels + "} 1\n",
                                  "grpc_server_handled_total{grpc_code=\"NotFound\"," + labels + "} 1\n",
                                  "grpc_server_handled_total{grpc_code=\"Internal\"," + labels + "} 0\n",
                                  "grpc_server_handling_seconds_count{" + labels + "} 2\n",
                                  "grpc_server_handling_seconds_bucket{" + labels + ",le=\"0.0025\"} 0\n",
                                  "grpc_server_handling_seconds_bucket{" + labels + ",le=\"0.005\"} 1\n",
                                  "grpc_server_handling_seconds_bucket{" + labels + ",le=\"10\"} 1\n",
                                  "grpc_server_msg_received_total{" + labels + "} 2\n",
                                  "grpc_server_msg_sent_total{" + labels + "} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(CallMetricsTest, ACodeOutsideTheListIsUnknown) {
  Metrics metrics;
  const auto method = NewCallMetrics(metrics)->ForMethod({"s", "m", "unary"});
  method->Finished(static_cast<absl::StatusCode>(99), absl::ZeroDuration(), 0, 0);
  EXPECT_NE(metrics.Serialize().find(
                "grpc_code=\"Unknown\",grpc_method=\"m\",grpc_service=\"s\",grpc_type=\"unary\"} 1"),
            std::string::npos);
}

TEST(CallMetricsTest, RefusalsAreCountedByReason) {
  Metrics metrics;
  const auto observer = NewCallMetrics(metrics);
  observer->Refused("OVERLOADED");
  observer->Refused("LEAD_NOT_FOUND");
  const std::string text = metrics.Serialize();
  EXPECT_NE(text.find("finalmile_calls_refused_total{reason=\"OVERLOADED\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("finalmile_calls_refused_total{reason=\"TOKEN_MISSING\"} 0\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("LEAD_NOT_FOUND"), std::string::npos) << "no refusal of the server's own";
}

}  // namespace
}  // namespace finalmile::telemetry
