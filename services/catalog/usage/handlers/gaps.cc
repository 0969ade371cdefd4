#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/search/query.h"
#include "services/catalog/usage/handlers/usage_handlers.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage/use_fields.h"

namespace finalmile::catalog::usage::handlers {
namespace {

const rpc::FilterSchema& GapFields() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"state", FilterType::kEnum, "g.state",
       rpc::EnumWords(*v1::Gap::GapState_descriptor(), rpc::StoredAs::kNumber)},
      {"origin", FilterType::kEnum, "g.origin",
       rpc::EnumWords(*v1::Gap::Origin_descriptor(), rpc::StoredAs::kNumber)},
      {"situation", FilterType::kText, "g.situation"},
      {"competitor", FilterType::kText, "g.competitor"},
      {"persona", FilterType::kText, "g.persona"},
      {"kind", FilterType::kEnum, "g.kind",
       rpc::EnumWords(*v1::AssetKind_descriptor(), rpc::StoredAs::kNumber)},
      {"count", FilterType::kInt, "g.asked"},
      {"create_time", FilterType::kTimestamp, "g.create_time"},
  }};
  return schema;
}

// Checks the gap that is asked for.
absl::StatusOr<store::GapRow> ToDraft(const v1::ReportGapRequest& request) {
  const v1::Gap& gap = request.gap();
  rpc::FieldViolations violations;
  store::GapRow draft;
  draft.need = std::string(Trim(gap.need()));
  draft.situation = gap.situation();
  draft.competitor = gap.competitor();
  draft.persona = gap.persona();
  draft.kind = gap.kind();
  draft.origin = domain::GapOrigin::kReported;
  text::Analyzer analyzer;
  if (draft.need.empty() || Characters(draft.need) > domain::kMaxNeedCharacters) {
    violations.Add("gap.need", fmt::format("must have 1 to {} characters", domain::kMaxNeedCharacters));
  } else {
    const std::vector<std::string> terms = search::NeedTerms(draft.need, search::kNeedLanguage, analyzer);
    if (terms.empty()) violations.Add("gap.need", "must have at least one word");
    draft.id = domain::GapId(terms, draft.situation, draft.competitor);
  }
  CheckTag(gap.situation(), "gap.situation", violations);
  CheckTag(gap.competitor(), "gap.competitor", violations);
  CheckTag(gap.persona(), "gap.persona", violations);
  if (!v1::AssetKind_IsValid(gap.kind())) violations.Add("gap.kind", "is no kind");
  if (!request.asker().empty()) CheckPerson(request.asker(), "asker", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return draft;
}

}  // namespace

absl::StatusOr<v1::Gap> UsageHandlers::ReportGap(rpc::CallContext& context,
                                                 const v1::ReportGapRequest& request) {
  ASSIGN_OR_RETURN(const store::GapRow draft, ToDraft(request));
  const std::string& asker = request.asker().empty() ? context.principal().name() : request.asker();
  return Mutate<v1::Gap>(context, request, [&](UsageBatch& batch) -> absl::StatusOr<v1::Gap> {
    ASSIGN_OR_RETURN(store::GapRow * gap, batch.InsertAndLockGap(draft));
    if (gap == nullptr) {
      return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_GAPS",
                        fmt::format("{} gaps are open; answer some of them first", kMaxOpenGaps));
    }
    batch.Ask(*gap, asker);
    return ToProto(*gap);
  });
}

absl::StatusOr<v1::Gap> UsageHandlers::AnswerGap(rpc::CallContext& context,
                                                 const v1::AnswerGapRequest& request) {
  const std::string id = rpc::IdIn(request.name());
  catalog::domain::AssetId asset;
  switch (request.answer_case()) {
    case v1::AnswerGapRequest::kShip: {
      if (request.ship().asset().empty()) return rpc::InvalidField("ship.asset", "is required");
      asset = catalog::domain::AssetId(rpc::IdIn(request.ship().asset()));
      break;
    }
    case v1::AnswerGapRequest::kDecline: {
      const std::string_view reason = Trim(request.decline().reason());
      if (reason.empty() || Characters(reason) > domain::kMaxReasonCharacters) {
        return rpc::InvalidField("decline.reason",
                                 fmt::format("must have 1 to {} characters", domain::kMaxReasonCharacters));
      }
      break;
    }
    case v1::AnswerGapRequest::kAccept:
      break;
    case v1::AnswerGapRequest::ANSWER_NOT_SET:
      return rpc::InvalidField("answer", "accept, ship or decline it");
  }
  return Mutate<v1::Gap>(context, request, [&](UsageBatch& batch) -> absl::StatusOr<v1::Gap> {
    bool live = false;
    if (!asset.empty()) {
      ASSIGN_OR_RETURN(const std::vector<catalog::store::AssetRow> assets,
                       catalog::store::ReadAssets(batch.transaction(), {asset}));
      if (assets.empty()) return rpc::NotFound(request.ship().asset(), "asset");
      live = catalog::domain::IsLive(assets[0].life, batch.context().now);
    }
    RETURN_IF_ERROR(batch.LockGaps({id}));
    store::GapRow* gap = batch.Gap(id);
    if (gap == nullptr) return rpc::NotFound(request.name(), "gap");
    RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), gap->revision, request.name()));
    RETURN_IF_ERROR(batch.Answer(*gap, [&](domain::Gap& of) {
      if (request.has_accept()) return domain::Accept(of);
      if (request.has_ship()) return domain::Ship(of, asset, live, batch.context().now);
      return domain::Decline(of, request.decline().reason());
    }));
    return ToProto(*gap);
  });
}

absl::StatusOr<v1::ListGapsResponse> UsageHandlers::ListGaps(rpc::CallContext& context,
                                                             const v1::ListGapsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  ASSIGN_OR_RETURN(catalog::store::Condition condition, rpc::CompileFilter(request.filter(), GapFields()));
  if (!request.asker().empty()) {
    condition = store::AskedBy(std::move(condition),
                               request.asker() == "-" ? context.principal().name() : request.asker());
  }
  using Entries = std::vector<rpc::PageEntry<v1::Gap>>;
  return outbox::Read<v1::ListGapsResponse>(
      context, d_.database, [&](storage::Transaction& transaction) -> absl::StatusOr<v1::ListGapsResponse> {
        v1::ListGapsResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          store::GapPosition after;
          if (!cursor.empty()) after = {std::get<int64_t>(cursor[0]), std::get<std::string>(cursor[1])};
          ASSIGN_OR_RETURN(const std::vector<store::GapRow> gaps,
                           store::ListGaps(transaction, condition, after, count));
          Entries entries;
          for (const store::GapRow& gap : gaps) entries.push_back({ToProto(gap), {gap.gap.count, gap.id}});
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_gaps(), read));
        return response;
      });
}

}  // namespace finalmile::catalog::usage::handlers
