#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/finalmile/verb.h"

namespace finalmile::cli {

// What every verb takes.
struct CommonFlags {
  std::string address;
  std::string token_file;
  std::string act_as;
  std::string data;
  std::string store;
  std::string service;
  std::string events;
  double timeout_seconds = 30;
  bool timeout_given = false;
  bool json = false;
};

// A command line, understood.
struct CommandLine {
  // Set: print this to standard output, or with an exit code other than kOk to standard error, and end.
  std::string text;
  ExitCode exit_code = ExitCode::kOk;
  // Else: what to run. It keeps what its flags were set to.
  Action action;
  // "import".
  std::string path;
  CommonFlags common;
};

// Parses `arguments`, without the program's name, by the table of verbs. Help is text; so is a mistake, in
// one line that names the flag and where help is found. The environment is not read.
CommandLine ParseCommandLine(const std::vector<Verb>& verbs, const std::vector<std::string>& arguments);

}  // namespace finalmile::cli
