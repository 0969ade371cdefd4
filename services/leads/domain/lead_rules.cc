#include "services/leads/domain/lead_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "libs/base/text.h"
#include "libs/text/domain_name.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr std::string_view kLeads = "leads/";

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// The fault of free text of at most `max` characters; empty: it has none.
std::string WrongText(std::string_view text, size_t max) {
  if (Characters(text) > max) return fmt::format("has more than {} characters; shorten it", max);
  if (HasNul(text)) return "holds the character U+0000; remove it";
  return {};
}

class Collector {
 public:
  void Add(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }
  void AddIf(std::string_view field, std::string wrong) {
    if (!wrong.empty()) Add(std::string(field), std::move(wrong));
  }
  void Text(std::string_view field, std::string_view text) {
    AddIf(field, WrongText(text, kMaxFieldCharacters));
  }
  std::vector<Violation> Take() { return std::move(violations_); }

 private:
  std::vector<Violation> violations_;
};

void ValidatePermissions(const Lead& lead, Collector& found) {
  if (lead.permissions.size() > kMaxPermissions) {
    found.Add("permissions", fmt::format("has more than {} entries", kMaxPermissions));
  }
  std::set<std::pair<Channel, std::string_view>> seen;
  for (size_t i = 0; i < lead.permissions.size(); ++i) {
    const Permission& permission = lead.permissions[i];
    const std::string at = fmt::format("permissions[{}]", i);
    if (permission.channel == Channel::kUnspecified) found.Add(at + ".channel", "is missing");
    if (permission.state == PermissionState::kUnspecified) {
      found.Add(at + ".state", "must be allowed or denied; leave the entry out for unknown");
    }
    if (!IsName(permission.purpose, 64, "_-")) {
      found.Add(at + ".purpose", "must be 1 to 64 characters of a-z, 0-9, _ and -, starting with a letter");
    }
    found.Text(at + ".basis", permission.basis);
    found.Text(at + ".source", permission.source);
    if (!seen.emplace(permission.channel, permission.purpose).second) {
      found.Add(at, "repeats the channel and purpose of an earlier entry; keep one");
    }
  }
}

}  // namespace

absl::StatusOr<std::string> NormaliseEmail(std::string_view email) {
  const std::string plain = text::LowerPlain(email);
  const size_t at = plain.find('@');
  const absl::Status wrong = absl::InvalidArgumentError("is not one e-mail address like name@example.com");
  if (at == std::string::npos || at < 1 || at > 64 || plain.find('@', at + 1) != std::string::npos)
    return wrong;
  if (text::Tidy(plain).find(' ') != std::string::npos || std::any_of(plain.begin(), plain.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == ',' || c == ';' || c == 0x7F;
      })) {
    return wrong;
  }
  const std::optional<std::string> domain = text::AsciiDomain(plain.substr(at + 1));
  if (!domain || at + 1 + domain->size() > 254) return wrong;
  return plain.substr(0, at + 1) + *domain;
}

std::string_view EmailDomain(std::string_view email) {
  const size_t at = email.rfind('@');
  return at == std::string_view::npos ? std::string_view() : email.substr(at + 1);
}

absl::StatusOr<std::string> NormaliseDomain(std::string_view domain) {
  std::string normal = text::LowerPlain(domain);
  if (const size_t scheme = normal.find("://"); scheme != std::string::npos) normal.erase(0, scheme + 3);
  normal.erase(std::min(normal.find_first_of("/?#:"), normal.size()));
  if (normal.ends_with('.')) normal.pop_back();
  if (normal.starts_with("www.")) normal.erase(0, 4);
  if (std::optional<std::string> ascii = text::AsciiDomain(normal)) return *std::move(ascii);
  return absl::InvalidArgumentError("is not a domain name like example.com");
}

namespace {

absl::StatusOr<std::string> Normal(TextForm form, std::string_view text) {
  if (form == TextForm::kEmail) return NormaliseEmail(text);
  if (form == TextForm::kDomain) return NormaliseDomain(text);
  return std::string(text);
}

}  // namespace

void Normalise(Lead& lead) {
  for (const TextField& field : kTextFields) {
    std::string& text = lead.*field.member;
    text = text::Tidy(text);
    if (auto normal = Normal(field.form, text); normal.ok()) text = *std::move(normal);
  }
}

std::string WrongAttributeName(std::string_view name) {
  if (!IsName(name, 64, "_.")) {
    return "attribute names are 1 to 64 characters of a-z, 0-9, _ and ., starting with a letter";
  }
  if (const TextField* field = FindTextField(name); field != nullptr && field->read_by_fit) {
    return fmt::format("\"{}\" is a field of the lead; set the field, or use another attribute name", name);
  }
  return {};
}

