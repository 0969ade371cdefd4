#include "libs/outbox/envelope.h"

#include <gtest/gtest.h>

#include "finalmile/v1/principal.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::outbox {
namespace {

TEST(EnvelopeTest, SourceIsTheServiceOfThePackage) {
  EXPECT_EQ(SourceOf(*v1::Principal::descriptor()), "/finalmile");
  EXPECT_EQ(SourceOf(*google::protobuf::Timestamp::descriptor()), "/google");
}

TEST(EnvelopeTest, ATaskIsAPrincipalWithoutRoles) {
  const Cause cause = CauseOf("leads.fading");
  EXPECT_EQ(cause.principal.name(), "leads.fading");
  EXPECT_EQ(cause.principal.roles_size(), 0);
  EXPECT_FALSE(cause.trace);
}

TEST(EnvelopeTest, OfACallersTraceOnlyAWellFormedOneReachesTheEvent) {
  testing::ManualClock clock;
  const auto traceparent_of = [&](const std::string& sent) {
    rpc::CallInfo info{.method = "/s/M", .principal = std::make_shared<v1::Principal>()};
    info.metadata = {{"traceparent", sent}, {"tracestate", "who=ann@example.com"}, {"x-note", "ann"}};
    const Cause cause = CauseOf(rpc::CallContext(clock, std::move(info)));
    OutgoingEvent event;
    event.trace = cause.trace;
    const events::Message message = ToMessage(event);
    std::string found;
    for (const auto& [name, value] : message.headers) {
      EXPECT_EQ(value.find("ann"), std::string::npos) << name;
      if (name == "traceparent") found = value;
    }
    return found;
  };
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(traceparent_of(good), good);
  EXPECT_EQ(traceparent_of("ann@example.com"), "");
  EXPECT_EQ(traceparent_of(good + "-ann@example.com"), "");
  EXPECT_EQ(traceparent_of(std::string(2048, 'a')), "");
}

}  // namespace
}  // namespace finalmile::outbox
