#include "services/leads/scoring/convert.h"

#include <algorithm>
#include <type_traits>

#include "services/leads/domain/lead_rules.h"

namespace finalmile::leads::scoring {
namespace {

std::vector<std::string> Strings(const google::protobuf::RepeatedPtrField<std::string>& values) {
  return {values.begin(), values.end()};
}

domain::Condition FromProto(const v1::Condition& condition) {
  domain::Condition result{condition.attribute(), {}};
  switch (condition.test_case()) {
    case v1::Condition::kOneOf:
      result.test = domain::OneOf{Strings(condition.one_of().values())};
      break;
    case v1::Condition::kContains:
      result.test = domain::Contains{Strings(condition.contains().values())};
      break;
    case v1::Condition::kRange: {
      domain::Range range;
      if (condition.range().has_min()) range.min = condition.range().min();
      if (condition.range().has_max()) range.max = condition.range().max();
      result.test = range;
      break;
    }
    case v1::Condition::kPresent:
      result.test = domain::Present{condition.present()};
      break;
    case v1::Condition::kDomainNotIn:
      result.test = domain::DomainNotIn{Strings(condition.domain_not_in().values())};
      break;
    case v1::Condition::kIs:
      result.test = domain::Is{condition.is()};
      break;
    case v1::Condition::TEST_NOT_SET:
      break;
  }
  return result;
}

domain::FitGroup FromProto(const v1::FitGroup& group) {
  domain::FitGroup result{group.name(), group.cap(), {}};
  for (const v1::FitCriterion& criterion : group.criteria()) {
    auto& to = result.criteria.emplace_back();
    to.name = criterion.name();
    for (const v1::FitOption& option : criterion.options()) {
      auto& into = to.options.emplace_back();
      into.text = option.text();
      into.points = option.points();
      for (const v1::Condition& condition : option.all()) into.all.push_back(FromProto(condition));
    }
  }
  return result;
}

domain::Signal FromProto(const v1::Signal& signal) {
  domain::Signal result;
  result.name = signal.name();
  result.text = signal.text();
  result.match.types = Strings(signal.match().types());
  result.match.subjects = Strings(signal.match().subjects());
  result.match.min_seconds = signal.match().min_seconds();
  for (const auto& [name, set] : signal.match().properties())
    result.match.properties[name] = Strings(set.values());
  result.points = signal.points();
  result.half_life = static_cast<domain::HalfLife>(signal.half_life());
  result.hand_raise = signal.hand_raise();
  using Kind = domain::Limit::Kind;
  switch (signal.limit().kind_case()) {
    case v1::Limit::kFirst:
      result.limit = {Kind::kFirst, static_cast<double>(signal.limit().first())};
      break;
    case v1::Limit::kPerWeek:
      result.limit = {Kind::kPerWeek, static_cast<double>(signal.limit().per_week())};
      break;
    case v1::Limit::kPointsPerWeek:
      result.limit = {Kind::kPointsPerWeek, signal.limit().points_per_week()};
      break;
    case v1::Limit::kPerSubject:
      result.limit = {Kind::kPerSubject, static_cast<double>(signal.limit().per_subject())};
      break;
    case v1::Limit::KIND_NOT_SET:
      break;
  }
  return result;
}

}  // namespace

domain::Policy FromProto(const v1::Policy& policy) {
  domain::Policy result;
  result.name = policy.name();
  result.description = policy.description();
  for (const v1::FitGroup& group : policy.fit_groups()) result.fit_groups.push_back(FromProto(group));
  for (const v1::Signal& signal : policy.signals()) result.signals.push_back(FromProto(signal));
  for (const v1::Lane& lane : policy.lanes()) {
    result.lanes.push_back(
        {lane.name(), lane.hand_raise(), lane.min_fit(), lane.min_engagement(), lane.situation()});
  }
  result.cool_below = policy.cool_below();
  result.recross_after =
      absl::Seconds(policy.recross_after().seconds()) + absl::Nanoseconds(policy.recross_after().nanos());
  const v1::GradeEdges& edges = policy.grade_edges();
  result.grade_edges = {edges.fit_a(),        edges.fit_b(),        edges.fit_c(),
                        edges.engagement_1(), edges.engagement_2(), edges.engagement_3()};
  return result;
}

domain::Activity FromProto(const v1::Activity& activity) {
  domain::Activity result;
  result.lead = domain::LeadIdOf(activity.lead()).value_or(domain::LeadId());
  result.source = activity.source();
  result.activity_id = activity.activity_id();
  result.type = activity.type();
  // The store keeps the whole microsecond below.
  result.event_time = absl::FromUnixMicros(absl::ToUnixMicros(FromProto(activity.event_time())));
  result.subject = activity.subject();
  result.count = activity.count() == 0 ? 1 : activity.count();
  result.seconds = activity.seconds();
  result.outbound = activity.outbound();
  result.automated = activity.automated();
  for (const auto& [name, value] : activity.properties()) result.properties[name] = value;
  result.clock_ahead = activity.clock_ahead();
  if (activity.lead() == domain::kSomeLead)
    result.lead_external_id = {activity.external_id().source(), activity.external_id().id()};
  return result;
}

v1::Activity ToProto(const domain::Activity& activity) {
  v1::Activity result;
  result.set_lead(domain::LeadName(activity.lead));
  result.set_source(activity.source);
  result.set_activity_id(activity.activity_id);
  result.set_type(activity.type);
  *result.mutable_event_time() = ToProto(activity.event_time);
  result.set_subject(activity.subject);
  result.set_count(activity.count);
  result.set_seconds(activity.seconds);
  result.set_outbound(activity.outbound);
  result.set_automated(activity.automated);
  for (const auto& [name, value] : activity.properties) (*result.mutable_properties())[name] = value;
  result.set_clock_ahead(activity.clock_ahead);
  return result;
}

domain::AttributeValue FromProto(const v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kNumber:
      return value.number();
    case v1::AttributeValue::kBoolean:
      return value.boolean();
    case v1::AttributeValue::kList:
      return Strings(value.list().values());
    case v1::AttributeValue::kText:
    case v1::AttributeValue::KIND_NOT_SET:
      break;
  }
  return value.text();
}

