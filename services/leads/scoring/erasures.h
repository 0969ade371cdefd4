#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/leads/domain/lead.h"

namespace finalmile::leads::scoring {

// Recognises people who were erased without keeping who they are: each identity is kept as an HMAC-SHA256
// (RFC 2104) under a key that lies in the store. Immutable.
class Erasures {
 public:
  explicit Erasures(std::string key) : key_(std::move(key)) {}

  // Digests of all that says who a normalised lead is: e-mail, external ids, company domain with name.
  std::vector<std::string> DigestsOf(const domain::Lead& lead) const;
  std::string DigestOf(std::string_view source, std::string_view external_id) const;

 private:
  std::string Digest(std::string_view kind, std::string_view value) const;

  const std::string key_;
};

}  // namespace finalmile::leads::scoring
