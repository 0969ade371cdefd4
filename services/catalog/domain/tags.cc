#include "services/catalog/domain/tags.h"

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/asset_rules.h"

namespace finalmile::catalog::domain {
namespace {

// Adds what the fields of the kind say.
struct FieldTags {
  Tags& tags;

  static void Add(std::string_view value, std::vector<std::string>& values) {
    value = Trim(value);
    if (!value.empty() && Characters(value) <= kMaxTagCharacters) values.emplace_back(value);
  }

  template <typename Details>
  void operator()(const Details&) const {}
  void operator()(const BattleCard& card) const { Add(card.competitor, tags.competitors); }
  void operator()(const Collateral& collateral) const { Add(collateral.product, tags.products); }
  void operator()(const CaseStudy& study) const { Add(study.industry, tags.industries); }
  void operator()(const AttackPack& pack) const {
    Add(pack.competitor, tags.competitors);
    Add(pack.audience, tags.personas);
  }
  void operator()(const MessageTraining& training) const { Add(training.audience, tags.personas); }
  void operator()(const TalkTrackSource& source) const { Add(source.situation, tags.situations); }
};

}  // namespace

std::string FoldTag(std::string_view tag) { return text::Fold(Trim(tag)); }

Tags AllTags(const Asset& asset) {
  Tags tags = asset.tags;
  std::visit(FieldTags{tags}, asset.details);
  for (const TagList& list : kTagLists) {
    std::set<std::string> seen;
    std::erase_if(tags.*list.values,
                  [&](const std::string& value) { return !seen.insert(FoldTag(value)).second; });
  }
  return tags;
}

}  // namespace finalmile::catalog::domain
