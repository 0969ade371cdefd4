#include "services/leads/domain/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "libs/text/domain_name.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

// An attribute's value, or the text of a lead's own field; neither: absent.
struct Fact {
  const AttributeValue* value = nullptr;
  const std::string* field = nullptr;

  const std::string* words() const { return field != nullptr ? field : std::get_if<std::string>(value); }
  bool present() const {
    if (field == nullptr && value == nullptr) return false;
    if (const std::string* string = words()) return !text::SaysNothing(*string);
    if (const auto* list = std::get_if<std::vector<std::string>>(value)) return !list->empty();
    return true;
  }
};

Fact Find(const Lead& facts, std::string_view name) {
  if (const TextField* field = FindTextField(name); field != nullptr && field->read_by_fit)
    return {.field = &(facts.*field->member)};
  const auto found = facts.attributes.find(name);
  return found == facts.attributes.end() ? Fact{} : Fact{.value = &found->second};
}

// Whether `holds` is true of the text or of any element of the list.
template <typename Predicate>
bool AnyText(const Fact& fact, Predicate holds) {
  if (const std::string* text = fact.words()) return holds(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(fact.value)) {
    return std::any_of(list->begin(), list->end(), holds);
  }
  return false;
}

bool IsIn(const std::vector<std::string>& values, std::string_view text) {
  return std::find(values.begin(), values.end(), text::Comparable(text)) != values.end();
}

bool HasPhrase(const std::vector<std::string>& phrases, std::string_view text) {
  const std::string words = SpacedWords(text);
  return std::any_of(phrases.begin(), phrases.end(),
                     [&](const std::string& phrase) { return words.find(phrase) != std::string::npos; });
}

bool IsDomainOrBelow(std::string_view domain, std::string_view parent) {
  if (domain.size() <= parent.size()) return domain == parent;
  const std::string_view end = domain.substr(domain.size() - parent.size());
  return end == parent && domain[domain.size() - parent.size() - 1] == '.';
}

bool HasOtherDomain(const std::vector<std::string>& domains, std::string_view email) {
  const size_t at = email.rfind('@');
  if (at == std::string_view::npos || at + 1 == email.size()) return false;
  const std::string plain = text::LowerPlain(email.substr(at + 1));
  const std::string domain = text::AsciiDomain(plain).value_or(plain);
  return std::none_of(domains.begin(), domains.end(),
                      [&](const std::string& parent) { return IsDomainOrBelow(domain, parent); });
}

struct Tester {
  const Fact& fact;

  bool operator()(std::monostate) const { return false; }
  bool operator()(const Present& test) const { return fact.present() == test.value; }
  bool operator()(const OneOf& test) const {
    return fact.present() && AnyText(fact, [&](const std::string& text) { return IsIn(test.values, text); });
  }
  bool operator()(const Contains& test) const {
    return fact.present() &&
           AnyText(fact, [&](const std::string& text) { return HasPhrase(test.values, text); });
  }
  bool operator()(const DomainNotIn& test) const {
    return fact.present() && fact.words() != nullptr && HasOtherDomain(test.values, *fact.words());
  }
  bool operator()(const Range& test) const {
    const double* number = fact.value == nullptr ? nullptr : std::get_if<double>(fact.value);
    return number != nullptr && (!test.min || *number >= *test.min) && (!test.max || *number < *test.max);
  }
  bool operator()(const Is& test) const {
    const bool* boolean = fact.value == nullptr ? nullptr : std::get_if<bool>(fact.value);
    return boolean != nullptr && *boolean == test.value;
  }
};

bool Holds(const Condition& condition, const Lead& facts) {
  const Fact fact = Find(facts, condition.attribute);
  return std::visit(Tester{fact}, condition.test);
}

const FitOption* Choose(const FitCriterion& criterion, const Lead& facts) {
  for (const FitOption& option : criterion.options) {
    if (std::all_of(option.all.begin(), option.all.end(),
                    [&](const Condition& condition) { return Holds(condition, facts); })) {
      return &option;
    }
  }
  return nullptr;
}

double Evaluate(const CompiledPolicy& policy, const Lead& facts, std::vector<Reason>* reasons) {
  const auto add = [&](std::string name, std::string text, double points) {
    if (points != 0) {
      reasons->push_back({.part = "fit", .name = std::move(name), .text = std::move(text), .points = points});
    }
  };
  double sum = 0;
  for (const FitGroup& group : policy.policy().fit_groups) {
    double group_sum = 0;
    for (const FitCriterion& criterion : group.criteria) {
      const FitOption* option = Choose(criterion, facts);
      if (option == nullptr) continue;
      group_sum += option->points;
      if (reasons != nullptr) add(criterion.name, option->text, option->points);
    }
    const double capped = std::min(group_sum, group.cap);
    if (reasons != nullptr) {
      add("cap:" + group.name, fmt::format("{} gives at most {} points", group.name, group.cap),
          capped - group_sum);
    }
    sum += capped;
  }
  const double fit = std::clamp(sum, 0.0, 100.0);
  if (reasons != nullptr) add("clamp", sum < 0 ? "fit is at least 0" : "fit is at most 100", fit - sum);
  return fit;
}

}  // namespace

double Fit(const CompiledPolicy& policy, const Lead& facts) { return Evaluate(policy, facts, nullptr); }

double ExplainFit(const CompiledPolicy& policy, const Lead& facts, std::vector<Reason>& reasons) {
  return Evaluate(policy, facts, &reasons);
}

std::vector<std::string> UnknownFacts(const CompiledPolicy& policy, const Lead& facts) {
  std::vector<std::string> unknown;
  for (const FitGroup& group : policy.policy().fit_groups) {
    for (const FitCriterion& criterion : group.criteria) {
      for (const FitOption& option : criterion.options) {
        for (const Condition& condition : option.all) {
          const bool listed = std::find(unknown.begin(), unknown.end(), condition.attribute) != unknown.end();
          if (!listed && !Find(facts, condition.attribute).present()) unknown.push_back(condition.attribute);
        }
      }
    }
  }
  return unknown;
}

}  // namespace finalmile::leads::domain
