#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/rpc/client.h"

// A folder of Markdown, sent to CatalogService.ImportAssets.
namespace finalmile::cli {

struct FolderPage {
  // Relative to the folder, with /: "sales/pitch.md".
  std::string path;
  // Where its bytes are read.
  std::string file;
  // Why it is rejected without being read; empty: it is read.
  std::string problem;
};

struct FolderPages {
  std::vector<FolderPage> pages;
  // Extension (".html") → how many files that probably hold text are not read.
  std::map<std::string, int64_t> left_out;
};

// Every Markdown file below `folder` (.md, .markdown, .mdx and their like), in order of path; hidden files
// and folders, and links to folders, are passed over. A link to a file is a page where it leads to a file in
// the folder, else it is rejected. INVALID_ARGUMENT: there is none, or the folder cannot be read.
absl::StatusOr<FolderPages> FindPages(const std::string& folder);

// "9 .html, 2 .txt".
std::string LeftOutText(const std::map<std::string, int64_t>& left_out);

// The name of the source that a folder is by default: its own, in [a-z0-9_-] ("Sales Handbook" is
// "sales-handbook"). Empty: nothing of it can be kept.
std::string SourceOf(const std::string& folder);

struct FolderOptions {
  catalog::v1::ImportAssetsRequest::Header header;
  // Assets whose pages are gone stay as they are.
  bool keep_missing = false;
  // How long the whole import may take.
  absl::Duration timeout = absl::Hours(6);
};

using PageObserver = std::function<void(const catalog::v1::ImportAssetsResponse::Result&)>;

// Sends the pages; `observer` hears what became of each, in no fixed order. A page that cannot be read here
// is REJECTED as the service does it, and then nothing is retired: the page is there, after all.
//
// `summary` is the service's, with what was rejected here. Errors are those of the call; pages that were
// answered by then are stored, and the same import goes on from there.
absl::Status ImportFolder(const std::vector<FolderPage>& pages, const FolderOptions& options,
                          rpc::Channel& channel, const PageObserver& observer,
                          catalog::v1::ImportAssetsResponse::Summary& summary);

}  // namespace finalmile::cli
