#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "services/catalog/domain/asset.h"
#include "services/catalog/import/page.h"

// The pages of the tests of this folder.
namespace finalmile::catalog::import {

inline const Defaults kDefaults = {"handbook", domain::AssetKind::kMessageTraining, "mia"};

inline Page Read(std::string_view content, std::string_view path = "sales/pitch.md") {
  return ReadPage(path, content, kDefaults);
}

// "line: reason" of the only problem.
inline std::string ProblemOf(std::string_view content, std::string_view path = "sales/pitch.md") {
  const Page page = Read(content, path);
  EXPECT_EQ(page.problems.size(), 1u) << content;
  if (page.problems.empty()) return "";
  return std::to_string(page.problems[0].line) + ": " + page.problems[0].reason;
}

}  // namespace finalmile::catalog::import
