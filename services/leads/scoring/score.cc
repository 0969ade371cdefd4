#include "services/leads/scoring/score.h"

#include "services/leads/domain/fading.h"
#include "services/leads/domain/grade.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::scoring {
namespace {

void SetFading(const domain::FadingValue& from, v1::FadingValue& to) {
  to.set_value(from.value);
  *to.mutable_time() = ToProto(from.time);
}

absl::Time NextBand(const store::LeadState& lead, const PublishedPolicy& policy, absl::Time now) {
  const domain::GradeEdges& edges = policy.compiled.policy().grade_edges;
  return domain::FallsBelowNext(lead.engagement.engagement,
                                {edges.engagement_1, edges.engagement_2, edges.engagement_3}, now);
}

}  // namespace

domain::ReadinessInput InputOf(const store::LeadState& lead) {
  return {lead.gates != 0,
          lead.fit,
          lead.engagement.engagement,
          lead.engagement.last_hand_raise,
          lead.outcome_time,
          lead.history_time,
          lead.quiet_until};
}

v1::Score ToScore(const store::LeadState& lead, const PublishedPolicy& policy, absl::Time now) {
  v1::Score score;
  const domain::Engagement& engagement = lead.engagement.engagement;
  score.set_fit(lead.fit);
  score.set_engagement(domain::EngagementAt(engagement, now));
  score.set_score(score.fit() + score.engagement());
  score.set_grade(domain::Grade(policy.compiled.policy().grade_edges, score.fit(), score.engagement()));
  *score.mutable_as_of() = ToProto(now);
  SetFading(engagement.short_half_life, *score.mutable_short_half_life());
  SetFading(engagement.long_half_life, *score.mutable_long_half_life());
  score.set_policy(policy.message.name());
  if (!lead.readiness.lane.empty()) {
    score.set_lane(lead.readiness.lane);
    *score.mutable_ready_time() = ToProto(lead.readiness.last_crossing);
  }
  const absl::Time next = NextBand(lead, policy, now);
  if (next != absl::InfiniteFuture()) *score.mutable_next_band_time() = ToProto(next);
  return score;
}

bool IsNews(const Told& last, const Told& next) {
  const store::LeadState& a = *last.lead;
  const store::LeadState& b = *next.lead;
  if (a.fit != b.fit || !domain::Alike(a.engagement.engagement, b.engagement.engagement) ||
      a.readiness.grade != b.readiness.grade || a.readiness.lane != b.readiness.lane) {
    return true;
  }
  if (last.policy->number == next.policy->number) return false;
  const domain::GradeEdges& from = last.policy->compiled.policy().grade_edges;
  const domain::GradeEdges& to = next.policy->compiled.policy().grade_edges;
  return from != to && NextBand(a, *last.policy, next.time) != NextBand(b, *next.policy, next.time);
}

}  // namespace finalmile::leads::scoring
