#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "libs/config/schema.h"

namespace finalmile::config {

// A value in its own type: int64_t for kInt and kBytes, std::string for all kinds of text.
using TypedValue = std::variant<std::string, int64_t, double, bool, absl::Duration>;

// nullopt: `text` is not what Expectation(setting) says.
std::optional<TypedValue> ParseValue(const Setting& setting, std::string_view text);

// The shortest text that ParseValue reads back: "4MiB", "90".
std::string FormatBytes(int64_t bytes);

}  // namespace finalmile::config
