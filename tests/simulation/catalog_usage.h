#pragma once

#include <map>
#include <set>
#include <string>

#include "finalmile/catalog/v1/usage_service.pb.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {

// What clients tell UsageService and ask RecommendAssets, and what must hold of it: nothing acknowledged is
// lost, nothing counts twice, and the sums are those of the single records and events.
class CatalogUsage {
 public:
  // Both outlive it.
  CatalogUsage(const ServiceClient& client, Servers& servers) : client_(client), servers_(servers) {}

  // One action of a client. `request` is its name, used once; `asset` may exist or not.
  void Act(const std::string& request, const std::string& asset);
  // Uses and trials that are old enough to be counted at `now`, and are not yet.
  static int64_t ToMature(Servers& servers, absl::Time now);
  // The world has come to rest.
  void Check(Servers& servers);

 private:
  void ActOnce(const std::string& request, const std::string& asset);
  struct Counted {
    int64_t attempted = 0;
    int64_t acknowledged = 0;
  };
  // What the topic tells.
  struct Told {
    // By rep, by asset, by lead.
    std::map<std::string, int64_t> used;
    // The stages of the sale, by rep.
    std::map<std::string, std::string> stages;
    std::map<std::string, int64_t> own_material;
    std::map<std::string, int64_t> viewed;
    std::map<std::string, int64_t> offered;
    struct GapStand {
      int64_t seq = 0;
      catalog::v1::Gap::GapState state = catalog::v1::Gap::GAP_STATE_UNSPECIFIED;
    };
    std::map<std::string, GapStand> gaps;
  };

  void Use(const std::string& request, const std::string& asset);
  void View(const std::string& request, const std::string& asset);
  void Recommend(const std::string& request);
  void ReportGap(const std::string& request);
  void AnswerGap(const std::string& request, const std::string& asset);

  Told ReadTopic(Servers& servers) const;
  void CheckUses(Servers& servers, const Told& told) const;
  void CheckSums(Servers& servers, const Told& told) const;
  void CheckCredits(Servers& servers) const;
  void CheckOffers(Servers& servers, const Told& told) const;
  void CheckGaps(Servers& servers, const Told& told) const;

  // The leads service says, now and then twice, that the lead of a request has come to another stage.
  void TellStage(const std::string& request);
  void CheckStages(Servers& servers) const;

  const ServiceClient& client_;
  Servers& servers_;
  // By lead, what was told of it last, and how often.
  struct ToldStage {
    int64_t seq = 0;
    std::string stage;
  };
  std::map<std::string, ToldStage> stages_;
  // Each request is its own rep, and its own lead. Rep -> use, empty until it is acknowledged.
  std::map<std::string, std::string> uses_;
  // Lead -> assets offered, where that was acknowledged.
  std::map<std::string, std::set<std::string>> offers_;
  // By asset; by gap.
  std::map<std::string, Counted> views_;
  std::map<std::string, Counted> asked_;
};

}  // namespace finalmile::simulation
