#include "libs/config/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "libs/base/address.h"

namespace finalmile::config {
namespace {

struct Unit {
  std::string_view suffix;
  int64_t bytes;
};
constexpr std::array<Unit, 7> kUnits = {{{"GiB", int64_t{1} << 30},
                                         {"MiB", int64_t{1} << 20},
                                         {"KiB", int64_t{1} << 10},
                                         {"GB", 1'000'000'000},
                                         {"MB", 1'000'000},
                                         {"kB", 1'000},
                                         {"B", 1}}};

// Abseil's string_view is another type than the standard one here.
absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

std::optional<int64_t> ParseInt(std::string_view text) {
  int64_t value;
  if (!absl::SimpleAtoi(Abseil(text), &value)) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseBytes(std::string_view text) {
  int64_t unit = 1;
  for (const Unit& candidate : kUnits) {
    if (!text.ends_with(candidate.suffix)) continue;
    unit = candidate.bytes;
    text.remove_suffix(candidate.suffix.size());
    break;
  }
  const std::optional<int64_t> count = ParseInt(text);
  int64_t bytes;
  if (!count || __builtin_mul_overflow(*count, unit, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<bool> ParseBool(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(Abseil(text));
  if (lower == "true" || lower == "yes" || lower == "on" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "off" || lower == "0") return false;
  return std::nullopt;
}

template <typename T>
std::optional<TypedValue> InRange(const Setting& setting, std::optional<T> value, double measure) {
  if (!value || !(measure >= setting.min && measure <= setting.max)) return std::nullopt;
  return TypedValue(*value);
}

}  // namespace

std::optional<TypedValue> ParseValue(const Setting& setting, std::string_view text) {
  switch (setting.type) {
    case Type::kString:
    case Type::kPath:
      return TypedValue(std::string(text));
    case Type::kUrl:
      if (!CheckNoSecret(text).ok()) return std::nullopt;
      return TypedValue(std::string(text));
    case Type::kChoice:
      if (std::find(setting.choices.begin(), setting.choices.end(), text) == setting.choices.end())
        return std::nullopt;
      return TypedValue(std::string(text));
    case Type::kInt: {
      const std::optional<int64_t> value = ParseInt(text);
      return InRange(setting, value, static_cast<double>(value.value_or(0)));
    }
    case Type::kBytes: {
      const std::optional<int64_t> value = ParseBytes(text);
      return InRange(setting, value, static_cast<double>(value.value_or(0)));
    }
    case Type::kDouble: {
      double value;
      if (!absl::SimpleAtod(Abseil(text), &value) || !std::isfinite(value)) return std::nullopt;
      return InRange(setting, std::optional(value), value);
    }
    case Type::kBool: {
      const std::optional<bool> value = ParseBool(text);
      if (!value) return std::nullopt;
      return TypedValue(*value);
    }
    case Type::kDuration: {
      absl::Duration value;
      if (!absl::ParseDuration(Abseil(text), &value)) return std::nullopt;
      return InRange(setting, std::optional(value), absl::ToDoubleSeconds(value));
    }
  }
  return std::nullopt;
}

std::string FormatBytes(int64_t bytes) {
  for (const Unit& unit : kUnits) {
    if (unit.suffix.ends_with("iB") && bytes != 0 && bytes % unit.bytes == 0) {
      return fmt::format("{}{}", bytes / unit.bytes, unit.suffix);
    }
  }
  return fmt::format("{}", bytes);
}

}  // namespace finalmile::config
