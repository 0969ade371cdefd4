#include "libs/rpc/signed_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"

namespace finalmile::rpc {
namespace {

constexpr size_t kMacBytes = 32;

std::string Mac(std::string_view payload, std::string_view key) {
  std::string mac(kMacBytes, '\0');
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(payload.data()), payload.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  return mac;
}

}  // namespace

std::string SignToken(std::string_view payload, std::string_view key) {
  return absl::WebSafeBase64Escape(Mac(payload, key) + std::string(payload));
}

absl::StatusOr<std::string> OpenToken(std::string_view token, std::string_view key) {
  const absl::Status wrong = absl::InvalidArgumentError("the token is damaged or was not made here");
  std::string bytes;
  if (!absl::WebSafeBase64Unescape({token.data(), token.size()}, &bytes) || bytes.size() < kMacBytes) {
    return wrong;
  }
  // The last digit of base64 may hold bits that say nothing.
  if (absl::WebSafeBase64Escape(bytes) != absl::string_view(token.data(), token.size())) return wrong;
  std::string payload = bytes.substr(kMacBytes);
  if (CRYPTO_memcmp(Mac(payload, key).data(), bytes.data(), kMacBytes) != 0) return wrong;
  return payload;
}

}  // namespace finalmile::rpc
