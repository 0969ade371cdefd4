#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/testing/personal_fields.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EventPrivacy, NoEventHoldsAFieldThatIsMarkedPersonal) {
  EXPECT_THAT(testing::PersonalFields(*v1::CatalogEvent::descriptor()), IsEmpty());
}

TEST(EventPrivacy, WhatPeopleTypeIsMarked) {
  EXPECT_THAT(testing::PersonalFields(*v1::Gap::descriptor()), ElementsAre("Gap.need", "Gap.reason"));
  EXPECT_THAT(testing::PersonalFields(*v1::AnswerGapRequest::descriptor()),
              ElementsAre("AnswerGapRequest.decline.reason"));
  EXPECT_THAT(testing::PersonalFields(*v1::RetireAssetRequest::descriptor()),
              ElementsAre("RetireAssetRequest.reason"));
  EXPECT_THAT(testing::PersonalFields(*v1::ApproveAssetRequest::descriptor()),
              ElementsAre("ApproveAssetRequest.refusal"));
  EXPECT_THAT(testing::PersonalFields(*v1::SearchAssetsRequest::descriptor()),
              ElementsAre("SearchAssetsRequest.query"));
  EXPECT_THAT(testing::PersonalFields(*v1::Asset::descriptor()), ElementsAre("Asset.reason"));
}

}  // namespace
}  // namespace finalmile::catalog
