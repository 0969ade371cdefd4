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
  EXPECT_EQ(cause.traceparent, "");
}

}  // namespace
}  // namespace finalmile::outbox
