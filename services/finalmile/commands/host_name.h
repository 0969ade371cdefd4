#pragma once

#include <string>

namespace finalmile::cli {

// "hosts/ben" of "ben", and the other way round.
inline std::string HostName(const std::string& text) {
  return text.starts_with("hosts/") ? text : "hosts/" + text;
}
inline std::string HostText(const std::string& name) { return name.substr(name.find('/') + 1); }

}  // namespace finalmile::cli
