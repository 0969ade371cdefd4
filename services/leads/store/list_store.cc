#include "services/leads/store/list_store.h"

#include <limits>

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::store {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

std::string_view KeyColumn(domain::TopSearch::List list) {
  switch (list) {
    case domain::TopSearch::List::kShort:
      return "short_key";
    case domain::TopSearch::List::kLong:
      return "long_key";
    case domain::TopSearch::List::kFit:
      break;
  }
  return "fit";
}

}  // namespace

absl::StatusOr<std::vector<domain::LeadId>> ListLeads(storage::Transaction& transaction,
                                                      const Condition& condition, const domain::LeadId& after,
                                                      int limit) {
  std::vector<storage::Value> values = condition.values;
  const size_t n = values.size();
  values.emplace_back(after.text());
  values.emplace_back(int64_t{limit});
  constexpr std::string_view kSql = R"sql(
SELECT l.id
FROM leads AS l
JOIN profiles AS p ON p.lead = l.id
WHERE l.created AND {} AND l.id > ${}
ORDER BY l.id
LIMIT ${})sql";
  return storage::FirstTexts<domain::LeadId>(
      transaction.Execute(fmt::format(kSql, condition.sql, n + 1, n + 2), std::move(values)));
}

absl::StatusOr<std::vector<domain::LeadId>> FindLeads(storage::Transaction& transaction,
                                                      std::string_view text, int limit) {
  constexpr std::string_view kLeads = "leads/";
  constexpr size_t kLeast = 4;
  std::vector<domain::LeadId> found;
  const auto add = [&](const absl::StatusOr<std::vector<domain::LeadId>>& ids) -> absl::Status {
    RETURN_IF_ERROR(ids.status());
    found.insert(found.end(), ids->begin(), ids->end());
    return absl::OkStatus();
  };
  if (const auto email = domain::NormaliseEmail(text); email.ok())
    RETURN_IF_ERROR(add(LeadsWithEmail(transaction, *email, limit)));
  RETURN_IF_ERROR(add(LeadsWithExternalId(transaction, std::string(text), limit)));
  if (const size_t at = text.find('='); at != std::string_view::npos) {
    const ExternalId id{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
    ASSIGN_OR_RETURN(const auto by_id, FindExternalIds(transaction, {id}));
    for (const auto& [external, lead] : by_id) found.push_back(lead);
  }
  std::string_view prefix = text;
  if (prefix.starts_with(kLeads)) prefix.remove_prefix(kLeads.size());
  const bool is_id =
      prefix.size() >= kLeast && prefix.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
  if (is_id) {
    RETURN_IF_ERROR(add(storage::FirstTexts<domain::LeadId>(
        transaction.Execute("SELECT id FROM leads WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3",
                            {std::string(prefix), std::string(prefix) + "g", int64_t{limit}}))));
  }
  found = storage::SortedUnique(std::move(found));
  // A stub is no lead yet.
  ASSIGN_OR_RETURN(const std::vector<LeadState> states, ReadLeads(transaction, found));
  for (const LeadState& state : states) {
    if (!state.created) std::erase(found, state.id);
  }
  if (std::ssize(found) > limit) found.resize(static_cast<size_t>(limit));
  return found;
}

absl::StatusOr<std::vector<domain::RankedLead>> ReadRanks(storage::Transaction& transaction,
                                                          domain::TopSearch::List list,
                                                          const Condition& condition, ListPosition& position,
                                                          size_t limit) {
  const std::string_view key = KeyColumn(list);
  std::vector<storage::Value> values = condition.values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  // Without a filter the profile is not read: that is the common, hot case.
  const bool filtered = condition.sql != "TRUE";
  std::string sql =
      fmt::format(R"sql(
SELECT l.id, l.fit, l.short_key, l.long_key, {}
FROM leads AS l {}
WHERE l.created AND l.gates = 0)sql",
                  filtered ? condition.sql : "TRUE", filtered ? "JOIN profiles AS p ON p.lead = l.id" : "");
  if (list != domain::TopSearch::List::kFit) sql += fmt::format(" AND l.{} IS NOT NULL", key);
  if (position.started) {
    const std::string at = bind(position.key);
    // The first comparison is what the index is entered by.
    sql +=
        fmt::format(" AND l.{0} <= {1} AND (l.{0} < {1} OR l.id > {2})", key, at, bind(position.lead.text()));
  }
  sql += fmt::format(" ORDER BY l.{} DESC, l.id LIMIT {}", key, bind(static_cast<int64_t>(limit)));
  ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<domain::RankedLead> leads;
  leads.reserve(result.rows.size());
  for (const storage::Row& row : result.rows) {
    leads.push_back({domain::LeadId(row.Text(0)), row.Real(1), row.OptionalReal(2).value_or(kNone),
                     row.OptionalReal(3).value_or(kNone), row.Bool(4)});
  }
  if (!leads.empty()) {
    const domain::RankedLead& last = leads.back();
    position.started = true;
    position.lead = last.lead;
    position.key = list == domain::TopSearch::List::kFit     ? last.fit
                   : list == domain::TopSearch::List::kShort ? last.short_key
                                                             : last.long_key;
  }
  return leads;
}

}  // namespace finalmile::leads::store
