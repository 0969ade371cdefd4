#include "tests/simulation/catalog_usage.h"

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/uuid_of.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/search/query.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/domain/gap.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/domain/recommend.h"

namespace finalmile::simulation {
namespace {

namespace v1 = catalog::v1;

constexpr auto kNotFound = absl::StatusCode::kNotFound;
constexpr auto kFailedPrecondition = absl::StatusCode::kFailedPrecondition;

std::string LeadOf(const std::string& request) { return "leads/" + testing::UuidOf(request); }

int64_t At(const std::map<std::string, int64_t>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void CatalogUsage::Act(const std::string& request, const std::string& asset) {
  // Before and behind what is done with the lead.
  TellStage(request);
  ActOnce(request, asset);
  TellStage(request);
}

void CatalogUsage::ActOnce(const std::string& request, const std::string& asset) {
  switch (client_.simulation.rng().Below(8)) {
    case 0:
    case 1:
    case 2:
      return Use(request, asset);
    case 3:
      return View(request, asset);
    case 4:
    case 5:
      return Recommend(request);
    case 6:
      return ReportGap(request);
    default:
      return AnswerGap(request, asset);
  }
}

void CatalogUsage::TellStage(const std::string& request) {
  Rng& rng = client_.simulation.rng();
  if (rng.Below(2) == 0) return;
  const auto after = static_cast<leads::v1::Stage>(1 + rng.Below(leads::v1::Stage_ARRAYSIZE - 1));
  ToldStage& told = stages_[LeadOf(request)];
  told.stage = catalog::usage::domain::SaleStageOf(static_cast<catalog::usage::domain::LeadStage>(after));
  leads::v1::LeadEvent event;
  event.set_key(LeadOf(request));
  event.set_seq(++told.seq);
  event.set_id(testing::UuidOf(fmt::format("{} {}", request, told.seq)));
  *event.mutable_time() = rpc::ToTimestamp(client_.simulation.clock().Now());
  event.mutable_lead_stage_changed()->set_after(after);
  const std::vector<events::Message> messages(1 + rng.Below(2), outbox::ToMessage(outbox::ToOutbox(event)));
  const absl::Status appended =
      servers_.log().Append(messages, client_.simulation.clock().Steady() + absl::Hours(1));
  if (!appended.ok()) client_.Violated("the stage of a lead cannot be told: " + appended.ToString());
}

void CatalogUsage::Use(const std::string& request, const std::string& asset) {
  Rng& rng = client_.simulation.rng();
  v1::RecordUseRequest use;
  use.set_request_id("use-" + request);
  use.set_rep(request);
  use.set_channel("email");
  if (rng.Below(3) == 0) {
    use.set_lead(LeadOf(request));
    use.set_final_text("What I write myself, in words that no asset of ours has, about renewals and prices.");
  } else {
    v1::RenderAssetRequest render;
    render.set_name(asset);
    render.set_lead(LeadOf(request));
    const auto rendered = client_.Call<v1::RenderAssetResponse>("CatalogService/RenderAsset", render,
                                                                {kNotFound, kFailedPrecondition});
    if (!rendered) return;
    use.set_use_token(rendered->use_token());
  }
  uses_.emplace(request, "");
  const auto recorded = client_.Call<v1::RecordUseResponse>("UsageService/RecordUse", use);
  if (!recorded) return;
  uses_[request] = recorded->use().name();
  if (!use.use_token().empty() && recorded->use().asset() != asset)
    client_.Violated(fmt::format("the use of {} was recorded for {}", asset, recorded->use().asset()));
  if (rng.Below(3) != 0) return;
  const auto again = client_.Call<v1::RecordUseResponse>("UsageService/RecordUse", use);
  if (again && again->use().name() != recorded->use().name())
    client_.Violated(fmt::format("{} was recorded twice", use.request_id()));
}

void CatalogUsage::View(const std::string& request, const std::string& asset) {
  v1::RecordViewRequest view;
  view.set_request_id("view-" + request);
  view.set_asset(asset);
  view.set_lead(LeadOf(request));
  view.set_seconds(30);
  Counted& views = views_[asset];
  ++views.attempted;
  if (client_.Call<v1::RecordViewResponse>("UsageService/RecordView", view, {kNotFound, kFailedPrecondition}))
    ++views.acknowledged;
}

void CatalogUsage::Recommend(const std::string& request) {
  v1::RecommendAssetsRequest recommend;
  recommend.set_request_id("recommend-" + request);
  recommend.set_lead(LeadOf(request));
  recommend.set_page_size(2);
  const auto answer = client_.Call<v1::RecommendAssetsResponse>("CatalogService/RecommendAssets", recommend);
  if (!answer) return;
  std::set<std::string>& offered = offers_[recommend.lead()];
  for (const auto& one : answer->recommendations()) offered.insert(one.asset().name());
}

void CatalogUsage::ReportGap(const std::string& request) {
  v1::ReportGapRequest report;
  report.set_request_id("gap-" + request);
  report.mutable_gap()->set_need(client_.simulation.rng().Below(2) == 0 ? "An answer to Acme"
                                                                        : "A deck on security");
  report.set_asker(request);
  // The words of a closed gap are erased in time: its name says which one it is.
  text::Analyzer analyzer;
  const std::vector<std::string> terms =
      catalog::search::NeedTerms(report.gap().need(), catalog::search::kNeedLanguage, analyzer);
  Counted& asked = asked_["gaps/" + catalog::usage::domain::GapId(terms, "", "")];
  ++asked.attempted;
  if (client_.Call<v1::Gap>("UsageService/ReportGap", report)) ++asked.acknowledged;
}

void CatalogUsage::AnswerGap(const std::string& request, const std::string& asset) {
  Rng& rng = client_.simulation.rng();
  const auto gaps = client_.Call<v1::ListGapsResponse>("UsageService/ListGaps", v1::ListGapsRequest());
  if (!gaps || gaps->gaps().empty()) return;
  v1::AnswerGapRequest answer;
  answer.set_request_id("answer-" + request);
  answer.set_name(gaps->gaps(static_cast<int>(rng.Below(static_cast<uint64_t>(gaps->gaps_size())))).name());
  switch (rng.Below(3)) {
    case 0:
      answer.mutable_accept();
      break;
    case 1:
      answer.mutable_ship()->set_asset(asset);
      break;
    default:
      answer.mutable_decline()->set_reason("nobody will write it");
  }
  client_.Call<v1::Gap>("UsageService/AnswerGap", answer, {kNotFound, kFailedPrecondition});
}

int64_t CatalogUsage::ToMature(Servers& servers, absl::Time now) {
  const int64_t old = ToMicros(now - catalog::usage::domain::kMaturity);
  const auto count = [&](std::string_view sql) {
    return servers.Query(fmt::format(fmt::runtime(sql), old))[0].Int(0);
  };
  return count("SELECT COUNT(*) FROM uses WHERE asset <> '' AND NOT counted AND use_time <= {}") +
         count("SELECT COUNT(*) FROM offers WHERE trial AND NOT counted AND offer_time <= {}");
}

void CatalogUsage::Check(Servers& servers) {
  const Told told = ReadTopic(servers);
  CheckUses(servers, told);
  CheckSums(servers, told);
  CheckCredits(servers);
  CheckOffers(servers, told);
  CheckGaps(servers, told);
  CheckStages(servers);
}

// That no event is missing or twice is checked with the assets.
CatalogUsage::Told CatalogUsage::ReadTopic(Servers& servers) const {
  Told told;
  std::map<std::string, int64_t> seqs;
  for (const events::Record& record : servers.ReadTopic(outbox::TopicName<catalog::v1::CatalogEvent>())) {
    v1::CatalogEvent event;
    if (!event.ParseFromString(record.value) || event.seq() <= seqs[event.key()]) continue;
    seqs[event.key()] = event.seq();
    if (event.has_asset_used()) {
      ++told.used[event.asset_used().rep()];
      told.stages[event.asset_used().rep()] = event.asset_used().stage();
    }
    if (event.has_rep_material_found()) ++told.own_material[event.rep_material_found().rep()];
    if (event.has_asset_viewed()) ++told.viewed[event.key()];
    if (event.has_asset_offered()) ++told.offered[event.asset_offered().lead()];
    if (!event.key().starts_with("gaps/")) continue;
    Told::GapStand& gap = told.gaps[event.key()];
    gap.seq = event.seq();
    if (event.has_gap_opened()) gap.state = v1::Gap::GAP_STATE_OPEN;
    if (event.has_gap_accepted()) gap.state = v1::Gap::GAP_STATE_ACCEPTED;
    if (event.has_gap_shipped()) gap.state = v1::Gap::GAP_STATE_SHIPPED;
    if (event.has_gap_closed()) {
      gap.state = event.gap_closed().asset().empty() ? v1::Gap::GAP_STATE_DECLINED : v1::Gap::GAP_STATE_USED;
    }
  }
  return told;
}

void CatalogUsage::CheckUses(Servers& servers, const Told& told) const {
  std::map<std::string, std::string> stored;
  for (const storage::Row& row : servers.Query("SELECT id, rep, asset, gap, stage FROM uses")) {
    const std::string rep = row.Text(1);
    const auto stage = told.stages.find(rep);
    if (stage != told.stages.end() && stage->second != row.Text(4))
      client_.Violated(fmt::format("the use by {} is told of another stage than stored", rep));
    if (!uses_.contains(rep)) client_.Violated(fmt::format("the use by {} comes from nowhere", rep));
    if (!stored.emplace(rep, "uses/" + row.Text(0)).second)
      client_.Violated(fmt::format("the use by {} is stored twice", rep));
    if (At(told.used, rep) != (row.Text(2).empty() ? 0 : 1) ||
        At(told.own_material, rep) != (row.Text(3).empty() ? 0 : 1)) {
      client_.Violated(fmt::format("the use by {} is told {} times", rep,
                                   At(told.used, rep) + At(told.own_material, rep)));
    }
  }
  for (const auto& [rep, use] : uses_) {
    const auto found = stored.find(rep);
    if (!use.empty() && (found == stored.end() || found->second != use))
      client_.Violated(fmt::format("lost: {} by {}", use, rep));
    if (found == stored.end() && At(told.used, rep) + At(told.own_material, rep) > 0)
      client_.Violated(fmt::format("a use by {} is told and not stored", rep));
  }
}

void CatalogUsage::CheckSums(Servers& servers, const Told& told) const {
  std::map<std::string, int64_t> used;
  for (const storage::Row& row : servers.Query("SELECT asset FROM uses WHERE asset <> ''"))
    ++used[row.Text(0)];
  std::map<std::string, int64_t> offered;
  for (const storage::Row& row :
       servers.Query(fmt::format("SELECT asset FROM offers WHERE slot <> {}",
                                 static_cast<int>(catalog::usage::domain::Slot::kWithheld)))) {
    ++offered[row.Text(0)];
  }
  std::map<std::string, int64_t> viewed;
  for (const storage::Row& row : servers.Query(
           "SELECT asset, SUM(used), SUM(offered), SUM(viewed) FROM version_figures GROUP BY asset")) {
    const std::string asset = row.Text(0);
    viewed["assets/" + asset] = row.Int(3);
    if (row.Int(1) != At(used, asset) || row.Int(2) != At(offered, asset)) {
      client_.Violated(fmt::format("assets/{}: figures say {} uses and {} offers of {} and {}", asset,
                                   row.Int(1), row.Int(2), At(used, asset), At(offered, asset)));
    }
  }
  if (viewed.size() < used.size() || viewed.size() < offered.size()) client_.Violated("figures are missing");
  for (const auto& [asset, views] : views_) {
    const int64_t counted = At(viewed, asset);
    if (counted < views.acknowledged || counted > views.attempted || counted != At(told.viewed, asset)) {
      client_.Violated(fmt::format("{}: {} views, {} told, {} acknowledged, {} tried", asset, counted,
                                   At(told.viewed, asset), views.acknowledged, views.attempted));
    }
  }
}

// Each lead has one use at most, and no meeting is told of: the sums are the uses and trials that are
// counted.
void CatalogUsage::CheckCredits(Servers& servers) const {
  std::map<std::string, int64_t> used;
  int64_t uses = 0;
  for (const storage::Row& row : servers.Query("SELECT asset FROM uses WHERE asset <> '' AND counted")) {
    ++used[row.Text(0)];
    ++uses;
  }
  std::map<std::string, int64_t> of_versions = used;
  used[""] = uses;
  for (const storage::Row& row :
       servers.Query("SELECT asset, version, matured, set_count, held FROM credits")) {
    (row.Int(1) == 0 ? used : of_versions)[row.Text(0)] -= row.Int(2);
    if (row.Int(3) != 0 || row.Int(4) != 0) client_.Violated("a meeting is credited that nobody told of");
  }
  for (const auto& sums : {used, of_versions}) {
    for (const auto& [asset, left] : sums) {
      if (left != 0)
        client_.Violated(fmt::format("assets/{}: {} uses are counted and not in the sums", asset, left));
    }
  }
  std::map<std::pair<int64_t, bool>, int64_t> trials;
  const auto withheld = static_cast<int64_t>(catalog::usage::domain::Slot::kWithheld);
  for (const storage::Row& row : servers.Query("SELECT kind, slot FROM offers WHERE trial AND counted"))
    ++trials[{row.Int(0), row.Int(1) == withheld}];
  for (const storage::Row& row : servers.Query("SELECT kind, withheld, matured FROM trial_arms"))
    trials[{row.Int(0), row.Bool(1)}] -= row.Int(2);
  for (const auto& [arm, difference] : trials) {
    if (difference != 0)
      client_.Violated(
          fmt::format("{} trials of kind {} are counted and not in the sums", difference, arm.first));
  }
}

void CatalogUsage::CheckOffers(Servers& servers, const Told& told) const {
  std::map<std::string, std::set<std::string>> stored;
  std::map<std::string, int64_t> rows;
  for (const storage::Row& row : servers.Query("SELECT lead, asset FROM offers")) {
    ++rows[row.Text(0)];
    if (!stored[row.Text(0)].insert("assets/" + row.Text(1)).second)
      client_.Violated(fmt::format("assets/{} was offered twice to {}", row.Text(1), row.Text(0)));
  }
  if (rows != told.offered) client_.Violated("other offers are stored than told");
  for (const auto& [lead, assets] : offers_) {
    for (const std::string& asset : assets) {
      if (!stored[lead].contains(asset))
        client_.Violated(fmt::format("lost: {} was offered to {}", asset, lead));
    }
  }
}

void CatalogUsage::CheckGaps(Servers& servers, const Told& told) const {
  std::map<std::string, int64_t> asked;
  for (const storage::Row& row : servers.Query("SELECT id, seq, state, asked FROM gaps")) {
    const std::string name = "gaps/" + row.Text(0);
    asked[name] = row.Int(3);
    const auto stand = told.gaps.find(name);
    if (stand == told.gaps.end() || stand->second.seq != row.Int(1) || stand->second.state != row.Int(2))
      client_.Violated(fmt::format("{}: the row does not stand where its events lead", name));
  }
  for (const auto& [gap, counted] : asked_) {
    if (At(asked, gap) < counted.acknowledged || At(asked, gap) > counted.attempted) {
      client_.Violated(fmt::format("{} was asked for {} times, {} acknowledged, {} tried", gap,
                                   At(asked, gap), counted.acknowledged, counted.attempted));
    }
  }
}

// What was told last is what the row says last.
void CatalogUsage::CheckStages(Servers& servers) const {
  std::map<std::string, std::string> histories;
  for (const storage::Row& row : servers.Query("SELECT lead, history FROM leads"))
    histories[row.Text(0)] = row.Text(1);
  for (const auto& [lead, told] : stages_) {
    if (!histories[lead].ends_with(fmt::format("\"{}\"]]}}", told.stage)))
      client_.Violated(fmt::format("{} is in {}, and the row says {}", lead, told.stage, histories[lead]));
  }
}

}  // namespace finalmile::simulation
