#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/fading.h"
#include "services/leads/engines_fixture.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/list_store.h"

namespace finalmile::leads {
namespace {

using domain::RankedLead;
using domain::TopLead;
using domain::TopSearch;

class TopListTest : public EnginesTest {
 protected:
  // Leads of few and of many scores, some of them gated, without engagement, or of a fit between two points.
  void Fill(size_t count) {
    std::mt19937_64 random(7);
    std::vector<store::LeadState> leads(count);
    for (store::LeadState& lead : leads) {
      lead.id = domain::LeadId("lead-" + std::to_string(random()));
      lead.created = random() % 9 != 0;
      lead.gates = random() % 9 == 0 ? 2 : 0;
      lead.fit = static_cast<double>(random() % 13) * (random() % 2 == 0 ? 8 : 8.3);
      lead.create_time = lead.update_time = Now();
      const auto value = [&]() -> domain::FadingValue {
        if (random() % 3 == 0) return {};
        return {static_cast<double>(1 + random() % 400) / 7, Now() - absl::Hours(random() % 2000)};
      };
      lead.engagement.engagement = {value(), value()};
      if (!lead.created || lead.gates != 0) continue;
      all_.push_back(
          {.lead = lead.id,
           .fit = lead.fit,
           .short_key = domain::RankKey(lead.engagement.engagement.short_half_life, domain::kShortHalfLife),
           .long_key = domain::RankKey(lead.engagement.engagement.long_half_life, domain::kLongHalfLife)});
    }
    const auto stored = Transact([&](storage::Transaction& transaction) -> absl::StatusOr<bool> {
      RETURN_IF_ERROR(store::kLeads.Insert(transaction, storage::Pointers(leads)));
      return true;
    });
    ASSERT_TRUE(stored.ok()) << stored.status();
  }

  std::vector<TopLead> Search(size_t limit, absl::Time at, const std::optional<TopLead>& after = {}) {
    const auto found =
        Transact([&](storage::Transaction& transaction) -> absl::StatusOr<std::vector<TopLead>> {
          TopSearch search(limit, at, Now(), after);
          for (auto fetches = search.Next(); !fetches.empty(); fetches = search.Next()) {
            for (const TopSearch::Fetch& fetch : fetches) {
              ASSIGN_OR_RETURN(const storage::Deferred read, store::DeferBand(transaction, fetch, {}));
              RETURN_IF_ERROR(transaction.Settle());
              const std::vector<RankedLead> rows = store::BandOf(*read);
              search.Feed(fetch.band, rows, rows.size() < fetch.rows);
            }
          }
          return search.results();
        });
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(std::vector<TopLead>());
  }

  std::vector<TopLead> Sorted(absl::Time at) const {
    std::vector<TopLead> sorted;
    for (const RankedLead& lead : all_) sorted.push_back({lead.lead, domain::ScoreAt(lead, at)});
    std::sort(sorted.begin(), sorted.end(), domain::RanksBefore);
    return sorted;
  }

  std::vector<RankedLead> all_;
};

TEST_P(TopListTest, TheIndexGivesWhatSortingGives) {
  Fill(900);
  for (const absl::Duration later : {absl::ZeroDuration(), absl::Hours(24 * 20), -absl::Hours(30)}) {
    const absl::Time at = Now() + later;
    std::vector<TopLead> expected = Sorted(at);
    expected.resize(60);
    EXPECT_EQ(Search(60, at), expected);
  }
}

TEST_P(TopListTest, PagesMakeTheWhole) {
  Fill(300);
  std::vector<TopLead> all;
  std::optional<TopLead> after;
  for (size_t size = 41; size == 41;) {
    const std::vector<TopLead> page = Search(41, Now(), after);
    size = page.size();
    all.insert(all.end(), page.begin(), page.end());
    if (size > 0) after = page.back();
  }
  EXPECT_EQ(all, Sorted(Now()));
}

INSTANTIATE_TEST_SUITE_P(Engines, TopListTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace finalmile::leads
