#include "services/finalmile/import/digest.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <sstream>

#include "absl/strings/escaping.h"

namespace finalmile::cli {

absl::StatusOr<std::string> DigestOf(std::istream& input) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  bool ok = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::array<char, 64 << 10> block;
  while (ok && input) {
    input.read(block.data(), block.size());
    ok = EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(input.gcount())) == 1;
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  ok = ok && !input.bad() &&
       EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1;
  if (!ok) return absl::DataLossError("the file cannot be read to its end");
  return absl::BytesToHexString(digest.substr(0, size));
}

std::string DigestOf(std::string_view bytes) {
  std::istringstream input{std::string(bytes)};
  return DigestOf(input).value_or("");
}

}  // namespace finalmile::cli
