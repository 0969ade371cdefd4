#include "libs/outbox/envelope.h"

#include <gtest/gtest.h>

#include "finalmile/v1/principal.pb.h"
#include "google/protobuf/timestamp.pb.h"

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
}

TEST(EnvelopeTest, AnEventBelongsToTheTraceOfWhoeverMakesIt) {
  const TraceContext trace{1, 2, 3, true};
  const TraceScope scope(trace);
  const TracedEvent<v1::Principal> traced{v1::Principal()};
  const TraceScope none(std::nullopt);
  EXPECT_EQ(traced.trace, trace);
  EXPECT_EQ(TracedEvent<v1::Principal>{v1::Principal()}.trace, std::nullopt);
}

}  // namespace
}  // namespace finalmile::outbox
