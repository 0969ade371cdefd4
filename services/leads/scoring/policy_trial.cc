#include "services/leads/scoring/policy_trial.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/course.h"
#include "services/leads/domain/grade.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/publish_policy.h"
#include "services/leads/scoring/trial_leads.h"

namespace finalmile::leads::scoring {
namespace {

using storage::Transaction;

constexpr size_t kTrialNames = 100;
constexpr int kTrialWeeks = 13;
constexpr absl::Duration kWeek = absl::Hours(24 * 7);

// The best leads of those that are added, by score.
class BestNames {
 public:
  void Add(double score, const domain::LeadId& lead) {
    names_.emplace(-score, lead);
    if (names_.size() > kTrialNames) names_.erase(std::prev(names_.end()));
  }
  void MoveTo(google::protobuf::RepeatedPtrField<std::string>& out) const {
    for (const auto& [score, lead] : names_) *out.Add() = domain::LeadName(lead);
  }

 private:
  std::set<std::pair<double, domain::LeadId>> names_;
};

// One of the two policies, and what it makes of the leads.
class Side {
 public:
  Side(const domain::CompiledPolicy& policy, absl::Time now)
      : policy_(policy), now_(now), by_week_(kTrialWeeks) {}

  struct Judged {
    bool ready = false;
    double score = 0;
  };
  Judged Judge(const domain::Course& course, const store::LeadState& lead) {
    const domain::Policy& rules = policy_.policy();
    const domain::ReadinessInput input = course.input();
    const domain::Readiness afresh = domain::Evaluate(rules, input, {}, now_);
    const Judged judged{!afresh.state.lane.empty(), input.fit + afresh.engagement};
    ready_ += judged.ready;
    if (!judged.ready) staying_ += !domain::Evaluate(rules, input, lead.readiness, now_).state.lane.empty();
    ++grades_[domain::Grade(rules.grade_edges, input.fit, afresh.engagement)];
    for (const domain::Crossing& crossing : domain::Play(rules, course.turns(), Begin(now_), now_)) {
      ++(crossing.by_hand_raise ? hand_raises_ : scored_);
      const auto week = static_cast<size_t>((crossing.time - Begin(now_)) / kWeek);
      ++by_week_[std::min(week, by_week_.size() - 1)];
    }
    return judged;
  }

  static absl::Time Begin(absl::Time now) { return now - kTrialWeeks * kWeek; }

  const domain::CompiledPolicy& policy() const { return policy_; }
  int64_t ready() const { return ready_; }
  int64_t staying() const { return staying_; }
  const std::map<std::string, int64_t>& grades() const { return grades_; }
  void ToProto(v1::PolicyCrossings& crossings) const {
    Fill(hand_raises_, scored_, crossings);
    crossings.mutable_by_week()->Add(by_week_.begin(), by_week_.end());
  }
  static void Fill(int64_t hand_raises, int64_t scored, v1::PolicyCrossings& crossings) {
    crossings.set_hand_raises(hand_raises);
    crossings.set_scored(scored);
    crossings.set_a_week(static_cast<double>(hand_raises + scored) / kTrialWeeks);
  }

 private:
  const domain::CompiledPolicy& policy_;
  const absl::Time now_;
  int64_t ready_ = 0;
  int64_t staying_ = 0;
  std::map<std::string, int64_t> grades_;
  int64_t hand_raises_ = 0;
  int64_t scored_ = 0;
  std::vector<int64_t> by_week_;
};

class Trial {
 public:
  Trial(const domain::CompiledPolicy& before, const domain::CompiledPolicy& after, int64_t weekly_capacity,
        absl::Time now)
      : before_(before, now), after_(after, now), weekly_capacity_(weekly_capacity), now_(now) {
    if (weekly_capacity == 0) return;
    using Lanes = domain::ThresholdSearch::Lanes;
    first_lane_.emplace(after.policy(), Lanes::kFirst, Side::Begin(now), now);
    all_lanes_.emplace(after.policy(), Lanes::kAll, Side::Begin(now), now);
  }

