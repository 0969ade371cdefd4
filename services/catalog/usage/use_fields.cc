#include "services/catalog/usage/use_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/text.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/usage/retention.h"

namespace finalmile::catalog::usage {
namespace {

constexpr absl::Duration kMostAhead = absl::Minutes(10);
constexpr std::string_view kChannels[] = {"email", "phone", "voicemail", "letter", "meeting", "chat"};

}  // namespace

void CheckPerson(std::string_view value, std::string_view field, rpc::FieldViolations& violations) {
  if (!catalog::domain::IsPersonId(value))
    violations.Add(field, "must be 1 to 64 characters and no e-mail address");
}

void CheckStage(std::string_view value, std::string_view field, rpc::FieldViolations& violations) {
  if (value.empty()) return;
  if (std::find(std::begin(catalog::domain::kStages), std::end(catalog::domain::kStages), value) ==
      std::end(catalog::domain::kStages)) {
    violations.Add(field, "must be prospecting, discovery, evaluation or closing");
  }
}

void CheckChannel(std::string_view value, std::string_view field, rpc::FieldViolations& violations) {
  if (std::find(std::begin(kChannels), std::end(kChannels), value) == std::end(kChannels)) {
    violations.Add(field, "must be email, phone, voicemail, letter, meeting or chat");
  }
}

void CheckTag(std::string_view value, std::string_view field, rpc::FieldViolations& violations) {
  if (Characters(value) > catalog::domain::kMaxTagCharacters) {
    violations.Add(field, fmt::format("must have at most {} characters", catalog::domain::kMaxTagCharacters));
  }
}

absl::Time HappenedAt(bool given, const google::protobuf::Timestamp& time, absl::Time now,
                      std::string_view field, rpc::FieldViolations& violations) {
  if (!given) return now;
  const absl::Time happened = rpc::FromTimestamp(time);
  if (happened > now + kMostAhead) violations.Add(field, "must be at most 10 minutes in the future");
  if (happened < now - kRetention) violations.Add(field, "must be at most 400 days ago");
  return happened;
}

}  // namespace finalmile::catalog::usage
