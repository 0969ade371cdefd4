#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "libs/base/finding.h"

namespace finalmile::testing {

// The first finding of `check`; fails the test where there is none.
inline Finding FindingOf(std::string_view check, const std::vector<Finding>& findings) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& finding) { return finding.check == check; });
  EXPECT_NE(found, findings.end()) << check;
  return found == findings.end() ? Finding{} : *found;
}

}  // namespace finalmile::testing
