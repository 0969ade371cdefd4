#include "libs/config/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "libs/config/value.h"

namespace finalmile::config {
namespace {

[[noreturn]] void Wrong(const Setting& setting, std::string_view what) {
  fmt::print(stderr, "config schema: setting \"{}\" {}\n", setting.name, what);
  std::abort();
}

bool WellFormed(std::string_view name) {
  if (name.empty() || name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string Limit(const Setting& setting, double value) {
  if (setting.type == Type::kDuration) return absl::FormatDuration(absl::Seconds(value));
  if (setting.type == Type::kBytes) return FormatBytes(static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

std::string Range(const Setting& setting) {
  const bool low = std::isfinite(setting.min);
  const bool high = std::isfinite(setting.max);
  if (low && high)
    return fmt::format(" from {} to {}", Limit(setting, setting.min), Limit(setting, setting.max));
  if (low) return fmt::format(" of at least {}", Limit(setting, setting.min));
  if (high) return fmt::format(" of at most {}", Limit(setting, setting.max));
  return "";
}

// Levenshtein's distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

Setting Make(std::string_view name, Type type, std::string fallback, std::string_view help) {
  Setting setting;
  setting.name = name;
  setting.type = type;
  setting.fallback = std::move(fallback);
  setting.help = help;
  return setting;
}

Setting Bounded(Setting setting, double min, double max) {
  setting.min = min;
  setting.max = max;
  return setting;
}

}  // namespace

Schema::Schema() { Path("config", "", "configuration file (YAML: one `setting: value` per line)"); }

Schema& Schema::String(std::string_view name, std::string_view fallback, std::string_view help) {
  return Add(Make(name, Type::kString, std::string(fallback), help));
}

Schema& Schema::Choice(std::string_view name, std::string_view fallback, std::vector<std::string> choices,
                       std::string_view help) {
  Setting setting = Make(name, Type::kChoice, std::string(fallback), help);
  setting.choices = std::move(choices);
  return Add(std::move(setting));
}

Schema& Schema::Url(std::string_view name, std::string_view fallback, std::string_view help) {
  return Add(Make(name, Type::kUrl, std::string(fallback), help));
}

Schema& Schema::Path(std::string_view name, std::string_view fallback, std::string_view help) {
  return Add(Make(name, Type::kPath, std::string(fallback), help));
}

Schema& Schema::Int(std::string_view name, int64_t fallback, int64_t min, int64_t max,
                    std::string_view help) {
  return Add(Bounded(Make(name, Type::kInt, fmt::format("{}", fallback), help), static_cast<double>(min),
                     static_cast<double>(max)));
}

Schema& Schema::Double(std::string_view name, double fallback, double min, double max,
                       std::string_view help) {
  return Add(Bounded(Make(name, Type::kDouble, fmt::format("{}", fallback), help), min, max));
}

Schema& Schema::Bool(std::string_view name, bool fallback, std::string_view help) {
  return Add(Make(name, Type::kBool, fallback ? "true" : "false", help));
}

Schema& Schema::Duration(std::string_view name, absl::Duration fallback, absl::Duration min,
                         absl::Duration max, std::string_view help) {
  return Add(Bounded(Make(name, Type::kDuration, absl::FormatDuration(fallback), help),
                     absl::ToDoubleSeconds(min), absl::ToDoubleSeconds(max)));
}

Schema& Schema::Bytes(std::string_view name, int64_t fallback, int64_t min, int64_t max,
                      std::string_view help) {
  return Add(Bounded(Make(name, Type::kBytes, FormatBytes(fallback), help), static_cast<double>(min),
                     static_cast<double>(max)));
}

const Setting* Schema::Find(std::string_view name) const {
  for (const Setting& setting : settings_) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

Schema& Schema::Add(Setting setting) {
  if (!WellFormed(setting.name)) Wrong(setting, "has a malformed name");
  if (!ParseValue(setting, setting.fallback)) {
    Wrong(setting,
          fmt::format("has the default \"{}\"; it must be {}", setting.fallback, Expectation(setting)));
  }
  if (const Setting* known = Find(setting.name)) {
    if (!(*known == setting)) Wrong(setting, "is declared twice, differently");
    return *this;
  }
  settings_.push_back(std::move(setting));
  return *this;
}

std::string Schema::Describe() const {
  std::string text;
  for (const Setting& setting : settings_) {
    text += fmt::format("  --{}{}\n      {}.\n      {}", setting.name,
                        setting.type == Type::kBool ? "" : " VALUE", setting.help, Expectation(setting));
    text += setting.fallback.empty() ? "\n" : fmt::format("; default {}\n", setting.fallback);
  }
  return text;
}

std::string EnvironmentName(std::string_view setting) {
  std::string name = setting.starts_with("otel-") ? "" : "FINALMILE_";
  for (const char c : setting) {
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::string Expectation(const Setting& setting) {
  switch (setting.type) {
    case Type::kString:
      return "text";
    case Type::kChoice:
      return fmt::format("one of {}", fmt::join(setting.choices, ", "));
    case Type::kUrl:
      return "an address without a secret";
    case Type::kPath:
      return "a path";
    case Type::kInt:
      return "a whole number" + Range(setting);
    case Type::kDouble:
      return "a number" + Range(setting);
    case Type::kBool:
      return "true or false";
    case Type::kDuration:
      return "a duration (such as 250ms, 30s, 1h30m)" + Range(setting);
    case Type::kBytes:
      return "a size (such as 512, 64KiB, 4MiB)" + Range(setting);
  }
  return "";
}

std::string Nearest(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  size_t least = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : names) {
    const size_t distance = Distance(name, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

}  // namespace finalmile::config
