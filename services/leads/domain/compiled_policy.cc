#include "services/leads/domain/compiled_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "libs/text/domain_name.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

void CompareAll(std::vector<std::string>& values) {
  for (std::string& value : values) value = text::Comparable(value);
}

// Conditions compare with what the lead has in the form for comparing, `contains` word by word.
void Normalise(Condition& condition) {
  if (auto* one_of = std::get_if<OneOf>(&condition.test)) {
    CompareAll(one_of->values);
  } else if (auto* domains = std::get_if<DomainNotIn>(&condition.test)) {
    for (std::string& value : domains->values) {
      value = text::LowerPlain(value);
      value = text::AsciiDomain(value).value_or(value);
    }
  } else if (auto* contains = std::get_if<Contains>(&condition.test)) {
    for (std::string& value : contains->values) value = SpacedWords(value);
  }
}

CompiledSignal Compile(const Signal& signal, size_t index) {
  CompiledSignal compiled{.index = index,
                          .points = signal.points,
                          .half_life = signal.half_life,
                          .hand_raise = signal.hand_raise,
                          .min_seconds = signal.match.min_seconds,
                          .subjects = signal.match.subjects,
                          .properties = {signal.match.properties.begin(), signal.match.properties.end()}};
  CompareAll(compiled.subjects);
  std::sort(compiled.subjects.begin(), compiled.subjects.end());
  if (signal.limit && signal.points > 0) {
    compiled.max_units = signal.limit->amount;
    switch (signal.limit->kind) {
      case Limit::Kind::kFirst:
        compiled.scope = LimitScope::kEver;
        break;
      case Limit::Kind::kPerWeek:
        compiled.scope = LimitScope::kWeek;
        break;
      case Limit::Kind::kPointsPerWeek:
        compiled.scope = LimitScope::kWeek;
        compiled.max_units = signal.limit->amount / signal.points;
        break;
      case Limit::Kind::kPerSubject:
        compiled.scope = LimitScope::kSubject;
        break;
    }
  }
  return compiled;
}

bool Matches(const CompiledSignal& signal, const Activity& activity) {
  if (activity.seconds < signal.min_seconds) return false;
  if (!signal.subjects.empty() && !std::binary_search(signal.subjects.begin(), signal.subjects.end(),
                                                      text::Comparable(activity.subject))) {
    return false;
  }
  return std::all_of(signal.properties.begin(), signal.properties.end(), [&](const auto& wanted) {
    const auto found = activity.properties.find(wanted.first);
    return found != activity.properties.end() &&
           std::find(wanted.second.begin(), wanted.second.end(), found->second) != wanted.second.end();
  });
}

}  // namespace

CompiledPolicy::CompiledPolicy(Policy policy) : policy_(std::move(policy)) {
  for (FitGroup& group : policy_.fit_groups) {
    for (FitCriterion& criterion : group.criteria) {
      for (FitOption& option : criterion.options) {
        for (Condition& condition : option.all) Normalise(condition);
      }
    }
  }
  std::string marks = policy_.name;
  for (size_t i = 0; i < policy_.signals.size(); ++i) {
    signals_.push_back(Compile(policy_.signals[i], i));
    const CompiledSignal& signal = signals_.back();
    for (const std::string& type : policy_.signals[i].match.types) {
      std::vector<size_t>& positions = by_type_[type];
      if (positions.empty() || positions.back() != i) positions.push_back(i);
    }
    marks += fmt::format("|{}:{}:{}:{}", policy_.signals[i].name, signal.points,
                         static_cast<int>(signal.scope), signal.max_units);
  }
  // 0 marks a limit state that has seen no policy.
  fingerprint_ = std::max<uint64_t>(1, StableHash(marks));
}

const CompiledSignal* CompiledPolicy::Match(const Activity& activity) const {
  if (activity.outbound || activity.automated) return nullptr;
  const auto found = by_type_.find(std::string_view(activity.type));
  if (found == by_type_.end()) return nullptr;
  for (size_t position : found->second) {
    if (Matches(signals_[position], activity)) return &signals_[position];
  }
  return nullptr;
}

}  // namespace finalmile::leads::domain
