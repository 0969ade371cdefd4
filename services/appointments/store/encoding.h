#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/appointments/domain/meeting_request.h"
#include "services/appointments/domain/touch.h"
#include "services/appointments/domain/working_hours.h"
#include "services/appointments/store/lead_store.h"

// How the store keeps what has no column of its own. DATA_LOSS for what nothing of ours writes.
namespace finalmile::appointments::store {

// The members of a crossing that no column holds: cycle, reasons, missing, lead_source, campaign. Decoding
// leaves the others as they are.
std::string EncodeCrossing(const domain::Crossing& crossing);
absl::Status DecodeCrossing(std::string_view text, domain::Crossing& crossing);

// Bit n: the channel of number n.
int64_t ChannelBits(const std::set<int>& channels);
std::set<int> ChannelsOf(int64_t bits);

std::string EncodeWeekly(const std::vector<domain::WeeklyInterval>& weekly);
absl::StatusOr<std::vector<domain::WeeklyInterval>> DecodeWeekly(std::string_view text);
std::string EncodeDays(const std::set<absl::CivilDay>& days);
absl::StatusOr<std::set<absl::CivilDay>> DecodeDays(std::string_view text);

std::string EncodeTouches(const std::vector<domain::Touch>& touches);
absl::StatusOr<std::vector<domain::Touch>> DecodeTouches(std::string_view text);
std::string EncodePermissionTimes(const std::map<int, PermissionTime>& times);
absl::StatusOr<std::map<int, PermissionTime>> DecodePermissionTimes(std::string_view text);
std::string EncodeScores(const std::map<std::string, double>& scores);
absl::StatusOr<std::map<std::string, double>> DecodeScores(std::string_view text);

}  // namespace finalmile::appointments::store
