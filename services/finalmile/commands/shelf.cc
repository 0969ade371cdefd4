#include <memory>

#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_usage.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

using ShelfItem = ListUnusedAssetsResponse::Item;

// With --json the figures first, then the items.
absl::StatusOr<ExitCode> Shelf(Session& session, int64_t limit, bool unused_only) {
  ListUnusedAssetsRequest request;
  request.set_include_misused(!unused_only);
  ListUnusedAssetsResponse figures;
  std::vector<ShelfItem> items;
  bool first = true;
  ASSIGN_OR_RETURN(const bool more, session.EachPage<ListUnusedAssetsResponse>(
                                        "catalog.v1.UsageService/ListUnusedAssets", request, limit,
                                        [&](const ListUnusedAssetsResponse& page) -> int64_t {
                                          if (std::exchange(first, false)) {
                                            figures = page;
                                            figures.clear_items();
                                            figures.clear_next_page_token();
                                            if (session.output.json()) session.output.Json(figures);
                                          }
                                          for (const ShelfItem& item : page.items()) {
                                            if (session.output.json()) {
                                              session.output.Json(item);
                                            } else {
                                              items.push_back(item);
                                            }
                                          }
                                          return page.items_size();
                                        }));
  if (!session.output.json()) ShowShelf(figures, items, session.output);
  if (more) session.output.Note("There are more; --limit 0 shows all.");
  return ExitCode::kOk;
}

Action DeclareShelf(Flags& flags) {
  auto limit = std::make_shared<int64_t>(50);
  auto unused_only = std::make_shared<bool>(false);
  flags.Number("--limit", *limit, 0, 100'000'000, "list at most so many; 0: all");
  flags.Switch("--unused", *unused_only, "list the unused alone, without the misused");
  return [limit, unused_only](Session& session) { return Shelf(session, *limit, *unused_only); };
}

absl::StatusOr<ExitCode> Performance(Session& session, const std::string& name) {
  GetAssetPerformanceRequest request;
  request.set_name(AssetName(name));
  ASSIGN_OR_RETURN(
      const GetAssetPerformanceResponse response,
      session.Call<GetAssetPerformanceResponse>("catalog.v1.UsageService/GetAssetPerformance", request));
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    ShowPerformance(response, session.output);
  }
  return ExitCode::kOk;
}

// With --json what holds for all first, then the items.
absl::StatusOr<ExitCode> AllPerformance(Session& session, int64_t limit) {
  ListAssetPerformanceResponse figures;
  std::vector<ListAssetPerformanceResponse::Item> items;
  int64_t count = 0;
  bool first = true;
  ASSIGN_OR_RETURN(const bool more,
                   session.EachPage<ListAssetPerformanceResponse>(
                       "catalog.v1.UsageService/ListAssetPerformance", ListAssetPerformanceRequest(), limit,
                       [&](const ListAssetPerformanceResponse& page) -> int64_t {
                         if (std::exchange(first, false)) {
                           figures = page;
                           figures.clear_items();
                           figures.clear_next_page_token();
                           if (session.output.json()) session.output.Json(figures);
                         }
                         for (const auto& item : page.items()) {
                           if (session.output.json()) {
                             session.output.Json(item);
                           } else {
                             items.push_back(item);
                           }
                         }
                         count += page.items_size();
                         return page.items_size();
                       }));
  if (!session.output.json()) ShowAllPerformance(figures, items, session.output);
  if (count == 0) session.output.Note("Nothing was offered, used or viewed yet.");
  if (more) session.output.Note("There are more; --limit 0 shows all.");
  return ExitCode::kOk;
}

Action DeclarePerformance(Flags& flags) {
  auto name = std::make_shared<std::string>();
  auto limit = std::make_shared<int64_t>(50);
  flags.OptionalArgument(
      "ASSET", *name,
      "this asset by version; its name, assets/… or without the prefix (all assets, by lift)");
  flags.Number("--limit", *limit, 0, 100'000'000, "of all assets list at most so many; 0: all");
  return [name, limit](Session& session) {
    return name->empty() ? AllPerformance(session, *limit) : Performance(session, *name);
  };
}

absl::StatusOr<ExitCode> ListMisuses(Session& session, const ListFlags& flags) {
  ListMisuseRequest request;
  request.set_filter(flags.filter);
  ASSIGN_OR_RETURN(const std::vector<Use> uses,
                   ReadList(session, "catalog.v1.UsageService/ListMisuse", request, flags.limit,
                            &ListMisuseResponse::uses, "No misuse matches."));
  if (!session.output.json()) ShowMisuses(uses, session.output);
  return ExitCode::kOk;
}

Action DeclareMisuse(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags, "over asset, rep, channel, use_time");
  return [given](Session& session) { return ListMisuses(session, *given); };
}

}  // namespace

void AddShelf(std::vector<Verb>& verbs) {
  verbs.push_back({"shelf", "the share of assets unused or misused, and which these are",
                   "finalmile shelf --limit 10", DeclareShelf});
  verbs.push_back({"performance", "what became of the uses of all assets, by lift, or of one by version",
                   "finalmile performance pricing-objections", DeclarePerformance});
  verbs.push_back({"misuse", "uses that did not serve, newest first, and why",
                   "finalmile misuse --filter 'asset = \"assets/pricing-objections\"'", DeclareMisuse});
}

}  // namespace finalmile::cli
