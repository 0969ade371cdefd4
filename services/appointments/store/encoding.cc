#include "services/appointments/store/encoding.h"

#include <nlohmann/json.hpp>

#include "libs/base/clock.h"

namespace finalmile::appointments::store {
namespace {

using nlohmann::json;

absl::Status Damaged() { return absl::DataLossError("a stored crossing or calendar is damaged"); }

// Runs `read`, which may throw for what is not there or of another type.
template <class Read>
absl::Status Reading(std::string_view text, Read&& read) {
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return Damaged();
  try {
    read(parsed);
  } catch (const json::exception&) {
    return Damaged();
  }
  return absl::OkStatus();
}

json ToJson(const domain::Reason& reason) {
  json object = {
      {"part", reason.part}, {"name", reason.name}, {"text", reason.text}, {"points", reason.points}};
  if (reason.count != 0) object["count"] = reason.count;
  if (reason.last_time != absl::InfinitePast()) object["last_time"] = ToMicros(reason.last_time);
  return object;
}

domain::Reason ReasonOf(const json& object) {
  domain::Reason reason;
  object.at("part").get_to(reason.part);
  object.at("name").get_to(reason.name);
  object.at("text").get_to(reason.text);
  object.at("points").get_to(reason.points);
  reason.count = object.value("count", 0);
  if (object.contains("last_time")) reason.last_time = FromMicros(object.at("last_time").get<int64_t>());
  return reason;
}

}  // namespace

std::string EncodeCrossing(const domain::Crossing& crossing) {
  json object = {{"cycle", crossing.cycle}};
  for (const domain::Reason& reason : crossing.reasons) object["reasons"].push_back(ToJson(reason));
  if (!crossing.missing.empty()) object["missing"] = crossing.missing;
  if (!crossing.lead_source.empty()) object["lead_source"] = crossing.lead_source;
  if (!crossing.campaign.empty()) object["campaign"] = crossing.campaign;
  return object.dump();
}

absl::Status DecodeCrossing(std::string_view text, domain::Crossing& crossing) {
  return Reading(text, [&](const json& object) {
    object.at("cycle").get_to(crossing.cycle);
    crossing.reasons.clear();
    if (object.contains("reasons")) {
      for (const json& reason : object.at("reasons")) crossing.reasons.push_back(ReasonOf(reason));
    }
    crossing.missing = object.value("missing", std::vector<std::string>());
    crossing.lead_source = object.value("lead_source", std::string());
    crossing.campaign = object.value("campaign", std::string());
  });
}

int64_t ChannelBits(const std::set<int>& channels) {
  int64_t bits = 0;
  for (const int channel : channels) bits |= int64_t{1} << channel;
  return bits;
}

std::set<int> ChannelsOf(int64_t bits) {
  std::set<int> channels;
  for (int channel = 0; bits >> channel != 0; ++channel) {
    if ((bits >> channel & 1) != 0) channels.insert(channel);
  }
  return channels;
}

std::string EncodeWeekly(const std::vector<domain::WeeklyInterval>& weekly) {
  json list = json::array();
  for (const domain::WeeklyInterval& interval : weekly)
    list.push_back({interval.weekday, interval.start_minute, interval.end_minute});
  return list.dump();
}

absl::StatusOr<std::vector<domain::WeeklyInterval>> DecodeWeekly(std::string_view text) {
  std::vector<domain::WeeklyInterval> weekly;
  const absl::Status status = Reading(text, [&](const json& list) {
    for (const json& one : list)
      weekly.push_back({one.at(0).get<int>(), one.at(1).get<int>(), one.at(2).get<int>()});
  });
  if (!status.ok()) return status;
  return weekly;
}

std::string EncodeDays(const std::set<absl::CivilDay>& days) {
  json list = json::array();
  for (const absl::CivilDay& day : days) list.push_back(absl::FormatCivilTime(day));
  return list.dump();
}

absl::StatusOr<std::set<absl::CivilDay>> DecodeDays(std::string_view text) {
  std::set<absl::CivilDay> days;
  bool valid = true;
  const absl::Status status = Reading(text, [&](const json& list) {
    for (const json& one : list) {
      absl::CivilDay day;
      valid = valid && absl::ParseCivilTime(one.get<std::string>(), &day);
      days.insert(day);
    }
  });
  if (!status.ok()) return status;
  if (!valid) return Damaged();
  return days;
}

std::string EncodeTouches(const std::vector<domain::Touch>& touches) {
  json list = json::array();
  for (const domain::Touch& touch : touches)
    list.push_back({touch.subject, touch.version, ToMicros(touch.time), touch.how});
  return list.dump();
}

absl::StatusOr<std::vector<domain::Touch>> DecodeTouches(std::string_view text) {
  std::vector<domain::Touch> touches;
  const absl::Status status = Reading(text, [&](const json& list) {
    for (const json& one : list) {
      touches.push_back({one.at(0).get<std::string>(), one.at(1).get<int64_t>(),
                         FromMicros(one.at(2).get<int64_t>()), one.at(3).get<std::string>()});
    }
  });
  if (!status.ok()) return status;
  return touches;
}

std::string EncodePermissionTimes(const std::map<int, PermissionTime>& times) {
  json list = json::array();
  for (const auto& [channel, time] : times) list.push_back({channel, ToMicros(time.since), time.inherited});
  return list.dump();
}

absl::StatusOr<std::map<int, PermissionTime>> DecodePermissionTimes(std::string_view text) {
  std::map<int, PermissionTime> times;
  const absl::Status status = Reading(text, [&](const json& list) {
    for (const json& one : list)
      times[one.at(0).get<int>()] = {FromMicros(one.at(1).get<int64_t>()), one.at(2).get<bool>()};
  });
  if (!status.ok()) return status;
  return times;
}

std::string EncodeScores(const std::map<std::string, double>& scores) { return json(scores).dump(); }

absl::StatusOr<std::map<std::string, double>> DecodeScores(std::string_view text) {
  std::map<std::string, double> scores;
  const absl::Status status = Reading(text, [&](const json& object) { object.get_to(scores); });
  if (!status.ok()) return status;
  return scores;
}

}  // namespace finalmile::appointments::store
