#include "tests/fuzz/target.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace finalmile::fuzz {

void Require(bool condition, std::string_view what) {
  if (condition) return;
  std::cerr << "broken: " << what << std::endl;
  std::abort();
}

std::pair<std::string_view, std::string_view> Cut(std::string_view bytes) {
  const size_t feed = bytes.find('\f');
  if (feed == std::string_view::npos) return {bytes, {}};
  return {bytes.substr(0, feed), bytes.substr(feed + 1)};
}

std::string ReadProjectFile(const std::string& path) {
  std::ifstream file(FINALMILE_SOURCE_DIR "/" + path, std::ios::binary);
  Require(file.good(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace finalmile::fuzz