std::string WrongAttributeValue(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return WrongText(*text, kMaxAttributeCharacters);
  if (const auto* number = std::get_if<double>(&value)) {
    return std::isfinite(*number) ? std::string() : "is not a finite number";
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    if (list->size() > kMaxListValues) return fmt::format("has more than {} values", kMaxListValues);
    for (const std::string& text : *list) {
      if (std::string wrong = WrongText(text, kMaxAttributeCharacters); !wrong.empty())
        return "a value " + wrong;
    }
  }
  return {};
}

std::vector<Violation> Validate(const Lead& lead) {
  Collector found;
  if (lead.external_ids.size() > kMaxExternalIds) {
    found.Add("external_ids", fmt::format("has more than {} entries", kMaxExternalIds));
  }
  std::set<std::string_view> sources;
  for (size_t i = 0; i < lead.external_ids.size(); ++i) {
    const ExternalId& id = lead.external_ids[i];
    const std::string at = fmt::format("external_ids[{}]", i);
    if (!IsToken(id.source, 64, "_.:-")) {
      found.Add(at + ".source", "must be 1 to 64 characters of a-z, 0-9, _, ., : and -");
    } else if (!sources.insert(id.source).second) {
      found.Add(at + ".source", fmt::format("\"{}\" is used twice; a lead has one id per source", id.source));
    }
    if (id.id.empty()) found.Add(at + ".id", "is empty");
    found.Text(at + ".id", id.id);
  }
  for (const TextField& field : kTextFields) {
    const std::string& text = lead.*field.member;
    if (field.form == TextForm::kFree) {
      found.Text(field.name, text);
    } else if (const auto normal = Normal(field.form, text); !text.empty() && !normal.ok()) {
      found.Add(std::string(field.name), std::string(normal.status().message()));
    }
  }
  if (lead.attributes.size() > kMaxAttributes) {
    found.Add("attributes", fmt::format("has more than {} entries", kMaxAttributes));
  }
  for (const auto& [name, value] : lead.attributes) {
    if (std::string wrong = WrongAttributeName(name); !wrong.empty()) {
      found.Add("attributes", std::move(wrong));
    } else if (wrong = WrongAttributeValue(value); !wrong.empty()) {
      found.Add(fmt::format("attributes[{}]", name), std::move(wrong));
    }
  }
  std::set<Gate> gates;
  for (size_t i = 0; i < lead.gates.size(); ++i) {
    const std::string at = fmt::format("gates[{}]", i);
    if (lead.gates[i] == Gate::kUnspecified) found.Add(at, "is unspecified");
    if (!gates.insert(lead.gates[i]).second) found.Add(at, "is listed twice");
  }
  ValidatePermissions(lead, found);
  return found.Take();
}

std::vector<Violation> LiftedDenials(const Lead& before, const Lead& next) {
  Collector found;
  for (const Permission& denial : before.permissions) {
    if (denial.state != PermissionState::kDenied) continue;
    const auto now = std::find_if(next.permissions.begin(), next.permissions.end(), [&](const Permission& p) {
      return p.channel == denial.channel && p.purpose == denial.purpose;
    });
    const bool stands = now != next.permissions.end() && now->state == PermissionState::kDenied;
    const bool lifted = now != next.permissions.end() && now->time > denial.time;
    if (stands || lifted) continue;
    found.Add("permissions",
              fmt::format(
                  "contact for {} was denied at {}; only a later word lifts that: state allowed, with a time "
                  "after it",
                  denial.purpose, absl::FormatTime(absl::RFC3339_sec, denial.time, absl::UTCTimeZone())));
  }
  return found.Take();
}

Lead MergedWith(const Lead& lead, const Lead& duplicate) {
  Lead merged = lead;
  for (const TextField& field : kTextFields) {
    if ((merged.*field.member).empty()) merged.*field.member = duplicate.*field.member;
  }
  for (const auto& [name, value] : duplicate.attributes) merged.attributes.emplace(name, value);
  for (const Gate gate : duplicate.gates) {
    if (std::count(merged.gates.begin(), merged.gates.end(), gate) == 0) merged.gates.push_back(gate);
  }
  for (const ExternalId& id : duplicate.external_ids) {
    if (std::count(merged.external_ids.begin(), merged.external_ids.end(), id) == 0)
      merged.external_ids.push_back(id);
  }
  for (const Permission& word : duplicate.permissions) {
    const auto own = std::find_if(
        merged.permissions.begin(), merged.permissions.end(),
        [&](const Permission& one) { return one.channel == word.channel && one.purpose == word.purpose; });
    if (own == merged.permissions.end()) {
      merged.permissions.push_back(word);
    } else if (word.time > own->time || (word.time == own->time && word.state == PermissionState::kDenied)) {
      *own = word;
    }
  }
  if (merged.outcome == Outcome::kUnspecified) {
    merged.outcome = duplicate.outcome;
    merged.outcome_time = duplicate.outcome_time;
  }
  if (duplicate.arrival_time != absl::InfinitePast())
    merged.arrival_time = merged.arrival_time == absl::InfinitePast()
                              ? duplicate.arrival_time
                              : std::min(merged.arrival_time, duplicate.arrival_time);
  return merged;
}