  void Take(const TrialLead& lead) {
    const Side::Judged was = before_.Judge(lead.before, lead.row);
    const Side::Judged is = after_.Judge(lead.after, lead.row);
    ++leads_;
    if (is.ready && !was.ready) becoming_.Add(is.score, lead.row.id);
    if (was.ready && !is.ready) ceasing_.Add(is.score, lead.row.id);
    const absl::Time begin = Side::Begin(now_);
    const auto turn =
        std::lower_bound(lead.after.turns().begin(), lead.after.turns().end(), begin,
                         [](const domain::Turn& one, absl::Time time) { return one.time < time; });
    if (turn != lead.after.turns().end()) first_activity_ = std::min(first_activity_, turn->time);
    if (first_lane_) first_lane_->Add(lead.after.turns());
    if (all_lanes_) all_lanes_->Add(lead.after.turns());
  }

  v1::PolicyTrial Result() {
    v1::PolicyTrial trial;
    trial.set_leads(leads_);
    trial.set_sales_ready_before(before_.ready());
    trial.set_sales_ready_after(after_.ready());
    trial.set_staying_before(before_.staying());
    trial.set_staying_after(after_.staying());
    becoming_.MoveTo(*trial.mutable_becoming_ready());
    ceasing_.MoveTo(*trial.mutable_ceasing_ready());
    trial.mutable_grades_before()->insert(before_.grades().begin(), before_.grades().end());
    trial.mutable_grades_after()->insert(after_.grades().begin(), after_.grades().end());
    before_.ToProto(*trial.mutable_crossings_before());
    after_.ToProto(*trial.mutable_crossings_after());
    if (first_activity_ != absl::InfiniteFuture())
      *trial.mutable_first_activity_time() = ToProto(first_activity_);
    if (first_lane_) Suggest(trial);
    return trial;
  }

 private:
  void Suggest(v1::PolicyTrial& trial) {
    const int64_t most = weekly_capacity_ * kTrialWeeks;
    std::optional<domain::ThresholdSearch::Found> found = first_lane_->Best(most);
    if (!found) {
      found = all_lanes_->Best(most);
      trial.set_suggested_for_all_lanes(found.has_value());
    }
    if (!found) found = all_lanes_->Closed();
    trial.set_suggested_min_engagement(found->min_engagement);
    Side::Fill(found->hand_raises, found->scored, *trial.mutable_crossings_suggested());
  }

  Side before_;
  Side after_;
  const int64_t weekly_capacity_;
  const absl::Time now_;
  std::optional<domain::ThresholdSearch> first_lane_;
  std::optional<domain::ThresholdSearch> all_lanes_;
  int64_t leads_ = 0;
  BestNames becoming_;
  BestNames ceasing_;
  absl::Time first_activity_ = absl::InfiniteFuture();
};

}  // namespace

absl::StatusOr<v1::PolicyTrial> TryPolicy(storage::Database& database, Policies& policies,
                                          const v1::Policy& message, int64_t weekly_capacity, absl::Time now,
                                          absl::Duration deadline,
                                          const std::function<absl::Status()>& check) {
  ASSIGN_OR_RETURN(
      const PolicyPointer in_force,
      storage::Read(database, deadline, [&](Transaction& transaction) -> absl::StatusOr<PolicyPointer> {
        RETURN_IF_ERROR(IsInForce(transaction, message).status());
        return policies.InForce(transaction);
      }));
  const domain::CompiledPolicy tried(FromProto(message));
  Trial trial(in_force->compiled, tried, weekly_capacity, now);
  TrialChunk chunk;
  do {
    RETURN_IF_ERROR(check());
    ASSIGN_OR_RETURN(chunk, storage::Read(database, deadline, [&](Transaction& transaction) {
                       return ReadTrialChunk(transaction, policies, in_force->compiled, tried, chunk.last,
                                             Side::Begin(now), check);
                     }));
    for (const TrialLead& lead : chunk.leads) trial.Take(lead);
  } while (chunk.full);
  return trial.Result();
}

}  // namespace finalmile::leads::scoring
