#include "services/leads/domain/verdict.h"

#include <fmt/format.h>

#include "services/leads/domain/fading.h"

namespace finalmile::leads::domain {
namespace {

std::string Joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string Days(absl::Duration duration) {
  const double days = absl::ToDoubleHours(duration) / 24;
  return fmt::format("{:g} {}", days, days == 1 ? "day" : "days");
}

class Verdict {
 public:
  Verdict(const Policy& policy, const ReadinessInput& input, const ReadinessState& state, absl::Time now)
      : policy_(policy),
        input_(input),
        state_(state),
        now_(now),
        engagement_(EngagementAt(input.engagement, now)) {}

  std::string On(const Lane& lane) const {
    std::vector<std::string> stand;
    std::vector<std::string> missing;
    if (input_.gated) missing.emplace_back("a gate stands");
    const auto against = [&](std::string_view what, double have, double need) {
      stand.push_back(fmt::format("{} {:.1f} of {:g}", what, have, need));
      // A difference that is smaller than the digits shown gets more of them.
      if (have < need) missing.push_back(fmt::format("{} is {:.2g} short", what, need - have));
    };
    if (!lane.hand_raise || lane.min_fit > 0) against("fit", input_.fit, lane.min_fit);
    if (lane.hand_raise) {
      HandRaise(stand, missing);
    } else {
      if (input_.outcome_time != absl::InfinitePast())
        missing.emplace_back("its outcome is known, and only a hand-raise after it counts");
      against("engagement", engagement_, lane.min_engagement);
      if (input_.quiet_until > now_) {
        missing.push_back("sales leaves it alone until " +
                          absl::FormatTime("%Y-%m-%d", input_.quiet_until, absl::UTCTimeZone()));
      } else if (MayRecrossAt(policy_, input_, state_, now_) > now_) {
        missing.push_back(
            fmt::format("it was sales-ready, and may be again {} after", Days(policy_.recross_after)));
      }
    }
    if (!stand.empty()) stand.back() += "; ";
    return fmt::format("{}: {}{}", lane.name, Joined(stand), Decision(lane, missing));
  }

 private:
  void HandRaise(std::vector<std::string>& stand, std::vector<std::string>& missing) const {
    if (now_ - input_.last_hand_raise > kHandRaiseLife) {
      missing.emplace_back("no hand-raise in the last 30 days");
      return;
    }
    if (input_.last_hand_raise <= std::max(input_.outcome_time, input_.history_time)) {
      missing.emplace_back("its hand-raise came before its outcome, or is history");
      return;
    }
    stand.emplace_back("hand raised");
    if (state_.lane.empty() && input_.last_hand_raise <= state_.hand_raise_used)
      missing.emplace_back("that hand-raise opened a request, which was closed");
  }

  std::string Decision(const Lane& lane, const std::vector<std::string>& missing) const {
    if (state_.lane == lane.name) {
      if (state_.by_hand_raise) return "it let the lead in";
      return fmt::format("it let the lead in, until engagement falls below {:g}", policy_.cool_below);
    }
    return missing.empty() ? "yes" : "no: " + Joined(missing);
  }

  const Policy& policy_;
  const ReadinessInput& input_;
  const ReadinessState& state_;
  const absl::Time now_;
  const double engagement_;
};

}  // namespace

std::vector<std::string> LaneVerdicts(const Policy& policy, const ReadinessInput& input,
                                      const ReadinessState& state, absl::Time now) {
  std::vector<std::string> verdicts;
  for (const Lane& lane : policy.lanes) verdicts.push_back(Verdict(policy, input, state, now).On(lane));
  return verdicts;
}

absl::Time MayRecrossAt(const Policy& policy, const ReadinessInput& input, const ReadinessState& state,
                        absl::Time now) {
  const absl::Time time = RecrossTime(policy, state, input.quiet_until);
  return state.lane.empty() && time > now ? time : absl::InfinitePast();
}

}  // namespace finalmile::leads::domain