std::vector<Permission> ChangedPermissions(const Lead& before, const Lead& after) {
  const auto find = [](const Lead& lead, const Permission& like) {
    return std::find_if(lead.permissions.begin(), lead.permissions.end(), [&](const Permission& one) {
      return one.channel == like.channel && one.purpose == like.purpose;
    });
  };
  std::vector<Permission> changed;
  for (const Permission& now : after.permissions) {
    const auto was = find(before, now);
    const PermissionState state =
        was == before.permissions.end() ? PermissionState::kUnspecified : was->state;
    if (state != now.state) changed.push_back(now);
  }
  for (const Permission& was : before.permissions) {
    if (find(after, was) != after.permissions.end() || was.state == PermissionState::kUnspecified) continue;
    changed.push_back(was);
    changed.back().state = PermissionState::kUnspecified;
  }
  return changed;
}

std::string LeadName(const LeadId& id) { return fmt::format("{}{}", kLeads, id); }

std::optional<LeadId> LeadIdOf(std::string_view name) {
  if (!name.starts_with(kLeads) || !IsUuid(name.substr(kLeads.size()))) return std::nullopt;
  return LeadId(std::string(name.substr(kLeads.size())));
}

void ClampClock(Activity& activity, absl::Time now) {
  if (activity.event_time <= now + kClockSkew) return;
  activity.event_time = now;
  activity.clock_ahead = true;
}

bool IsAgedOut(const Activity& activity, absl::Time now) { return activity.event_time < now - kHistory; }

Violation AgedOut() {
  return {"event_time", fmt::format("is more than {} days ago; activities are taken that long",
                                    absl::ToInt64Hours(kHistory) / 24)};
}

std::vector<Violation> Validate(const Activity& activity, absl::Time now) {
  Collector found;
  if (const ExternalId& external = activity.lead_external_id;
      !external.source.empty() || !external.id.empty()) {
    if (!IsToken(external.source, 64, "_.:-"))
      found.Add("external_id.source", "must be 1 to 64 characters of a-z, 0-9, _, ., : and -");
    if (external.id.empty()) found.Add("external_id.id", "is empty");
    found.Text("external_id.id", external.id);
    if (external.id.find('@') != std::string::npos)
      found.Add("external_id.id", "is an e-mail address, which is personal data and no id");
  } else if (activity.lead.empty()) {
    found.Add("lead", "must be leads/ and then a lower-case UUID, or leads/- with an external_id");
  }
  if (!IsToken(activity.source, 64, "_.:-")) {
    found.Add("source", "must be 1 to 64 characters of a-z, 0-9, _, ., : and -");
  }
  if (activity.activity_id.empty())
    found.Add("activity_id", "is empty; give what identifies it within the source");
  found.AddIf("activity_id", WrongText(activity.activity_id, 128));
  if (!IsToken(activity.type, 64, "_")) found.Add("type", "must be 1 to 64 characters of a-z, 0-9 and _");
  if (activity.event_time < kEarliestActivity) {
    found.Add("event_time", "is missing or before the year 2000");
  } else if (activity.event_time > now + kMaxFuture) {
    found.Add("event_time", "is more than 30 minutes in the future; check the clock of the source");
  }
  found.Text("subject", activity.subject);
  if (activity.count < 0 || activity.count > kMaxActivityCount) {
    found.Add("count", fmt::format("must be between 0 (read as 1) and {}", kMaxActivityCount));
  }
  if (!(activity.seconds >= 0 && std::isfinite(activity.seconds))) {
    found.Add("seconds", "must be a number of at least 0");
  }
  if (activity.properties.size() > kMaxProperties) {
    found.Add("properties", fmt::format("has more than {} entries", kMaxProperties));
  }
  for (const auto& [name, value] : activity.properties) {
    if (!IsName(name, 64, "_")) {
      found.Add("properties", "names are 1 to 64 characters of a-z, 0-9 and _, starting with a letter");
    } else {
      found.Text(fmt::format("properties[{}]", name), value);
    }
  }
  return found.Take();
}

}  // namespace finalmile::leads::domain
