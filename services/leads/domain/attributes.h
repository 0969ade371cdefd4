#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace finalmile::leads::domain {

// One fact about a lead: text, number, boolean or list of texts.
using AttributeValue = std::variant<std::string, double, bool, std::vector<std::string>>;
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

}  // namespace finalmile::leads::domain
