#include "services/catalog/usage/record_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/tags.h"
#include "services/catalog/store/publication_store.h"
#include "services/catalog/store/version_store.h"
#include "services/catalog/usage/permission.h"
#include "services/catalog/usage/recognise.h"
#include "services/catalog/usage/store/lead_store.h"
#include "services/catalog/usage/store/own_text_store.h"

namespace finalmile::catalog::usage {
namespace {

// The gap of what reps write themselves in a situation.
store::GapRow RepMaterialGap(const std::string& situation) {
  store::GapRow gap;
  gap.id = domain::GapId({}, situation, "");
  gap.need = situation.empty() ? "messages that reps write themselves"
                               : fmt::format("messages that reps write themselves: {}", situation);
  gap.situation = situation;
  gap.origin = domain::GapOrigin::kRepMaterial;
  return gap;
}

// The messages that say the same to others, where these are leads enough to make a gap; else none.
absl::StatusOr<std::vector<store::OwnTextRow>> SaidToOthers(UsageBatch& batch, const ReportedUse& reported) {
  ASSIGN_OR_RETURN(std::vector<store::OwnTextRow> texts,
                   store::FindOwnTexts(batch.transaction(), reported.body, reported.lead));
  std::erase_if(texts, [&](const store::OwnTextRow& text) {
    return catalog::domain::Resemblance(text.sketch, reported.body) < kAlike;
  });
  std::set<domain::LeadName> leads = {reported.lead};
  for (const store::OwnTextRow& text : texts) leads.insert(text.lead);
  if (leads.size() < kLeadsOfAGap) texts.clear();
  return texts;
}

absl::Status RecordOwnMaterial(UsageBatch& batch, const ReportedUse& reported, store::UseRow& use) {
  if (reported.body.shingles < catalog::domain::kMinShingles) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<store::OwnTextRow> others, SaidToOthers(batch, reported));
  store::OwnTextRow text = {.id = use.id,
                            .lead = reported.lead,
                            .rep = reported.rep,
                            .sketch = catalog::domain::Cut(reported.body, store::kOwnSketchSize),
                            .use_time = reported.use_time};
  store::GapRow* gap = nullptr;
  if (!others.empty()) {
    ASSIGN_OR_RETURN(gap, batch.InsertAndLockGap(RepMaterialGap(reported.situation)));
  }
  text.asked = gap != nullptr;
  RETURN_IF_ERROR(store::InsertOwnText(batch.transaction(), text));
  if (gap == nullptr) return absl::OkStatus();
  use.gap = gap->id;
  // Those before it made no gap by themselves.
  std::vector<std::string> ids;
  for (const store::OwnTextRow& other : others) {
    if (other.asked) continue;
    ids.push_back(other.id);
    batch.Ask(*gap, other.rep);
  }
  RETURN_IF_ERROR(store::MarkAsked(batch.transaction(), ids));
  batch.Ask(*gap, reported.rep);
  v1::RepMaterialFound& found = *batch.EmitOf(*gap, reported.use_time).mutable_rep_material_found();
  found.set_rep(reported.rep);
  found.set_lead(reported.lead.text());
  found.set_channel(reported.channel);
  found.set_situation(reported.situation);
  return absl::OkStatus();
}

absl::Status JudgeUse(UsageBatch& batch, const ReportedUse& reported, std::optional<double> similarity,
                      store::UseRow& use) {
  const store::VersionKey key{use.asset, use.version};
  // The audience that the kind has is with the long texts.
  const bool bodies = !reported.persona.empty() || !reported.industry.empty();
  ASSIGN_OR_RETURN(const auto versions, catalog::store::ReadVersions(batch.transaction(), {key}, bodies));
  const auto version = versions.find(key);
  if (version == versions.end()) {
    return rpc::NotFound(fmt::format("{}/versions/{}", catalog::domain::AssetName(use.asset), use.version),
                         "asset");
  }
  ASSIGN_OR_RETURN(const v1::Asset content, assets::ContentOf(version->second));
  domain::UseFacts facts;
  facts.time = reported.use_time;
  ASSIGN_OR_RETURN(facts.live, catalog::store::PeriodAt(batch.transaction(), key, reported.use_time));
  facts.stage = use.stage;
  facts.persona = reported.persona;
  facts.industry = reported.industry;
  facts.final_text = reported.written;
  ASSIGN_OR_RETURN(facts.denied, store::Denied(batch.transaction(), reported.lead,
                                               PermissionChannel(reported.channel), reported.use_time));
  if (!reported.asset.empty()) facts.kept = similarity;
  use.misuses = domain::MisusesOf(facts, catalog::domain::AllTags(assets::FromProto(content)));
  return absl::OkStatus();
}

absl::Status RecordAsset(UsageBatch& batch, const ReportedUse& reported, std::optional<double> similarity,
                         store::UseRow& use) {
  RETURN_IF_ERROR(batch.LockAssets({use.asset}));
  if (batch.Asset(use.asset) == nullptr) return rpc::NotFound(catalog::domain::AssetName(use.asset), "asset");
  RETURN_IF_ERROR(batch.LockShipped(use.asset));
  RETURN_IF_ERROR(JudgeUse(batch, reported, similarity, use));
  RETURN_IF_ERROR(store::AddFigures(
      batch.transaction(), {{{use.asset, use.version}, {.used = 1, .last_use_time = reported.use_time}}}));
  const auto match = static_cast<v1::Use::Match>(use.match);
  v1::AssetUsed& used = *batch.Emit(use.asset, reported.use_time).mutable_asset_used();
  used.set_version(use.version);
  used.set_lead(reported.lead.text());
  used.set_rep(reported.rep);
  used.set_channel(reported.channel);
  used.set_match(match);
  used.set_similarity(use.similarity);
  used.set_grade(use.grade);
  used.set_stage(use.stage);
  used.set_situation(reported.situation);
  if (!use.misuses.empty()) {
    v1::AssetMisused& misused = *batch.Emit(use.asset, reported.use_time).mutable_asset_misused();
    misused.set_version(use.version);
    misused.set_lead(reported.lead.text());
    misused.set_rep(reported.rep);
    misused.set_channel(reported.channel);
    for (const domain::Misuse misuse : use.misuses) misused.add_misuses(static_cast<v1::Misuse>(misuse));
  }
  batch.CloseShipped(use.asset, reported.use_time);
  return absl::OkStatus();
}

// A token may name a lead by the name that it had before it was merged.
absl::Status CheckTokenLead(UsageBatch& batch, const ReportedUse& reported, const domain::LeadName& lead) {
  if (reported.token_lead.empty() || reported.token_lead == reported.lead) return absl::OkStatus();
  ASSIGN_OR_RETURN(const domain::LeadName current,
                   store::CurrentName(batch.transaction(), reported.token_lead));
  if (current == lead) return absl::OkStatus();
  return rpc::InvalidField("lead", "differs from the one that the use_token was rendered for");
}

}  // namespace

