#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/config/schema.h"
#include "libs/config/value.h"

namespace finalmile::config {

enum class Source { kDefault, kFile, kEnvironment, kFlag };

// The settings of a running program. Immutable, so thread-safe; copied freely.
//
// A read of a name that was not declared, or of another type than declared, is a programming error and ends
// the process with the name.
class Config {
 public:
  struct Entry {
    Type type = Type::kString;
    TypedValue value;
    // As it was written.
    std::string text;
    Source source = Source::kDefault;
    // "--store", "FINALMILE_STORE", "/etc/finalmile.yaml:3", "default".
    std::string origin;
  };

  explicit Config(std::map<std::string, Entry, std::less<>> entries) : entries_(std::move(entries)) {}

  // kString, kChoice, kUrl, kPath.
  const std::string& Text(std::string_view name) const;
  // kInt, kBytes.
  int64_t Int(std::string_view name) const;
  double Double(std::string_view name) const;
  bool Bool(std::string_view name) const;
  absl::Duration Duration(std::string_view name) const;

  // Where the value comes from; `origin` names it for error messages.
  Source source(std::string_view name) const { return At(name).source; }
  const std::string& origin(std::string_view name) const { return At(name).origin; }

  // For --print-config: `name: value  # origin`, one per line, in order of name; it can be used as a
  // configuration file. Of a secret only the path of its file is shown.
  std::string Describe() const;

 private:
  const Entry& At(std::string_view name) const;
  template <typename T>
  const T& Read(std::string_view name) const;

  std::map<std::string, Entry, std::less<>> entries_;
};

// Name and value, as written.
using Assignments = std::vector<std::pair<std::string, std::string>>;

// What a command line says. Filled by ParseFlags or by a program with subcommands of its own.
struct CommandLine {
  // Settings in order; the last of one name counts.
  Assignments settings;
  bool help = false;
  bool version = false;
  bool print_config = false;
};

// Reads `--name value`, `--name=value`, `--help`, `--version` and `--print-config`. INVALID_ARGUMENT names an
// unknown flag and the nearest known one, a flag without a value, or an argument that is none.
absl::StatusOr<CommandLine> ParseFlags(const Schema& schema, const std::vector<std::string>& arguments);

// The variables of this process whose name starts with FINALMILE_ or OTEL_.
Assignments ReadEnvironment();

// Ranks flag > environment > file > default. `environment` holds whole names ("FINALMILE_STORE", "OTEL_…"),
// each beginning with one of these two; OTEL_ ones that are empty or no setting are left out. Reads the file
// that `config` names, and the files of secrets. INVALID_ARGUMENT, in one line, names an unknown key
// with its source (flag, variable, file:line) and the nearest known one, or a bad value with its setting,
// source and range; NOT_FOUND a file that cannot be read.
absl::StatusOr<Config> Load(const Schema& schema, const Assignments& flags, const Assignments& environment);

}  // namespace finalmile::config
