#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/finalmile/flags.h"
#include "services/finalmile/verb.h"

namespace finalmile::cli {

// What `import` takes for a folder of Markdown.
struct FolderFlags {
  std::string source;
  std::string kind;
  std::string owner;
  std::string audience;
  std::string reviewer;
  bool publish = false;
  bool keep_missing = false;

  void Declare(Flags& flags);
  // The first flag that is given; empty: none.
  std::string Given() const;
};

// Imports the pages below `folder` and tells what became of them.
absl::StatusOr<ExitCode> ImportAssetsOf(Session& session, const std::string& folder, const FolderFlags& flags,
                                        bool dry_run);

}  // namespace finalmile::cli
