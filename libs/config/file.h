#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace finalmile::config {

struct FileEntry {
  std::string name;
  std::string text;
  int line = 0;
};

// The content of a small file (at most 1 MiB). NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION name the
// path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// The entries of a YAML mapping of names to scalars, in order. An empty file has none. INVALID_ARGUMENT names
// file and line.
absl::StatusOr<std::vector<FileEntry>> ReadYaml(const std::string& path);

// `text` as a YAML scalar that reads back as the same string.
std::string QuoteYaml(std::string_view text);

}  // namespace finalmile::config
