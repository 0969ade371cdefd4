#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/testing/personal_fields.h"

namespace finalmile::leads {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

TEST(EventPrivacy, NoEventHoldsAFieldThatIsMarkedPersonal) {
  EXPECT_THAT(testing::PersonalFields(*v1::LeadEvent::descriptor()), IsEmpty());
  EXPECT_THAT(testing::PersonalFields(*v1::Activity::descriptor()), IsEmpty());
}

TEST(EventPrivacy, TheWalkFindsWhatIsMarked) {
  const auto found = testing::PersonalFields(*v1::Lead::descriptor());
  EXPECT_THAT(found, Contains("Lead.email"));
  EXPECT_THAT(found, Contains("Lead.external_ids.id"));
}

}  // namespace
}  // namespace finalmile::leads
