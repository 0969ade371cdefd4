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

// The expressions of the index leads_by_rank.
constexpr std::string_view kBand = "CAST(ceil(l.fit) AS BIGINT)";
// The negated domain::EngagementRank.
constexpr std::string_view kFalling = R"sql(-(
  l.short_value * power(CAST(2 AS DOUBLE PRECISION), CAST(l.short_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000) +
  l.long_value * power(CAST(2 AS DOUBLE PRECISION), CAST(l.long_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000)))sql";

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

absl::StatusOr<storage::Deferred> DeferBand(storage::Transaction& transaction,
                                            const domain::TopSearch::Fetch& fetch,
                                            const Condition& condition) {
  std::vector<storage::Value> values = condition.values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  // Without a filter the profile is not read: that is the common, hot case.
  const bool filtered = condition.sql != "TRUE";
  std::string sql =
      fmt::format(R"sql(
SELECT l.id, l.fit, l.short_key, l.long_key, {}, {}
FROM leads AS l {}
WHERE l.created AND l.gates = 0 AND {} = {})sql",
                  kFalling, condition.sql, filtered ? "JOIN profiles AS p ON p.lead = l.id" : "", kBand,
                  bind(int64_t{fetch.band}));
  if (fetch.after != nullptr) {
    const std::string falling = bind(-fetch.after->rank);
    // The first comparison is what SQLite enters the index by.
    sql += fmt::format(" AND {0} >= {1} AND ({0}, -l.fit, l.id) > ({1}, {2}, {3})", kFalling, falling,
                       bind(-fetch.after->fit), bind(fetch.after->lead.text()));
  }
  sql += fmt::format(" ORDER BY {}, -l.fit, l.id LIMIT {}", kFalling, bind(static_cast<int64_t>(fetch.rows)));
  return transaction.Defer(sql, std::move(values));
}

std::vector<domain::RankedLead> BandOf(const storage::Result& result) {
  std::vector<domain::RankedLead> leads;
  leads.reserve(result.rows.size());
  for (const storage::Row& row : result.rows) {
    leads.push_back({.lead = domain::LeadId(row.Text(0)),
                     .fit = row.Real(1),
                     .short_key = row.OptionalReal(2).value_or(kNone),
                     .long_key = row.OptionalReal(3).value_or(kNone),
                     .rank = -row.Real(4),
                     .matches = row.Bool(5)});
  }
  return leads;
}

}  // namespace finalmile::leads::store
