#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "services/catalog/domain/asset.h"
#include "services/catalog/import/page.h"

namespace finalmile::catalog::import {

// Where the front matter of a page ends.
struct Split {
  // Between the two lines ---; empty: there is none.
  std::string_view front_matter;
  // The line of its first line, 1-based.
  int first_line = 0;
  std::string_view body;
  // It begins and does not end.
  bool open = false;
};
// `content` without byte order mark. White space before the first --- is passed over.
Split SplitFrontMatter(std::string_view content);

// The first problems of a page, and how many more there are.
class Problems {
 public:
  void Add(int line, std::string reason);
  bool empty() const { return kept_.empty(); }
  // Further ones are only counted.
  bool full() const { return kept_.size() == kMaxProblems; }
  // As Page::problems.
  std::vector<Problem> Take();

 private:
  std::vector<Problem> kept_;
  size_t more_ = 0;
};

// The line on which each field was given, by its path below the asset ("title", "tags.products",
// "battle_card.claims").
using Lines = std::map<std::string, int, std::less<>>;

// Reads YAML front matter into `asset`, whose kind is the default. Adds to `problems` and `ignored`.
void ReadFrontMatter(const Split& split, domain::Asset& asset, Lines& lines, Problems& problems,
                     std::vector<std::string>& ignored);

}  // namespace finalmile::catalog::import
