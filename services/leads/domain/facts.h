#pragma once

#include <string>
#include <string_view>

#include "services/leads/domain/attributes.h"
#include "services/leads/domain/lead.h"

// A lead as values by path, so that two of them can be compared and changed value by value: "owner",
// "attributes.staff", "gates.5" (true), "outcome" (its number), "outcome_time" (microseconds). External ids
// and permissions are no such values.
namespace finalmile::leads::domain {

using Facts = Attributes;

// What is known of a lead; an absent path is an empty value.
Facts FactsOf(const Lead& lead);
// The value at `path`; null: none.
const AttributeValue* FactAt(const Facts& facts, std::string_view path);
// Sets one value; null empties it. A path that is none of FactsOf is passed over.
void SetFact(Lead& lead, std::string_view path, const AttributeValue* value);
// For people: "250", "a, b"; empty for null. At most 256 characters.
std::string FactText(std::string_view path, const AttributeValue* value);

bool SameFact(const AttributeValue* a, const AttributeValue* b);

}  // namespace finalmile::leads::domain
