#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/finalmile/errors.h"
#include "services/finalmile/flags.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// What a verb does once its flags are parsed. An error is printed by the caller as one line.
using Action = std::function<absl::StatusOr<ExitCode>(Session&)>;

// One verb of the command line.
struct Verb {
  // "leads top": the words that choose it, at most two.
  std::string_view path;
  // For the list of verbs: "the best leads now".
  std::string_view summary;
  // One command line that does something useful.
  std::string_view example;
  // Declares the verb's flags and returns what runs.
  Action (*declare)(Flags& flags);
};

// The verbs that need only a channel to the suite, in the order in which help lists them.
std::vector<Verb> ChannelVerbs();
// Every verb.
std::vector<Verb> AllVerbs();

// For the help of a first word that several verbs share: "leads".
std::string_view GroupSummary(std::string_view group);

}  // namespace finalmile::cli
