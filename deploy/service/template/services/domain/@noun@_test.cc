#include "services/@name@/domain/@noun@.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::@name@::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool Valid(const std::string& title, const std::string& description = "") {
  @Noun@ @noun@{title, description};
  Normalise(@noun@);
  return Validate(@noun@).empty();
}

TEST(@Noun@, TitleHasOneToTwoHundredCharacters) {
  EXPECT_FALSE(Valid("  "));
  EXPECT_TRUE(Valid(" x "));
  EXPECT_TRUE(Valid(std::string(199, 'x')));
  EXPECT_TRUE(Valid(std::string(200, 'x')));
  EXPECT_FALSE(Valid(std::string(201, 'x')));
}

TEST(@Noun@, DescriptionHasAtMostFourThousandCharacters) {
  EXPECT_TRUE(Valid("x", std::string(3'999, 'x')));
  EXPECT_TRUE(Valid("x", std::string(4'000, 'x')));
  EXPECT_FALSE(Valid("x", std::string(4'001, 'x')));
}

TEST(@Noun@, ChangesAreNamed) {
  EXPECT_THAT(Changes({"a", "b"}, {"a", "b"}), IsEmpty());
  EXPECT_THAT(Changes({"a", "b"}, {"c", "d"}), ElementsAre("title", "description"));
  EXPECT_THAT(Changes({"a", "b"}, {"a", "b", LeadName("leads/1"), absl::UnixEpoch()}), ElementsAre("lead", "expire_time"));
}

}  // namespace
}  // namespace finalmile::@name@::domain
