#include "libs/outbox/keys.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "libs/base/text.h"

namespace finalmile::outbox {
namespace {

constexpr std::string_view kDigest = "sha256:";

}  // namespace

std::string KeyName(std::string_view key) {
  if (key.size() <= kLongestPlainKey && !key.starts_with(kDigest) &&
      key.find('\0') == std::string_view::npos && IsUtf8(key)) {
    return std::string(key);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  return std::string(kDigest) +
         absl::BytesToHexString({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

}  // namespace finalmile::outbox