v1::AttributeValue ToProto(const domain::AttributeValue& value) {
  v1::AttributeValue result;
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          result.set_text(v);
        } else if constexpr (std::is_same_v<T, double>) {
          result.set_number(v);
        } else if constexpr (std::is_same_v<T, bool>) {
          result.set_boolean(v);
        } else {
          // An empty list is a list, too.
          v1::TextList& list = *result.mutable_list();
          for (const std::string& element : v) list.add_values(element);
        }
      },
      value);
  return result;
}

v1::Reason ToProto(const domain::Reason& reason) {
  v1::Reason result;
  result.set_part(reason.part);
  result.set_name(reason.name);
  result.set_text(reason.text);
  result.set_points(reason.points);
  result.set_count(reason.count);
  if (reason.last_time != absl::InfinitePast()) *result.mutable_last_time() = ToProto(reason.last_time);
  return result;
}

domain::Lead FromProto(const v1::Lead& lead) {
  domain::Lead result;
  for (const v1::ExternalId& id : lead.external_ids()) result.external_ids.push_back({id.source(), id.id()});
  result.given_name = lead.given_name();
  result.family_name = lead.family_name();
  result.email = lead.email();
  result.phone = lead.phone();
  result.company = lead.company();
  result.company_domain = lead.company_domain();
  for (const auto& [name, value] : lead.attributes()) result.attributes[name] = FromProto(value);
  for (int gate : lead.gates()) result.gates.push_back(static_cast<domain::Gate>(gate));
  result.owner = lead.owner();
  result.stage = static_cast<domain::Stage>(lead.stage());
  result.lead_source = lead.lead_source();
  result.campaign = lead.campaign();
  for (const v1::Permission& permission : lead.permissions()) {
    result.permissions.push_back({static_cast<domain::Channel>(permission.channel()), permission.purpose(),
                                  static_cast<domain::PermissionState>(permission.state()),
                                  permission.basis(), permission.source(), FromProto(permission.time())});
  }
  result.outcome = static_cast<domain::Outcome>(lead.outcome());
  if (lead.has_arrival_time()) result.arrival_time = FromProto(lead.arrival_time());
  if (lead.has_outcome_time()) result.outcome_time = FromProto(lead.outcome_time());
  return result;
}

v1::Lead ToProto(const domain::Lead& lead) {
  v1::Lead result;
  for (const domain::ExternalId& id : lead.external_ids) {
    v1::ExternalId& to = *result.add_external_ids();
    to.set_source(id.source);
    to.set_id(id.id);
  }
  result.set_given_name(lead.given_name);
  result.set_family_name(lead.family_name);
  result.set_email(lead.email);
  result.set_phone(lead.phone);
  result.set_company(lead.company);
  result.set_company_domain(lead.company_domain);
  for (const auto& [name, value] : lead.attributes) (*result.mutable_attributes())[name] = ToProto(value);
  for (domain::Gate gate : lead.gates) result.add_gates(static_cast<v1::Gate>(gate));
  result.set_owner(lead.owner);
  result.set_stage(static_cast<v1::Stage>(lead.stage));
  result.set_lead_source(lead.lead_source);
  result.set_campaign(lead.campaign);
  for (const domain::Permission& permission : lead.permissions) {
    v1::Permission& to = *result.add_permissions();
    to.set_channel(static_cast<v1::Channel>(permission.channel));
    to.set_purpose(permission.purpose);
    to.set_state(static_cast<v1::PermissionState>(permission.state));
    to.set_basis(permission.basis);
    to.set_source(permission.source);
    *to.mutable_time() = ToProto(permission.time);
  }
  result.set_outcome(static_cast<v1::Outcome>(lead.outcome));
  if (lead.arrival_time != absl::InfinitePast()) *result.mutable_arrival_time() = ToProto(lead.arrival_time);
  if (lead.outcome_time != absl::InfinitePast()) *result.mutable_outcome_time() = ToProto(lead.outcome_time);
  return result;
}

int64_t GateBits(const std::vector<domain::Gate>& gates) {
  int64_t bits = 0;
  for (domain::Gate gate : gates) bits |= int64_t{1} << static_cast<int>(gate);
  return bits;
}

std::vector<domain::Gate> GatesOf(int64_t bits) {
  std::vector<domain::Gate> gates;
  for (int gate = 1; gate < 63; ++gate) {
    if (bits >> gate & 1) gates.push_back(static_cast<domain::Gate>(gate));
  }
  return gates;
}

}  // namespace finalmile::leads::scoring
