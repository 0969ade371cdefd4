#include "services/catalog/usage/missed_searches.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/catalog/search/query.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage/usage_batch.h"

namespace finalmile::catalog::usage {
namespace {

constexpr size_t kPerWrite = 100;
constexpr size_t kManyDigits = 7;
constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kPause = absl::Seconds(1);

bool MayNameAPerson(std::string_view query) {
  const auto digits = std::count_if(query.begin(), query.end(), [](char c) { return c >= '0' && c <= '9'; });
  return query.find('@') != std::string_view::npos || static_cast<size_t>(digits) >= kManyDigits;
}

}  // namespace

MissedSearches::MissedSearches(storage::Database& database, KnowsTerm knows_term, Clock& clock, Rng& rng,
                               Log& log)
    : database_(database),
      knows_term_(std::move(knows_term)),
      clock_(clock),
      rng_(rng),
      log_(log),
      wake_(clock.NewWaitEvent()) {}

void MissedSearches::Add(std::string_view query) {
  if (MayNameAPerson(query)) return;
  text::Analyzer analyzer;
  std::vector<std::string> terms = search::NeedTerms(query, search::kNeedLanguage, analyzer);
  if (terms.empty()) return;
  if (terms.size() > domain::kMaxGapTerms) terms.resize(domain::kMaxGapTerms);
  const std::string key = absl::StrJoin(terms, " ");
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = waiting_.find(key);
    if (found != waiting_.end()) {
      ++found->second.count;
    } else if (waiting_.size() < kWaiting) {
      waiting_.emplace(key, Miss{std::string(Trim(query)), 1});
    }
  }
  wake_->Set();
}

MissedSearches::Misses MissedSearches::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Misses taken;
  while (!waiting_.empty() && taken.size() < kPerWrite) taken.insert(waiting_.extract(waiting_.begin()));
  return taken;
}

absl::Duration MissedSearches::Run() {
  const Misses misses = Take();
  if (misses.empty()) return absl::InfiniteDuration();
  const absl::Status status = Write(misses);
  if (status.ok()) return clock_.Steady();
  log_.Warning("searches without a hit are not counted now", {{"error", std::string(status.message())}});
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [terms, miss] : misses) {
    if (waiting_.size() >= kWaiting && !waiting_.contains(terms)) continue;
    Miss& waits = waiting_.emplace(terms, Miss{miss.words, 0}).first->second;
    waits.count += miss.count;
  }
  return clock_.Steady() + kPause;
}

absl::Status MissedSearches::Write(const Misses& misses) {
  std::vector<store::GapRow> drafts;
  std::vector<std::string> ids;
  std::map<std::string, const Misses::value_type*> by_id;
  for (const Misses::value_type& miss : misses) {
    store::GapRow& draft = drafts.emplace_back();
    const std::vector<std::string> terms = absl::StrSplit(miss.first, ' ');
    draft.id = domain::GapId(terms, "", "");
    draft.need = miss.second.words;
    draft.origin = domain::GapOrigin::kSearch;
    ids.push_back(draft.id);
    by_id[draft.id] = &miss;
  }
  const outbox::Cause cause = outbox::CauseOf("catalog.missed_searches");
  return database_.Transact(
      {.deadline = clock_.Steady() + kTimeout}, [&](storage::Transaction& transaction) -> absl::Status {
        UsageBatch batch(transaction, {clock_, rng_, clock_.Now(), cause});
        RETURN_IF_ERROR(batch.LockGaps(ids));
        ASSIGN_OR_RETURN(const int64_t open, store::CountOpenSearches(transaction));
        std::vector<store::GapRow> fresh;
        for (const store::GapRow& draft : drafts) {
          if (batch.Gap(draft.id) == nullptr && open + std::ssize(fresh) < kMaxOpenSearches) {
            fresh.push_back(draft);
          }
        }
        RETURN_IF_ERROR(batch.InsertAndLockGaps(std::move(fresh)));
        for (const std::string& id : batch.LockedGaps()) {
          store::GapRow& gap = *batch.Gap(id);
          const auto& [terms, miss] = *by_id.at(id);
          batch.Ask(gap, "", miss.count);
          v1::SearchMissed& missed = *batch.EmitOf(gap, clock_.Now()).mutable_search_missed();
          missed.set_count(miss.count);
          // A word that no asset has may be a person's name.
          for (const std::string& term : std::vector<std::string>(absl::StrSplit(terms, ' '))) {
            if (knows_term_(term)) {
              missed.add_known_terms(term);
            } else {
              missed.set_unknown_terms(missed.unknown_terms() + 1);
            }
          }
        }
        return batch.Write();
      });
}

}  // namespace finalmile::catalog::usage
