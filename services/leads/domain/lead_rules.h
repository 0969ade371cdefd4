#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/violation.h"

namespace finalmile::leads::domain {

inline constexpr size_t kMaxExternalIds = 16;
inline constexpr size_t kMaxFieldCharacters = 256;
inline constexpr size_t kMaxAttributes = 200;
inline constexpr size_t kMaxAttributeCharacters = 1024;
inline constexpr size_t kMaxListValues = 100;
inline constexpr size_t kMaxPermissions = 32;
inline constexpr int32_t kMaxActivityCount = 10'000;
inline constexpr size_t kMaxProperties = 32;
// How far a source's clock may run ahead. By more than kClockSkew it is told, and what happened then is dated
// by its arrival.
inline constexpr absl::Duration kMaxFuture = absl::Minutes(30);
inline constexpr absl::Duration kClockSkew = absl::Minutes(1);
// 2000-01-01T00:00:00Z.
inline constexpr absl::Time kEarliestActivity = absl::FromUnixSeconds(946'684'800);

// How long after it happened an activity is taken, and how far back answers as of a past moment go.
inline constexpr absl::Duration kHistory = absl::Hours(24 * 400);
// How long after it last took rows an import can be taken back.
inline constexpr absl::Duration kUndo = absl::Hours(24 * 90);
// How long an activity is kept one by one. It is a month longer, so that an activity that was acknowledged in
// time is counted in its order, however late the activities topic, which keeps 30 days, hands it on.
inline constexpr absl::Duration kActivitiesKept = absl::Hours(24 * 430);

// An address in the form it is stored and compared in: without white space at its ends and invisible
// characters, in lower case, its domain in ASCII. INVALID_ARGUMENT when it is not one address of the form
// local@domain.tld (at most 64 and 254 bytes), without repeating it.
absl::StatusOr<std::string> NormaliseEmail(std::string_view email);
// The part after the @ of a normalised address; empty if there is none.
std::string_view EmailDomain(std::string_view email);
// "https://www.Example.com/about" -> "example.com", "Bücher.example" -> "xn--bcher-kva.example".
// INVALID_ARGUMENT when no domain name is left.
absl::StatusOr<std::string> NormaliseDomain(std::string_view domain);

// Brings `lead` into the form it is stored in: fields tidy (text::Tidy), e-mail and company domain
// normalised. Fields that cannot be are left for Validate to name.
void Normalise(Lead& lead);

// Everything wrong with a normalised lead, by the limits of lead.proto; fields are paths below the lead
// ("attributes[staff]").
std::vector<Violation> Validate(const Lead& lead);

// Denials of `before` that `next` lifts without a later, dated, explicit word, as violations.
std::vector<Violation> LiftedDenials(const Lead& before, const Lead& next);

// A lead with what it lacks and `duplicate`, the same person, has: texts, attributes, gates, external ids,
// the outcome, the earlier arrival. Of two words on a channel and purpose the later one holds, and a denial
// over an earlier or undated allowance.
Lead MergedWith(const Lead& lead, const Lead& duplicate);

// What `after` permits otherwise than `before`, one for each channel and purpose; the state is unspecified
// where it is not known any more.
std::vector<Permission> ChangedPermissions(const Lead& before, const Lead& after);

// Whether `name` may name an attribute: its form, and not one of the lead's own fields that conditions read.
// The text says what is wrong; empty: nothing.
std::string WrongAttributeName(std::string_view name);
// The same for the value of an attribute.
std::string WrongAttributeValue(const AttributeValue& value);

// Everything wrong with an activity, by the limits of activity.proto, at `now`.
std::vector<Violation> Validate(const Activity& activity, absl::Time now);

// Dates a valid activity whose source's clock runs ahead by its arrival, `now`.
void ClampClock(Activity& activity, absl::Time now);
// Whether an activity that arrives at `now` is too late to be taken: more than kHistory after it happened.
bool IsAgedOut(const Activity& activity, absl::Time now);
// The violation of such an activity.
Violation AgedOut();

// The name of a lead, on the wire and as the key of topics: "leads/{id}".
std::string LeadName(const LeadId& id);
// The id in the name of a lead; nullopt: it is not one.
std::optional<LeadId> LeadIdOf(std::string_view name);
// The name of a lead that is said by something else.
inline constexpr std::string_view kSomeLead = "leads/-";

}  // namespace finalmile::leads::domain
