#include "services/finalmile/demo/content.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "libs/base/status.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_search.h"
#include "services/finalmile/demo/content_sample.h"
#include "services/finalmile/import/folder.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
namespace fs = std::filesystem;

constexpr const char* kSource = "demo";
constexpr const char* kQuery = "pricing objections";
constexpr int kShownHits = 4;
// The page that AssetIdOf names so.
constexpr const char* kEmail = "assets/demo_emails_after-pricing-page";

absl::Status WritePages(const std::string& folder) {
  for (const SamplePage& page : SamplePages()) {
    const fs::path path = fs::path(folder) / page.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream file(path, std::ios::binary);
    if (!(file << page.content << std::flush))
      return absl::FailedPreconditionError(fmt::format("{}: cannot be written", path.string()));
  }
  return absl::OkStatus();
}

absl::Status Search(Session& session, rpc::Channel& channel, Output& output) {
  SearchAssetsRequest request;
  request.set_query(kQuery);
  request.set_page_size(kShownHits);
  ASSIGN_OR_RETURN(const SearchAssetsResponse found,
                   channel.Call<SearchAssetsResponse>("/finalmile.catalog.v1.CatalogService/SearchAssets",
                                                      request, {.timeout = session.timeout}));
  if (found.hits().empty())
    return absl::InternalError(fmt::format("a search for '{}' finds nothing of what was published", kQuery));
  if (output.json()) {
    output.Json(found);
    return absl::OkStatus();
  }
  output.Line();
  output.Line(fmt::format("Found by \"{}\":", kQuery));
  output.Line();
  ShowHits(found, /*states=*/false, output);
  return absl::OkStatus();
}

absl::Status Render(Session& session, rpc::Channel& channel, const leads::v1::Lead& lead, Output& output) {
  RenderAssetRequest request;
  request.set_name(kEmail);
  request.set_lead(lead.name());
  (*request.mutable_values())["first_name"] = lead.given_name();
  (*request.mutable_values())["company"] = lead.company();
  ASSIGN_OR_RETURN(const RenderAssetResponse rendered,
                   channel.Call<RenderAssetResponse>("/finalmile.catalog.v1.CatalogService/RenderAsset",
                                                     request, {.timeout = session.timeout}));
  if (output.json()) {
    output.Json(rendered);
    return absl::OkStatus();
  }
  output.Line();
  output.Line(fmt::format("An e-mail to the best lead, {}, from {}:", WhoIs(lead), kEmail));
  output.Line();
  ShowRendered(rendered, output);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<size_t> ImportContent(rpc::Channel& channel, const std::string& folder) {
  RETURN_IF_ERROR(WritePages(folder));
  ASSIGN_OR_RETURN(const FolderPages found, FindPages(folder));
  const std::vector<FolderPage>& pages = found.pages;
  FolderOptions options;
  options.header.set_source(kSource);
  options.header.set_default_owner("mia");
  options.header.set_publish(true);
  options.header.set_reviewer("kim");
  std::string problems;
  ImportAssetsResponse::Summary summary;
  RETURN_IF_ERROR(ImportFolder(
      pages, options, channel,
      [&](const ImportAssetsResponse::Result& result) {
        for (const std::string& problem : result.problems())
          problems += fmt::format("; {}: {}", result.path(), problem);
      },
      summary));
  if (summary.published() != static_cast<int64_t>(pages.size())) {
    return absl::InternalError(
        fmt::format("{} of {} sample assets were published{}", summary.published(), pages.size(), problems));
  }
  return pages.size();
}

absl::Status ShowContent(Session& session, rpc::Channel& channel, const leads::v1::Lead& lead,
                         Output& output) {
  RETURN_IF_ERROR(Search(session, channel, output));
  return Render(session, channel, lead, output);
}

}  // namespace finalmile::cli
