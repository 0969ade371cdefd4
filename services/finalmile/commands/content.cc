#include <fmt/format.h>

#include <memory>

#include "absl/strings/str_join.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_search.h"
#include "services/finalmile/commands/show_usage.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

// How long a search waits for a suite that was started for it to look through the assets.
constexpr absl::Duration kFillingWait = absl::Seconds(10);
constexpr absl::Duration kFillingRetry = absl::Milliseconds(20);

struct SearchFlags {
  std::vector<std::string> words;
  int64_t limit = 10;
  std::string filter;
  bool unpublished = false;
};

absl::StatusOr<SearchAssetsResponse> SearchWhenFilled(Session& session, const SearchAssetsRequest& request) {
  const std::unique_ptr<WaitEvent> never = session.clock.NewWaitEvent();
  const absl::Duration deadline = session.clock.Steady() + kFillingWait;
  while (true) {
    ASSIGN_OR_RETURN(SearchAssetsResponse response,
                     session.Call<SearchAssetsResponse>("catalog.v1.CatalogService/SearchAssets", request));
    if (!response.filling() || session.clock.Steady() >= deadline) return response;
    never->WaitUntil(session.clock.Steady() + kFillingRetry);
  }
}

// What to say where nothing is found.
std::string NothingFound(Session& session, SearchAssetsRequest request) {
  if (request.unpublished()) return "Nothing is found.";
  request.set_unpublished(true);
  request.set_page_size(1);
  const auto drafts = session.Call<SearchAssetsResponse>("catalog.v1.CatalogService/SearchAssets", request);
  // Not everybody may see drafts.
  if (!drafts.ok() || drafts->total() == 0) return "Nothing is found.";
  return fmt::format("No published asset matches, but {} not published: add --unpublished to see them.",
                     FormatCount(drafts->total()));
}

absl::StatusOr<ExitCode> Search(Session& session, const SearchFlags& flags) {
  SearchAssetsRequest request;
  request.set_query(absl::StrJoin(flags.words, " "));
  request.set_page_size(static_cast<int32_t>(flags.limit));
  request.set_filter(flags.filter);
  request.set_unpublished(flags.unpublished);
  ASSIGN_OR_RETURN(const SearchAssetsResponse response, SearchWhenFilled(session, request));
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    ShowHits(response, flags.unpublished, session.output);
  }
  if (response.filling()) session.output.Note("Not every asset was looked at yet: there may be more.");
  if (response.hits().empty()) session.output.Note(NothingFound(session, request));
  return ExitCode::kOk;
}

Action DeclareSearch(Flags& flags) {
  auto given = std::make_shared<SearchFlags>();
  flags.Arguments("WORDS", given->words, "all must occur; the last one may be the beginning of a word");
  flags.Number("--limit", given->limit, 1, 100, "so many");
  flags.Text("--filter", "EXPR", given->filter,
             "= : and != over kind, product, persona, industry, stage, situation, competitor, language, "
             "joined by AND");
  flags.Switch("--unpublished", given->unpublished,
               "search the newest version of every asset, whatever its state: drafts, retired ones, …");
  return [given](Session& session) { return Search(session, *given); };
}

struct ShowFlags {
  std::string name;
  int64_t version = 0;
  bool versions = false;
};

