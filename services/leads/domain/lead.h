#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/strong_id.h"
#include "services/leads/domain/attributes.h"

namespace finalmile::leads::domain {

// The structs and enums mirror lead.proto, with the same numbers, and lead.proto explains them.

enum class Gate {
  kUnspecified = 0,
  kOptOut = 1,
  kCompetitor = 2,
  kStudent = 3,
  kSupplier = 4,
  kCustomer = 5,
  kOpenOpportunity = 6,
  kUndeliverable = 7,
};

enum class Stage {
  kUnspecified = 0,
  kNew = 1,
  kSalesReady = 2,
  kAccepted = 3,
  kMeetingSet = 4,
  kMeetingHeld = 5,
  kQualified = 6,
  kRecycled = 7,
  kWon = 8,
  kLost = 9,
};

// Whether a crossing moves a lead at this stage to kSalesReady. At any other it is being worked, or won.
constexpr bool MovesByCrossing(Stage stage) {
  return stage == Stage::kNew || stage == Stage::kRecycled || stage == Stage::kLost;
}

enum class Channel { kUnspecified = 0, kEmail = 1, kPhone = 2, kPost = 3, kSocial = 4 };
enum class PermissionState { kUnspecified = 0, kAllowed = 1, kDenied = 2 };
enum class Outcome { kUnspecified = 0, kPositive = 1, kNegative = 2 };

// A lower-case UUID, without the "leads/" of the lead's name (LeadName).
using LeadId = StrongId<struct LeadKind>;

struct ExternalId {
  std::string source;
  std::string id;

  friend bool operator==(const ExternalId&, const ExternalId&) = default;
};

struct Permission {
  Channel channel = Channel::kUnspecified;
  std::string purpose;
  PermissionState state = PermissionState::kUnspecified;
  std::string basis;
  std::string source;
  absl::Time time = absl::UnixEpoch();

  friend bool operator==(const Permission&, const Permission&) = default;
};

// The fields of a lead that callers and imports set.
struct Lead {
  std::vector<ExternalId> external_ids;
  std::string given_name;
  std::string family_name;
  std::string email;
  std::string phone;
  std::string company;
  std::string company_domain;
  Attributes attributes;
  std::vector<Gate> gates;
  std::string owner;
  Stage stage = Stage::kUnspecified;
  std::string lead_source;
  std::string campaign;
  std::vector<Permission> permissions;
  Outcome outcome = Outcome::kUnspecified;
  // InfinitePast: not known. A stored lead has an outcome_time where it has an outcome.
  absl::Time arrival_time = absl::InfinitePast();
  absl::Time outcome_time = absl::InfinitePast();
  // Not on the wire: a historic import told of it then, and what happened before opens nothing.
  absl::Time history_time = absl::InfinitePast();
};

enum class TextForm { kFree, kEmail, kDomain };

// A text field of a lead. What holds for all of them follows from kTextFields: normalising, validating,
// importing, merging, storing, and what the conditions of fit rules read. An empty field is an absent one.
struct TextField {
  // In lead.proto, in mappings of imports, in the table of profiles and in conditions.
  std::string_view name;
  std::string Lead::*member;
  // Conditions read it under its name, which no attribute has then.
  bool read_by_fit = false;
  TextForm form = TextForm::kFree;
};
inline constexpr TextField kTextFields[] = {
    {"given_name", &Lead::given_name},
    {"family_name", &Lead::family_name},
    {"email", &Lead::email, /*read_by_fit=*/true, TextForm::kEmail},
    {"phone", &Lead::phone, /*read_by_fit=*/true},
    {"company", &Lead::company, /*read_by_fit=*/true},
    {"company_domain", &Lead::company_domain, /*read_by_fit=*/true, TextForm::kDomain},
    {"owner", &Lead::owner},
    {"lead_source", &Lead::lead_source, /*read_by_fit=*/true},
    {"campaign", &Lead::campaign, /*read_by_fit=*/true},
};
// The field of this name; null: there is none.
constexpr const TextField* FindTextField(std::string_view name) {
  for (const TextField& field : kTextFields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace finalmile::leads::domain
