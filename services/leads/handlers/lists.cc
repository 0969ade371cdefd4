#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "services/leads/handlers/lead_handlers.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/store/list_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"owner", FilterType::kText, "p.owner"},
      {"stage", FilterType::kEnum, "l.stage",
       rpc::EnumWords(*v1::Stage_descriptor(), rpc::StoredAs::kNumber)},
      {"lead_source", FilterType::kText, "p.lead_source"},
      {"campaign", FilterType::kText, "p.campaign"},
      {"company_domain", FilterType::kText, "p.company_domain"},
      {"lane", FilterType::kText, "l.lane"},
      {"grade", FilterType::kText, "l.grade"},
      {"fit", FilterType::kReal, "l.fit"},
      {"create_time", FilterType::kTimestamp, "l.create_time"},
      {"update_time", FilterType::kTimestamp, "l.update_time"},
  }};
  return schema;
}

}  // namespace

absl::StatusOr<v1::ListLeadsResponse> LeadHandlers::ListLeads(rpc::CallContext& context,
                                                              const v1::ListLeadsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(request, {std::string()}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  const std::string after = page.first() ? std::string() : std::get<std::string>(page.cursor()[0]);
  return outbox::Read<v1::ListLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListLeadsResponse> {
        v1::ListLeadsResponse response;
        ASSIGN_OR_RETURN(std::vector<std::string> ids,
                         store::ListLeads(transaction, condition, after, page.size() + 1));
        const bool more = page.Cut(ids);
        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads, Load(transaction, ids, d_.clock.Now()));
        response.mutable_leads()->Assign(leads.begin(), leads.end());
        if (more) response.set_next_page_token(page.NextToken({ids.back()}));
        return response;
      });
}

absl::StatusOr<v1::ListTopLeadsResponse> LeadHandlers::ListTopLeads(rpc::CallContext& context,
                                                                    const v1::ListTopLeadsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(request, {int64_t{}, double{}, std::string()}, {.standard = 10}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  // The cursor: the moment all pages hold for, and the last lead of the page before.
  absl::Time as_of = FromMicros(ToMicros(d_.clock.Now()));
  std::optional<domain::TopLead> after;
  if (!page.first()) {
    as_of = FromMicros(std::get<int64_t>(page.cursor()[0]));
    after = {std::get<std::string>(page.cursor()[2]), std::get<double>(page.cursor()[1])};
  }
  return outbox::Read<v1::ListTopLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListTopLeadsResponse> {
        v1::ListTopLeadsResponse response;
        domain::TopSearch search(static_cast<size_t>(page.size()) + 1, as_of, after);
        store::ListPosition positions[3];
        while (std::optional<domain::TopSearch::Fetch> fetch = search.Next()) {
          RETURN_IF_ERROR(context.Check());
          store::ListPosition& position = positions[static_cast<int>(fetch->list)];
          ASSIGN_OR_RETURN(std::vector<domain::RankedLead> rows,
                           store::ReadRanks(transaction, fetch->list, condition, position, fetch->rows));
          search.Feed(fetch->list, rows, rows.size() < fetch->rows);
        }
        std::vector<domain::TopLead> top = search.results();
        const bool more = page.Cut(top);
        std::vector<std::string> ids;
        for (const domain::TopLead& lead : top) ids.push_back(lead.name);
        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads, Load(transaction, ids, as_of));
        response.mutable_leads()->Assign(leads.begin(), leads.end());
        response.set_touched(static_cast<int64_t>(search.rows_touched()));
        *response.mutable_as_of() = scoring::ToProto(as_of);
        if (more)
          response.set_next_page_token(page.NextToken({ToMicros(as_of), top.back().score, top.back().name}));
        return response;
      });
}

}  // namespace finalmile::leads::handlers
