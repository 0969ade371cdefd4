#pragma once

#include <string>

#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/asset_rules.h"

namespace finalmile::catalog::domain {

// A complete asset of each kind.
inline Asset CompleteAsset(AssetKind kind) {
  Asset asset;
  asset.kind = kind;
  asset.title = "Ramp-up in half the time";
  asset.owner = "mia";
  asset.body = "What we say, and why it holds.";
  asset.details = EmptyDetails(kind);
  switch (kind) {
    case AssetKind::kUnspecified:
      break;
    case AssetKind::kBattleCard:
      asset.details = BattleCard{"Acme", {{"cheaper", "not over three years"}}};
      break;
    case AssetKind::kEmailTemplate:
      asset.body = "Hi {{first_name}}, a word on {{topic}}.";
      asset.details = EmailTemplate{"{{topic}}"};
      asset.merge_fields = {{"first_name", std::nullopt, ""}, {"topic", "ramp-up", ""}};
      break;
    case AssetKind::kPhoneScript:
      asset.details =
          PhoneScript{"Good morning", {"How long is ramp-up?"}, {{"No time", "Then two minutes"}}};
      break;
    case AssetKind::kVoicemailScript:
      asset.details = VoicemailScript{"Call me on 555-1234"};
      break;
    case AssetKind::kVitoLetter:
      asset.details = VitoLetter{"save 12 %", "Tuesday, 10:00"};
      break;
    case AssetKind::kDeck:
    case AssetKind::kProductSheet:
    case AssetKind::kDemo:
      asset.details = Collateral{"Search", "https://example.com/deck"};
      break;
    case AssetKind::kCaseStudy:
      asset.details = CaseStudy{"Acme", "retail", "slow", "fast", "from 9 to 4 weeks"};
      break;
    case AssetKind::kTestimonial:
      asset.details = Testimonial{"It works", "CTO", "contract 4711, 2026-02-01"};
      break;
    case AssetKind::kAttackPack:
      asset.details = AttackPack{"Acme", "their users", {{"Send the card", {"assets/card"}}}};
      break;
    case AssetKind::kMessageTraining:
      asset.details = MessageTraining{"sales", {"Say it short"}};
      break;
    case AssetKind::kTalkTrackSource:
      asset.details = TalkTrackSource{"a giant bought your competitor"};
      break;
  }
  Normalise(asset);
  return asset;
}

}  // namespace finalmile::catalog::domain
