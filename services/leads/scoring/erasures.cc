#include "services/leads/scoring/erasures.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "services/leads/domain/identity.h"

namespace finalmile::leads::scoring {

std::string Erasures::Digest(std::string_view kind, std::string_view value) const {
  const std::string text = fmt::format("{}\x1f{}", kind, value);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

std::string Erasures::DigestOf(std::string_view source, std::string_view external_id) const {
  return Digest("id", fmt::format("{}\x1f{}", source, external_id));
}

std::vector<std::string> Erasures::DigestsOf(const domain::Lead& lead) const {
  std::vector<std::string> digests;
  if (!lead.email.empty()) digests.push_back(Digest("email", lead.email));
  for (const domain::ExternalId& id : lead.external_ids) digests.push_back(DigestOf(id.source, id.id));
  if (const std::string name = domain::NameKey(lead); !name.empty()) digests.push_back(Digest("name", name));
  return digests;
}

}  // namespace finalmile::leads::scoring
