#include "services/leads/handlers/list_handlers.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/store/list_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;
constexpr int kMostFound = 10;
// Leads that are read at once. A lead may have some 200 kB, and is in memory three times while it is read.
constexpr int kPiece = 8;
// By how much the clock of another replica, whose time an activity may have, is ahead of this one's at most.
constexpr absl::Duration kMostAhead = absl::Hours(4);

using LeadEntries = std::vector<rpc::PageEntry<v1::Lead>>;

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"email", FilterType::kText, "p.email"},
      // "u-77", or with its source "crm=u-77".
      {"external_id", FilterType::kTextList,
       "SELECT e.id FROM external_ids AS e WHERE e.lead = l.id UNION ALL "
       "SELECT e.source || '=' || e.id FROM external_ids AS e WHERE e.lead = l.id"},
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

absl::StatusOr<v1::ListLeadsResponse> ListHandlers::ListLeads(rpc::CallContext& context,
                                                              const v1::ListLeadsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {std::string()}, {.piece = kPiece}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  return outbox::Read<v1::ListLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListLeadsResponse> {
        v1::ListLeadsResponse response;
        const absl::Time now = d_.clock.Now();
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_leads(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<LeadEntries> {
                        const domain::LeadId after(cursor.empty() ? "" : std::get<std::string>(cursor[0]));
                        ASSIGN_OR_RETURN(const std::vector<domain::LeadId> ids,
                                         store::ListLeads(transaction, condition, after, count));
                        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads,
                                         LoadLeads(transaction, d_.policies, ids, now));
                        LeadEntries entries;
                        for (size_t i = 0; i < ids.size(); ++i)
                          entries.push_back({std::move(leads[i]), {ids[i].text()}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::FindLeadsResponse> ListHandlers::FindLeads(rpc::CallContext& context,
                                                              const v1::FindLeadsRequest& request) {
  const std::string_view text = Trim(request.text());
  if (text.empty()) return rpc::InvalidField("text", "is required");
  return outbox::Read<v1::FindLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::FindLeadsResponse> {
        ASSIGN_OR_RETURN(std::vector<domain::LeadId> ids, store::FindLeads(transaction, text, kMostFound));
        v1::FindLeadsResponse response;
        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads,
                         LoadLeads(transaction, d_.policies, ids, d_.clock.Now()));
        response.mutable_leads()->Assign(leads.begin(), leads.end());
        return response;
      });
}

absl::StatusOr<v1::ListTopLeadsResponse> ListHandlers::ListTopLeads(rpc::CallContext& context,
                                                                    const v1::ListTopLeadsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, double{}, std::string()},
                                 {.standard = 10, .piece = kPiece}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  // The cursor: the moment all pages hold for, and the last lead of the page before.
  absl::Time as_of = FromMicros(ToMicros(d_.clock.Now()));
  std::optional<domain::TopLead> after;
  if (!page.first()) {
    as_of = FromMicros(std::get<int64_t>(page.cursor()[0]));
    after = {domain::LeadId(std::get<std::string>(page.cursor()[2])), std::get<double>(page.cursor()[1])};
  }
  // A band is a statement of its own, which takes less time than its plan.
  const storage::TransactOptions options{
      .deadline = context.deadline(), .read_only = true, .keep_plans = true};
  return storage::Transact(
      d_.database, options, [&](Transaction& transaction) -> absl::StatusOr<v1::ListTopLeadsResponse> {
        v1::ListTopLeadsResponse response;
        domain::TopSearch search(static_cast<size_t>(page.size()) + 1, as_of, d_.clock.Now() + kMostAhead,
                                 after);
        for (auto fetches = search.Next(); !fetches.empty(); fetches = search.Next()) {
          RETURN_IF_ERROR(context.Check());
          std::vector<storage::Deferred> read;
          for (const domain::TopSearch::Fetch& fetch : fetches) {
            ASSIGN_OR_RETURN(read.emplace_back(), store::DeferBand(transaction, fetch, condition));
          }
          RETURN_IF_ERROR(transaction.Settle());
          for (size_t i = 0; i < fetches.size(); ++i) {
            const std::vector<domain::RankedLead> rows = store::BandOf(*read[i]);
            search.Feed(fetches[i].band, rows, rows.size() < fetches[i].rows);
          }
        }
        const std::vector<domain::TopLead> top = search.results();
        size_t shown = 0;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_leads(),
                      [&](const rpc::Page::Cursor&, int count) -> absl::StatusOr<LeadEntries> {
                        std::vector<domain::LeadId> ids;
                        for (size_t i = shown; i < top.size() && count > 0; ++i, --count)
                          ids.push_back(top[i].lead);
                        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads,
                                         LoadLeads(transaction, d_.policies, ids, as_of));
                        LeadEntries entries;
                        for (v1::Lead& lead : leads) {
                          entries.push_back(
                              {std::move(lead), {ToMicros(as_of), top[shown].score, top[shown].lead.text()}});
                          ++shown;
                        }
                        return entries;
                      }));
        response.set_touched(static_cast<int64_t>(search.rows_touched()));
        *response.mutable_as_of() = scoring::ToProto(as_of);
        return response;
      });
}

}  // namespace finalmile::leads::handlers
