#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace finalmile::leads::domain {

// One fact about a lead: text, number, boolean or list of texts.
using AttributeValue = std::variant<std::string, double, bool, std::vector<std::string>>;
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

// What the conditions of fit rules may read. A lead's own field stands under its name (email, phone, company,
// company_domain, lead_source, campaign); an empty field is an absent one.
struct LeadFacts {
  std::string email;
  std::string phone;
  std::string company;
  std::string company_domain;
  std::string lead_source;
  std::string campaign;
  Attributes attributes;
};

}  // namespace finalmile::leads::domain
