#pragma once

#include <yaml-cpp/mark.h>

#include <optional>
#include <string>

namespace finalmile::config {

// What a YAML text holds, found out without loading it: loading follows aliases, which can make a small text
// immense, and YAML::LoadAll of yaml-cpp 0.7 yields documents without end where a node begins with a comma or
// a closing bracket.
struct YamlOutline {
  // Where the second document begins; absent: there is one, or none.
  std::optional<YAML::Mark> second_document;
  // The first *alias.
  std::optional<YAML::Mark> alias;
};

// Of the first two documents. Throws YAML::Exception for what is no YAML.
YamlOutline OutlineOf(const std::string& yaml);

}  // namespace finalmile::config
