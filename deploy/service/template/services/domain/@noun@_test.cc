#include "services/@name@/domain/@noun@.h"

#include <gtest/gtest.h>

namespace finalmile::@name@::domain {
namespace {

bool Valid(const std::string& title) {
  @Noun@ @noun@{title};
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

}  // namespace
}  // namespace finalmile::@name@::domain