absl::StatusOr<v1::Use> RecordUse(UsageBatch& batch, ReportedUse reported) {
  ASSIGN_OR_RETURN(const UsageBatch::LockedLead locked, batch.InsertAndLockLead(reported.lead));
  RETURN_IF_ERROR(CheckTokenLead(batch, reported, locked.name));
  reported.lead = locked.name;
  if (!reported.message.empty()) {
    ASSIGN_OR_RETURN(const std::optional<store::UseRow> known,
                     store::FindMessage(batch.transaction(), reported.lead, reported.message));
    if (known) return ToProto(*known);
  }
  Recognised recognised;
  if (!reported.asset.empty()) {
    recognised = {catalog::domain::Match::kToken, reported.asset, reported.version, std::nullopt};
    ASSIGN_OR_RETURN(recognised.similarity,
                     KeptOf(batch.transaction(), reported.asset, reported.version, reported.sketch));
  } else {
    ASSIGN_OR_RETURN(recognised, Recognise(batch.transaction(), reported.sketch));
  }
  store::UseRow use;
  use.id = NewUuid(batch.context().clock, batch.context().rng);
  use.asset = recognised.asset;
  use.version = recognised.version;
  use.match = static_cast<int64_t>(recognised.match);
  use.similarity = recognised.similarity.value_or(0);
  use.rep = reported.rep;
  use.lead = reported.lead;
  use.channel = reported.channel;
  use.grade = locked.lead.grades.At(reported.use_time);
  use.stage = locked.lead.stages.At(reported.use_time);
  use.situation = reported.situation;
  use.message = reported.message;
  use.use_time = reported.use_time;
  RETURN_IF_ERROR(use.asset.empty() ? RecordOwnMaterial(batch, reported, use)
                                    : RecordAsset(batch, reported, recognised.similarity, use));
  RETURN_IF_ERROR(store::InsertUse(batch.transaction(), use));
  return ToProto(use);
}

absl::StatusOr<int64_t> VersionOf(UsageBatch& batch, const catalog::domain::AssetId& asset, int64_t version) {
  const std::string name = catalog::domain::AssetName(asset);
  const catalog::store::AssetRow* row = batch.Asset(asset);
  if (row == nullptr) return rpc::NotFound(name, "asset");
  if (version > row->life.latest_version) {
    return rpc::NotFound(fmt::format("{}/versions/{}", name, version), "asset");
  }
  if (version != 0) return version;
  if (row->life.published_version == 0) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "ASSET_NOT_PUBLISHED",
                      fmt::format("{} was never published; name a version", name));
  }
  return row->life.published_version;
}

v1::Use ToProto(const store::UseRow& use) {
  v1::Use result;
  result.set_name("uses/" + use.id);
  if (!use.asset.empty()) result.set_asset(catalog::domain::AssetName(use.asset));
  result.set_version(use.version);
  result.set_match(static_cast<v1::Use::Match>(use.match));
  result.set_similarity(use.similarity);
  for (const domain::Misuse misuse : use.misuses) result.add_misuses(static_cast<v1::Misuse>(misuse));
  if (!use.gap.empty()) result.set_gap(GapName(use.gap));
  result.set_rep(use.rep);
  result.set_lead(use.lead.text());
  result.set_channel(use.channel);
  *result.mutable_use_time() = rpc::ToTimestamp(use.use_time);
  return result;
}

}  // namespace finalmile::catalog::usage
