#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace finalmile::catalog::domain {

// The structs and enums mirror asset.proto, with the same numbers; it says what they mean.

enum class AssetKind {
  kUnspecified = 0,
  kBattleCard = 1,
  kEmailTemplate = 2,
  kPhoneScript = 3,
  kVoicemailScript = 4,
  kVitoLetter = 5,
  kDeck = 6,
  kProductSheet = 7,
  kCaseStudy = 8,
  kTestimonial = 9,
  kAttackPack = 10,
  kDemo = 11,
  kMessageTraining = 12,
  kTalkTrackSource = 13,
};
inline constexpr int kAssetKinds = 13;

// "battle_card": the value's name in the proto without its prefix, in lower case. Empty for kUnspecified.
std::string_view KindName(AssetKind kind);
// Takes "battle_card", "Battle-Card" and "battle card"; kUnspecified: there is no such kind.
AssetKind ParseKind(std::string_view name);

struct MergeField {
  std::string name;
  std::optional<std::string> default_value;
  std::string description;

  friend bool operator==(const MergeField&, const MergeField&) = default;
};

struct Tags {
  std::vector<std::string> products;
  std::vector<std::string> personas;
  std::vector<std::string> industries;
  std::vector<std::string> stages;
  std::vector<std::string> situations;
  std::vector<std::string> competitors;
  // Whatever else it is about.
  std::vector<std::string> keywords;
  std::string language;

  friend bool operator==(const Tags&, const Tags&) = default;
};

// The lists of Tags by the singular of their names ("product"), as facets and filters call them.
struct TagList {
  std::string_view name;
  std::vector<std::string> Tags::*values;
};
inline constexpr TagList kTagLists[] = {
    {"product", &Tags::products}, {"persona", &Tags::personas},     {"industry", &Tags::industries},
    {"stage", &Tags::stages},     {"situation", &Tags::situations}, {"competitor", &Tags::competitors},
    {"keyword", &Tags::keywords},
};
inline constexpr std::string_view kStages[] = {"prospecting", "discovery", "evaluation", "closing"};

struct BattleCard {
  struct Claim {
    std::string claim;
    std::string answer;
    friend bool operator==(const Claim&, const Claim&) = default;
  };
  std::string competitor;
  std::vector<Claim> claims;
  friend bool operator==(const BattleCard&, const BattleCard&) = default;
};

struct EmailTemplate {
  std::string subject;
  friend bool operator==(const EmailTemplate&, const EmailTemplate&) = default;
};

struct PhoneScript {
  struct Objection {
    std::string objection;
    std::string answer;
    friend bool operator==(const Objection&, const Objection&) = default;
  };
  std::string opening;
  std::vector<std::string> questions;
  std::vector<Objection> objections;
  friend bool operator==(const PhoneScript&, const PhoneScript&) = default;
};

struct VoicemailScript {
  std::string call_back_line;
  friend bool operator==(const VoicemailScript&, const VoicemailScript&) = default;
};

struct VitoLetter {
  std::string benefit;
  std::string call_time;
  friend bool operator==(const VitoLetter&, const VitoLetter&) = default;
};

// Deck, product sheet and demo.
struct Collateral {
  std::string product;
  std::string link;
  friend bool operator==(const Collateral&, const Collateral&) = default;
};

struct CaseStudy {
  std::string customer;
  std::string industry;
  std::string before;
  std::string after;
  std::string result;
  friend bool operator==(const CaseStudy&, const CaseStudy&) = default;
};

struct Testimonial {
  std::string quote;
  std::string speaker_role;
  std::string permission;
  friend bool operator==(const Testimonial&, const Testimonial&) = default;
};

struct AttackPack {
  struct Step {
    std::string text;
    std::vector<std::string> assets;
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::string competitor;
  std::string audience;
  std::vector<Step> steps;
  friend bool operator==(const AttackPack&, const AttackPack&) = default;
};

struct MessageTraining {
  std::string audience;
  std::vector<std::string> messages;
  friend bool operator==(const MessageTraining&, const MessageTraining&) = default;
};

struct TalkTrackSource {
  std::string situation;
  friend bool operator==(const TalkTrackSource&, const TalkTrackSource&) = default;
};

using Details =
    std::variant<std::monostate, BattleCard, EmailTemplate, PhoneScript, VoicemailScript, VitoLetter,
                 Collateral, CaseStudy, Testimonial, AttackPack, MessageTraining, TalkTrackSource>;

// The content of one version, as callers and imports set it.
struct Asset {
  AssetKind kind = AssetKind::kUnspecified;
  std::string title;
  std::string owner;
  std::string body;
  std::vector<MergeField> merge_fields;
  Tags tags;
  std::string summary;
  Details details;

  friend bool operator==(const Asset&, const Asset&) = default;
};

// One text of the details, with its path as in the proto: {"battle_card.claims[1].answer", …}.
struct DetailText {
  std::string path;
  std::string_view text;
};
// Every text of the details, in the order of the proto; views into `asset`.
std::vector<DetailText> DetailTexts(const Asset& asset);

// The details that belong to `kind`, empty.
Details EmptyDetails(AssetKind kind);
// "battle_card", "collateral", …: the name of the details' field in the proto; empty for none.
std::string_view DetailsName(const Details& details);

}  // namespace finalmile::catalog::domain
