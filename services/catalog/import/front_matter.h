#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/catalog/domain/asset.h"
#include "services/catalog/import/matter.h"
#include "services/catalog/import/page.h"

namespace finalmile::catalog::import {

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

// What reading front matter gives beside the asset.
struct FrontMatter {
  Lines lines;
  Problems problems;
  Problems warnings;
  std::vector<std::string> ignored;
  Publication publication;
  bool names_kind = false;
};

// A key as it is compared: lower case, without hyphens, underscores and spaces.
std::string FoldKey(std::string_view key);

// Puts one value where it belongs. What is wrong with it is added to `faults`, what is merely left out of it
// to `warnings`.
using Take = std::function<void(const Matter& value, Problems& faults, Problems& warnings)>;
struct Key {
  // As people write it: "call_back_line".
  std::string name;
  // Its path below the asset.
  std::string path;
  Take take;
};
// By their folded names.
using Keys = std::map<std::string, Key, std::less<>>;
void AddKey(std::string name, std::string path, Take take, Keys& keys);

// Take a text, and a text or a list of them. A list is one text with commas where one text is expected. A
// mapping is a fault.
Take Into(std::string name, std::string& target);
Take Into(std::string name, std::vector<std::string>& target);

// Adds the keys of the details of `asset`, which must outlive them.
void AddDetailKeys(domain::Asset& asset, Keys& keys);

// Reads the front matter of a page into `asset`, whose kind is the default.
FrontMatter ReadFrontMatter(const Split& split, domain::Asset& asset);

}  // namespace finalmile::catalog::import
