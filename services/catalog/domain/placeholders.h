#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finalmile::catalog::domain {

enum class PlaceholdersOf {
  // Markdown, in which any words in brackets that are no link are one.
  kBody,
  // One line, which may begin with a word in brackets.
  kLine,
};

// What other tools would fill in and this one does not, so that it reaches the customer as it stands:
// {{First Name}}, {{name|there}} and a {{ that is not closed, {name}, ${name}, {% name %}, %NAME%, %%NAME%%,
// *|NAME|*, <<Name>>, <First Name>, <%= name %>, «First_Name», ##NAME##, [First Name]. Each once, in order;
// the first kMaxPlaceholders. What stands for itself (LiteralStretches, a backslash) is none, and neither are
// merge fields of ours.
inline constexpr size_t kMaxPlaceholders = 100;
std::vector<std::string> ForeignPlaceholders(std::string_view text, PlaceholdersOf kind);

}  // namespace finalmile::catalog::domain
