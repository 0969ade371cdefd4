#include "services/catalog/domain/tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::catalog::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Tags Of(Details details, Tags tags = {}) {
  Asset asset;
  asset.details = std::move(details);
  asset.tags = std::move(tags);
  return AllTags(asset);
}

TEST(Tags, FieldsOfTheKindAreTags) {
  EXPECT_THAT(Of(BattleCard{"Acme", {}}).competitors, ElementsAre("Acme"));
  EXPECT_THAT(Of(Collateral{"Search", ""}).products, ElementsAre("Search"));
  EXPECT_THAT(Of(CaseStudy{"Bolt", "Retail", "", "", ""}).industries, ElementsAre("Retail"));
  const Tags pack = Of(AttackPack{"Acme", "Buyers", {}});
  EXPECT_THAT(pack.competitors, ElementsAre("Acme"));
  EXPECT_THAT(pack.personas, ElementsAre("Buyers"));
  EXPECT_THAT(Of(MessageTraining{" CFO ", {}}).personas, ElementsAre("CFO"));
  EXPECT_THAT(Of(TalkTrackSource{"first call"}).situations, ElementsAre("first call"));
  EXPECT_EQ(Of(EmailTemplate{"Acme"}), Tags());
}

TEST(Tags, ThatCompareAlikeAreOne) {
  Tags own;
  own.competitors = {"ACME", "Caf\u00E9", "cafe", "Other"};
  EXPECT_THAT(Of(BattleCard{"acme", {}}, own).competitors, ElementsAre("ACME", "Caf\u00E9", "Other"));
  EXPECT_EQ(FoldTag(" Stra\u00DFe "), FoldTag("STRASSE"));
}

TEST(Tags, ALongFieldIsNone) {
  EXPECT_THAT(Of(MessageTraining{std::string(64, 'a'), {}}).personas, ElementsAre(std::string(64, 'a')));
  EXPECT_THAT(Of(MessageTraining{std::string(65, 'a'), {}}).personas, IsEmpty());
  EXPECT_THAT(Of(MessageTraining{"", {}}).personas, IsEmpty());
}

}  // namespace
}  // namespace finalmile::catalog::domain
