#pragma once

#include <string>
#include <vector>

#include "services/coaching/domain/analysis/analysis.h"

namespace finalmile::coaching {

// Real dialogues by chat; SHARED_DATA names the folder they are in.

struct Dialogue {
  std::string id;
  std::vector<Turn> turns;
  // Whether the guest did what the rep asked for.
  bool agreed = false;
};

// PersuasionForGood (Wang and others 2019, https://arxiv.org/abs/1906.06725): one asks another, who is the
// guest, to donate a part of a payment.
std::vector<Dialogue> ReadPersuasions(const std::string& folder);
// CaSiNo (Chawla and others 2021, https://arxiv.org/abs/2103.15721): two share food, water and firewood; the
// first is taken for the rep.
std::vector<Dialogue> ReadNegotiations(const std::string& folder);

// Five messages of those who ask for donations, with two to five cues each.
AnalysisTrack DonationTrack();
AnalysisTrack CampingTrack();

}  // namespace finalmile::coaching
