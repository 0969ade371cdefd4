#include "services/finalmile/demo/selling.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_usage.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;
using leads::v1::Lead;

constexpr int kLeadsAWeek = 5;
constexpr int kOffers = 3;
constexpr int kShownGaps = 5;
constexpr std::array<std::string_view, 3> kReps = {"kim", "rob", "tess"};
// Pages that AssetIdOf names so.
constexpr const char* kVoicemail = "assets/demo_scripts_voicemail";

// How reps bring an asset to a lead; empty: they do not.
std::string_view ChannelOf(AssetKind kind) {
  switch (kind) {
    case ASSET_KIND_EMAIL_TEMPLATE:
      return "email";
    case ASSET_KIND_PHONE_SCRIPT:
    case ASSET_KIND_BATTLE_CARD:
      return "phone";
    case ASSET_KIND_VOICEMAIL_SCRIPT:
      return "voicemail";
    default:
      return "";
  }
}

RenderAssetRequest RenderRequest(const Lead& lead, const Asset& asset) {
  RenderAssetRequest request;
  request.set_name(asset.name());
  request.set_lead(lead.name());
  const std::map<std::string, std::string> values = {{"first_name", lead.given_name()},
                                                     {"company", lead.company()},
                                                     {"question", "How long does the second site take?"}};
  for (const MergeField& field : asset.merge_fields()) {
    if (const auto value = values.find(field.name()); value != values.end())
      (*request.mutable_values())[field.name()] = value->second;
  }
  return request;
}

}  // namespace

absl::StatusOr<RecommendAssetsResponse> Selling::Recommend(const Lead& lead) {
  RecommendAssetsRequest request;
  request.set_lead(lead.name());
  request.set_page_size(kOffers);
  before_draw_();
  return Call<RecommendAssetsResponse>("CatalogService/RecommendAssets", request);
}

absl::Status Selling::PlayWeek() {
  leads::v1::ListTopLeadsRequest request;
  request.set_page_size(kLeadsAWeek);
  ASSIGN_OR_RETURN(const auto top, channel_.Call<leads::v1::ListTopLeadsResponse>(
                                       "/finalmile.leads.v1.LeadService/ListTopLeads", request,
                                       {.timeout = session_.timeout}));
  for (const Lead& lead : top.leads()) RETURN_IF_ERROR(Contact(lead));
  return weeks_++ % 3 == 0 ? Miss() : absl::OkStatus();
}

absl::Status Selling::Contact(const Lead& lead) {
  RecordUseRequest use;
  use.set_rep(std::string(kReps[rng_->Below(kReps.size())]));
  use.set_lead(lead.name());
  ASSIGN_OR_RETURN(const RecommendAssetsResponse offered, Recommend(lead));
  // Some take what they know, whatever the moment.
  if (rng_->Uniform() < 0.2) {
    Asset known;
    known.set_name(kVoicemail);
    known.set_kind(ASSET_KIND_VOICEMAIL_SCRIPT);
    return Send(lead, known, std::move(use));
  }
  for (const auto& one : offered.recommendations()) {
    if (!ChannelOf(one.asset().kind()).empty()) return Send(lead, one.asset(), std::move(use));
  }
  return WriteOwn(lead, std::move(use));
}

absl::Status Selling::Send(const Lead& lead, const Asset& asset, RecordUseRequest use) {
  // Recommendations come without merge fields.
  GetAssetRequest get;
  get.set_name(asset.name());
  ASSIGN_OR_RETURN(const Asset whole, Call<Asset>("CatalogService/GetAsset", get));
  ASSIGN_OR_RETURN(const RenderAssetResponse rendered,
                   Call<RenderAssetResponse>("CatalogService/RenderAsset", RenderRequest(lead, whole)));
  use.set_channel(std::string(ChannelOf(asset.kind())));
  use.set_use_token(rendered.use_token());
  RETURN_IF_ERROR(Call<RecordUseResponse>("UsageService/RecordUse", use).status());
  if (asset.kind() != ASSET_KIND_EMAIL_TEMPLATE || rng_->Uniform() < 0.4) return absl::OkStatus();
  RecordViewRequest view;
  view.set_asset(asset.name());
  view.set_lead(lead.name());
  view.set_seconds(static_cast<double>(10 + rng_->Below(110)));
  return Call<RecordViewResponse>("UsageService/RecordView", view).status();
}

