#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace finalmile::config {

enum class Type { kString, kChoice, kUrl, kPath, kInt, kDouble, kBool, kDuration, kBytes };

// One thing that can be set. Made by Schema's methods.
struct Setting {
  // Lower case words joined by hyphens: "http-port" is the flag --http-port, the environment variable
  // FINALMILE_HTTP_PORT and the key http-port of the file.
  std::string name;
  Type type = Type::kString;
  // As it would be written in the file.
  std::string fallback;
  std::string help;
  // Inclusive. Of the number itself, the seconds of a duration, the bytes of a size.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;

  bool operator==(const Setting&) const = default;
};

// The settings a program knows. Every schema has `config`, the path of the configuration file.
//
// Each method declares one setting and returns the schema. Declaring the same setting twice with the same
// properties is declaring it once (two services may share one); with other properties, with a malformed name,
// or with a default that its own range refuses, it is a programming error and ends the process. Not
// thread-safe.
class Schema {
 public:
  Schema();

  Schema& String(std::string_view name, std::string_view fallback, std::string_view help);
  // One of `choices`.
  Schema& Choice(std::string_view name, std::string_view fallback, std::vector<std::string> choices,
                 std::string_view help);
  // An address of an engine. One that holds a secret is refused (libs/base/address.h).
  Schema& Url(std::string_view name, std::string_view fallback, std::string_view help);
  // Relative to the working directory. Empty: none.
  Schema& Path(std::string_view name, std::string_view fallback, std::string_view help);
  Schema& Int(std::string_view name, int64_t fallback, int64_t min, int64_t max, std::string_view help);
  Schema& Double(std::string_view name, double fallback, double min, double max, std::string_view help);
  // true, false, yes, no, on, off, 1, 0; the bare flag means true.
  Schema& Bool(std::string_view name, bool fallback, std::string_view help);
  // "1h30m", "250ms"; see absl::ParseDuration.
  Schema& Duration(std::string_view name, absl::Duration fallback, absl::Duration min, absl::Duration max,
                   std::string_view help);
  // "512", "64KiB", "4MiB", "1GiB"; kB, MB and GB count in thousands.
  Schema& Bytes(std::string_view name, int64_t fallback, int64_t min, int64_t max, std::string_view help);

  // In order of declaration.
  const std::vector<Setting>& settings() const { return settings_; }
  // nullptr: there is none.
  const Setting* Find(std::string_view name) const;

  // The settings as text for --help: flag, type, range, default and help, one paragraph each.
  std::string Describe() const;

 private:
  Schema& Add(Setting setting);

  std::vector<Setting> settings_;
};

// "http-port" -> "FINALMILE_HTTP_PORT". The settings that OpenTelemetry names stand under its own names:
// "otel-service-name" -> "OTEL_SERVICE_NAME".
std::string EnvironmentName(std::string_view setting);

// What a value of the setting has to be: "a whole number from 0 to 65535".
std::string Expectation(const Setting& setting);

// The one of `names` that is most like `name`; empty when none is near.
std::string Nearest(std::string_view name, const std::vector<std::string>& names);

}  // namespace finalmile::config
