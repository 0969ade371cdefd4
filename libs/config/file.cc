#include "libs/config/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "libs/base/status.h"
#include "libs/config/yaml.h"

namespace finalmile::config {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

absl::Status Failure(const std::string& path, int error) {
  const std::string text = fmt::format("cannot read {}: {}", path, std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::FailedPreconditionError(text);
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (file == nullptr) return Failure(path, errno);
  std::string content(kMaxBytes + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  if (std::ferror(file.get())) return Failure(path, errno);
  if (content.size() > kMaxBytes)
    return absl::FailedPreconditionError(fmt::format("{} is longer than 1 MiB", path));
  return content;
}

absl::StatusOr<std::vector<FileEntry>> ReadYaml(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  try {
    const YAML::Node root = LoadYaml(content);
    std::vector<FileEntry> entries;
    if (root.IsNull()) return entries;
    if (!root.IsMap())
      return absl::InvalidArgumentError(fmt::format("{}: write one `setting: value` per line", path));
    for (const auto& pair : root) {
      const YAML::Node& key = pair.first;
      const YAML::Node& value = pair.second;
      const int line = key.Mark().line + 1;
      if (!key.IsScalar() || !(value.IsScalar() || value.IsNull())) {
        return absl::InvalidArgumentError(
            fmt::format("{}:{}: {} holds a list or a map; write one `setting: value` per line", path, line,
                        key.IsScalar() ? key.Scalar() : "the key"));
      }
      entries.push_back({key.Scalar(), value.IsNull() ? "" : value.Scalar(), line});
    }
    return entries;
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(fmt::format("{}:{}: not YAML: {}", path, e.mark.line + 1, e.msg));
  }
}

std::string QuoteYaml(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '/' || c == '_' || c == '-' ||
           c == '+';
  }) && std::isalnum(static_cast<unsigned char>(text.front()));
  if (plain) return std::string(text);
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << std::string(text);
  return emitter.c_str();
}

}  // namespace finalmile::config
