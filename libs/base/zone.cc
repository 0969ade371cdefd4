#include "libs/base/zone.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace finalmile {
namespace {

constexpr char kNotListed[] =
    "must be a zone of the IANA database, for instance Europe/Berlin or America/New_York";

std::set<std::string, std::less<>> ReadNames() {
  const char* folder = std::getenv("TZDIR");
  std::ifstream file(fmt::format("{}/tzdata.zi", folder == nullptr ? "/usr/share/zoneinfo" : folder));
  std::set<std::string, std::less<>> names;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind >> name;
    // "Z NAME …" and "L TARGET NAME".
    if (kind == "L") words >> name;
    if (kind == "Z" || kind == "L") names.insert(name);
  }
  return names;
}

}  // namespace

absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name) {
  // absl::LoadTimeZone takes paths and names of its own too, and hands out UTC where it fails.
  static const auto& names = *new std::set<std::string, std::less<>>(ReadNames());
  absl::TimeZone zone;
  if (!names.contains(name) || !absl::LoadTimeZone(std::string(name), &zone))
    return absl::InvalidArgumentError(kNotListed);
  return zone;
}

}  // namespace finalmile