absl::StatusOr<ExitCode> ListVersions(Session& session, const std::string& name) {
  std::vector<Asset> versions;
  ListAssetVersionsRequest request;
  request.set_parent(AssetName(name));
  RETURN_IF_ERROR(session
                      .EachPage<ListAssetVersionsResponse>(
                          "catalog.v1.CatalogService/ListAssetVersions", request, 0,
                          [&](const ListAssetVersionsResponse& page) -> int64_t {
                            versions.insert(versions.end(), page.versions().begin(), page.versions().end());
                            return page.versions_size();
                          })
                      .status());
  if (!session.output.json()) ShowVersions(versions, session.output);
  if (session.output.json()) {
    for (const Asset& version : versions) session.output.Json(version);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Session& session, const ShowFlags& flags) {
  if (flags.versions) return ListVersions(session, flags.name);
  GetAssetRequest request;
  request.set_name(AssetName(flags.name));
  request.set_version(flags.version);
  ASSIGN_OR_RETURN(const Asset asset, session.Call<Asset>("catalog.v1.CatalogService/GetAsset", request));
  if (session.output.json()) {
    session.output.Json(asset);
  } else {
    ShowAsset(asset, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto given = std::make_shared<ShowFlags>();
  flags.Argument("ASSET", given->name, "its name, assets/… or without the prefix");
  flags.Number("--version", given->version, 0, 1'000'000'000,
               "this version; 0: the published one, else the newest");
  flags.Switch("--versions", given->versions, "a list of its versions instead");
  return [given](Session& session) { return Show(session, *given); };
}

struct RenderFlags {
  std::string name;
  std::vector<std::string> values;
  std::string lead;
  int64_t version = 0;
};

// The service names every field without value, and this says how one is given.
absl::Status AdviseUnfilled(const absl::Status& status) {
  if (rpc::ReasonOf(status) != "MERGE_FIELDS_MISSING") return status;
  return absl::InvalidArgumentError(
      fmt::format("{}; --set FIELD=VALUE gives one", std::string(status.message())));
}

absl::StatusOr<ExitCode> Render(Session& session, const RenderFlags& flags) {
  RenderAssetRequest request;
  request.set_name(AssetName(flags.name));
  if (!flags.lead.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_lead(), ResolveLead(session, flags.lead));
  }
  request.set_version(flags.version);
  for (const std::string& value : flags.values) {
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0)
      return absl::InvalidArgumentError(fmt::format("--set '{}' must have the form FIELD=VALUE", value));
    (*request.mutable_values())[value.substr(0, equals)] = value.substr(equals + 1);
  }
  const auto response = session.Call<RenderAssetResponse>("catalog.v1.CatalogService/RenderAsset", request);
  if (!response.ok()) return AdviseUnfilled(response.status());
  if (session.output.json()) {
    session.output.Json(*response);
  } else {
    ShowRendered(*response, session.output);
    if (!response->use_token().empty())
      session.output.Note(fmt::format("Use token, for finalmile use --asset: {}", response->use_token()));
  }
  return ExitCode::kOk;
}

Action DeclareRender(Flags& flags) {
  auto given = std::make_shared<RenderFlags>();
  flags.Argument("ASSET", given->name, "its name, assets/… or without the prefix");
  flags.Texts("--set", "FIELD=VALUE", given->values, "the value of a merge field");
  flags.Text("--lead", "LEAD", given->lead, "for whom it is");
  flags.Number("--version", given->version, 0, 1'000'000'000,
               "a preview of this version; 0: the published one");
  return [given](Session& session) { return Render(session, *given); };
}

struct RecommendFlags {
  std::string lead;
  std::string grade;
  std::string stage;
  std::string situation;
  std::string persona;
  std::string industry;
  std::string competitor;
  std::string language;
  std::vector<std::string> kinds;
  int64_t limit = 5;
};

absl::StatusOr<ExitCode> Recommend(Session& session, const RecommendFlags& flags) {
  RecommendAssetsRequest request;
  if (!flags.lead.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_lead(), ResolveLead(session, flags.lead));
  }
  if (flags.lead.empty()) request.set_stage(flags.stage);
  request.set_situation(flags.situation);
  request.set_persona(flags.persona);
  request.set_industry(flags.industry);
  request.set_competitor(flags.competitor);
  request.set_language(flags.language);
  for (const std::string& kind : flags.kinds) {
    ASSIGN_OR_RETURN(const AssetKind parsed, ParseKind("--kind", kind));
    request.add_kinds(parsed);
  }
  request.set_page_size(static_cast<int32_t>(flags.limit));
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(
      const RecommendAssetsResponse response,
      session.Call<RecommendAssetsResponse>("catalog.v1.CatalogService/RecommendAssets", request));
  if (!flags.lead.empty()) RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    for (const auto& one : response.recommendations()) session.output.Json(one);
  } else {
    ShowRecommendations(response, session.output);
  }
  if (response.recommendations().empty()) session.output.Note("No published asset fits.");
  const bool stage_ignored = !flags.lead.empty() && !flags.stage.empty();
  if (stage_ignored || !flags.grade.empty()) NoteStageIsTheLeads(session.output);
  return ExitCode::kOk;
}

Action DeclareRecommend(Flags& flags) {
  auto given = std::make_shared<RecommendFlags>();
  flags.Text("--lead", "LEAD", given->lead, "for whom");
  flags.Text("--grade", "GRADE", given->grade, "ignored: it is the lead's");
  flags.Text("--stage", "STAGE", given->stage,
             "prospecting, discovery, evaluation or closing; ignored with --lead: it is the lead's");
  flags.Text("--situation", "TEXT", given->situation, "what the conversation is about");
  flags.Text("--persona", "TEXT", given->persona, "with whom");
  flags.Text("--industry", "TEXT", given->industry, "of the lead's company");
  flags.Text("--competitor", "TEXT", given->competitor, "who else is asked");
  flags.Text("--language", "TAG", given->language, "en, de, …; any where none is given");
  flags.Texts("--kind", "KIND", given->kinds, "only these: battle-card, email-template, …");
  flags.Number("--limit", given->limit, 1, 20, "so many");
  return [given](Session& session) { return Recommend(session, *given); };
}

}  // namespace

void AddContent(std::vector<Verb>& verbs) {
  verbs.push_back({"search", "published assets by words, best first", "finalmile search pricing objections",
                   DeclareSearch});
  verbs.push_back(
      {"show", "one asset, as a person reads it", "finalmile show pricing-objections", DeclareShow});
  verbs.push_back({"render", "an asset with its merge fields filled",
                   "finalmile render follow-up --set first_name=Ada --set company='Example AG'",
                   DeclareRender});
  verbs.push_back({"recommend", "published assets for a moment of the sale, with their figures",
                   "finalmile recommend --stage evaluation --persona CFO", DeclareRecommend});
}

}  // namespace finalmile::cli
