#include "libs/base/violation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Violations, LengthCountsCharacters) {
  Violations violations;
  violations.Length("one", "ä", 1, 2);
  violations.Length("two", "ää", 1, 2);
  EXPECT_THAT(violations.Take(), IsEmpty());
  violations.Length("none", "", 1, 2);
  violations.Length("three", "äää", 1, 2);
  violations.Length("optional", "", 0, 2);
  EXPECT_FALSE(violations.empty());
  EXPECT_THAT(violations.Take(), ElementsAre(Violation{"none", "is required"},
                                             Violation{"three", "at most 2 characters, not 3"}));
}

TEST(Violations, CountHasALimit) {
  Violations violations;
  violations.Count("list", 1, 2);
  violations.Count("list", 2, 2);
  violations.Count("list", 3, 2);
  EXPECT_THAT(violations.Take(), ElementsAre(Violation{"list", "at most 2, not 3"}));
}

}  // namespace
}  // namespace finalmile