absl::Status Selling::WriteOwn(const Lead& lead, RecordUseRequest use) {
  use.set_channel("email");
  use.set_situation("several sites");
  use.set_final_text(
      fmt::format("Hello {}, we spoke about the four sites of {} that plan on their own today. I drew on one "
                  "page who would see "
                  "whose crews, and what each site keeps for itself. Shall we go through it on Thursday?",
                  lead.given_name(), lead.company()));
  return Call<RecordUseResponse>("UsageService/RecordUse", use).status();
}

absl::Status Selling::Miss() {
  SearchAssetsRequest search;
  search.set_query("security certificate");
  RETURN_IF_ERROR(Call<SearchAssetsResponse>("CatalogService/SearchAssets", search).status());
  ReportGapRequest report;
  report.mutable_gap()->set_need("how our support hours compare");
  report.mutable_gap()->set_competitor("Acme");
  report.mutable_gap()->set_kind(ASSET_KIND_BATTLE_CARD);
  report.set_asker(std::string(kReps[rng_->Below(kReps.size())]));
  return Call<Gap>("UsageService/ReportGap", report).status();
}

absl::Status Selling::Show(const Lead& best, Output& output) {
  RETURN_IF_ERROR(ShowShelfRate(output));
  RETURN_IF_ERROR(ShowFigures(output));
  RETURN_IF_ERROR(ShowMissing(output));
  return ShowRecommended(best, output);
}

absl::Status Selling::ShowShelfRate(Output& output) {
  ListUnusedAssetsRequest request;
  request.set_include_misused(true);
  ASSIGN_OR_RETURN(const auto shelf,
                   Call<ListUnusedAssetsResponse>("UsageService/ListUnusedAssets", request));
  if (output.json()) {
    output.Json(shelf);
    return absl::OkStatus();
  }
  output.Line();
  ShowShelf(shelf, {shelf.items().begin(), shelf.items().end()}, output);
  return absl::OkStatus();
}

absl::Status Selling::ShowFigures(Output& output) {
  ASSIGN_OR_RETURN(const auto figures, Call<ListAssetPerformanceResponse>("UsageService/ListAssetPerformance",
                                                                          ListAssetPerformanceRequest()));
  if (output.json()) {
    output.Json(figures);
    return absl::OkStatus();
  }
  output.Line();
  output.Line("What was used, and what came of it:");
  output.Line();
  ShowAllPerformance(figures, {figures.items().begin(), figures.items().end()}, output);
  return absl::OkStatus();
}

absl::Status Selling::ShowMissing(Output& output) {
  ListGapsRequest request;
  request.set_page_size(kShownGaps);
  ASSIGN_OR_RETURN(const auto gaps, Call<ListGapsResponse>("UsageService/ListGaps", request));
  if (output.json()) {
    output.Json(gaps);
    return absl::OkStatus();
  }
  output.Line();
  output.Line("What the shelf does not answer:");
  output.Line();
  Table table({{"ASKED", Align::kRight}, {"FROM"}, {"NEED", Align::kLeft, true}});
  for (const Gap& gap : gaps.gaps()) {
    table.Add({FormatCount(gap.count()), EnumText(Gap::Origin_Name(gap.origin()), "ORIGIN_"), gap.need()});
  }
  output.Show(table);
  return absl::OkStatus();
}

absl::Status Selling::ShowRecommended(const Lead& best, Output& output) {
  ASSIGN_OR_RETURN(const RecommendAssetsResponse offered, Recommend(best));
  if (output.json()) {
    output.Json(offered);
    return absl::OkStatus();
  }
  output.Line();
  output.Line(fmt::format("Recommended for the best lead, {}:", WhoIs(best)));
  output.Line();
  ShowRecommendations(offered, output);
  return absl::OkStatus();
}

}  // namespace finalmile::cli
