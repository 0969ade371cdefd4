#include "services/appointments/domain/routing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace finalmile::appointments::domain {
namespace {

// The hosts that get the next `meetings`, each meeting assigned before the next one is routed.
std::string Sequence(std::vector<Candidate> hosts, int meetings) {
  std::string sequence;
  for (int i = 0; i < meetings; ++i) {
    Candidate& best = *std::min_element(hosts.begin(), hosts.end(), RoutesBefore);
    best.assigned += 1;
    best.last_assigned = absl::UnixEpoch() + absl::Minutes(i);
    sequence += best.host;
  }
  return sequence;
}

std::vector<Candidate> Hosts(const std::vector<double>& weights, double assigned = 0) {
  std::vector<Candidate> hosts;
  for (const double weight : weights)
    hosts.push_back({std::string(1, static_cast<char>('A' + hosts.size())), weight, assigned});
  return hosts;
}

TEST(RoutingTest, MeetingsGoInProportionToTheWeights) {
  EXPECT_EQ(Sequence(Hosts({1, 1, 1}), 6), "ABCABC");
  EXPECT_EQ(Sequence(Hosts({2, 1}), 9), "ABAABAABA");
  EXPECT_EQ(Sequence(Hosts({3, 1}), 12), "ABAAABAAABAA");
  EXPECT_EQ(Sequence(Hosts({2, 1, 1}), 12), "ABCAABCAABCA");
  EXPECT_EQ(Sequence(Hosts({5, 1, 1}), 14), "AABCAAAAABCAAA");
  EXPECT_EQ(Sequence(Hosts({1, 0.5}), 9), "ABAABAABA");
}

TEST(RoutingTest, ANewcomerDoesNotGetEveryMeeting) {
  std::vector<Candidate> hosts = Hosts({1, 1, 1}, 6);
  const double calibration = CalibrationOf(1, hosts);
  EXPECT_EQ(calibration, 6);
  hosts.push_back({"D", 1, 0, calibration});
  EXPECT_EQ(Sequence(hosts, 8), "ABCDABCD");
  hosts.back().calibration = 0;
  EXPECT_EQ(Sequence(hosts, 6), "DDDDDD");
  EXPECT_EQ(CalibrationOf(2, Hosts({1, 2}, 6)), 2 * (6.0 + 3.0) / 2);
  EXPECT_EQ(CalibrationOf(1, {}), 0);
}

TEST(RoutingTest, AHostWhoHasNotMasteredTheSituationHasHalfTheWeight) {
  struct {
    SituationMastery mastery;
    double a;
    double b;
    std::string sequence;
  } const kRows[] = {
      {{}, 1, 1, "ABABABABA"},
      {{.has_track = false, .mastered_by = {"A"}}, 1, 1, "ABABABABA"},
      {{.has_track = true, .mastered_by = {"A"}}, 1, 0.5, "ABAABAABA"},
      {{.has_track = true, .mastered_by = {"B"}}, 0.5, 1, "BABBABBAB"},
      {{.has_track = true, .mastered_by = {"A", "B", "C"}}, 1, 1, "ABABABABA"},
      // All halve alike, so that the order stays.
      {{.has_track = true, .mastered_by = {}}, 0.5, 0.5, "ABABABABA"},
      {{.has_track = true, .mastered_by = {"C"}}, 0.5, 0.5, "ABABABABA"},
  };
  for (const auto& row : kRows) {
    std::vector<Candidate> hosts = Hosts({1, 1});
    for (Candidate& host : hosts) host.weight = EffectiveWeight(host.weight, row.mastery, host.host);
    EXPECT_EQ(hosts[0].weight, row.a);
    EXPECT_EQ(hosts[1].weight, row.b);
    EXPECT_EQ(Sequence(hosts, 9), row.sequence);
  }
  EXPECT_EQ(EffectiveWeight(3, {.has_track = true, .mastered_by = {}}, "A"), 1.5);
}

TEST(RoutingTest, CreditBackPutsAHostInFront) {
  std::vector<Candidate> hosts = Hosts({1, 1, 1}, 6);
  hosts[0].assigned -= 1;
  EXPECT_EQ(Sequence(hosts, 3), "ABC");
  hosts[0].assigned = 6;
  hosts[2].assigned -= 1;
  EXPECT_EQ(Sequence(hosts, 3), "CAB");
}

}  // namespace
}  // namespace finalmile::appointments::domain
