#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/rpc/errors.h"

// What calls about the use of assets say of leads, people and the moment of the sale. Each adds to
// `violations` where `value` is wrong.
namespace finalmile::catalog::usage {

// "leads/{lead}": {lead} is 1 to 64 of [a-z0-9-].
bool IsLeadName(std::string_view name);
void CheckLead(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// 1 to 64 characters, no @.
void CheckPerson(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// Empty or a stage of the sale.
void CheckStage(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// Empty or "A1" … "D4".
void CheckGrade(std::string_view value, std::string_view field, rpc::FieldViolations& violations);
// At most 64 characters.
void CheckTag(std::string_view value, std::string_view field, rpc::FieldViolations& violations);

// When something happened that is told at `now`: `now` where it does not say; from 400 days ago until 10
// minutes ahead.
absl::Time HappenedAt(bool given, const google::protobuf::Timestamp& time, absl::Time now,
                      std::string_view field, rpc::FieldViolations& violations);

}  // namespace finalmile::catalog::usage
