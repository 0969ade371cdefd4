#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/rpc/errors.h"

// The fields in which calls about the use of assets name people and the moment of the sale. Each check
// adds to `violations` where `value` is wrong.
namespace finalmile::catalog::usage {

// 1 to 64 characters, no @.
void CheckPerson(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// Empty or a stage of the sale.
void CheckStage(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// A channel of a use.
void CheckChannel(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// At most 64 characters.
void CheckTag(std::string_view value, std::string_view field, rpc::FieldViolations& violations);

// When something happened that a call reports at `now`: `now` where the call does not say. Adds to
// `violations` what lies more than 400 days back or 10 minutes ahead.
absl::Time HappenedAt(bool given, const google::protobuf::Timestamp& time, absl::Time now,
                      std::string_view field, rpc::FieldViolations& violations);

}  // namespace finalmile::catalog::usage
