#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/import.pb.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "finalmile/leads/v1/policy.pb.h"
#include "libs/rpc/timestamps.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/import_mapping.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/policy.h"
#include "services/leads/domain/reason.h"

// Between the wire's messages and the domain's structs. Pure; nothing is validated here.
namespace finalmile::leads::scoring {

inline absl::Time FromProto(const google::protobuf::Timestamp& time) { return rpc::FromTimestamp(time); }
inline google::protobuf::Timestamp ToProto(absl::Time time) { return rpc::ToTimestamp(time); }

domain::Policy FromProto(const v1::Policy& policy);

domain::Activity FromProto(const v1::Activity& activity);
v1::Activity ToProto(const domain::Activity& activity);

domain::AttributeValue FromProto(const v1::AttributeValue& value);
v1::AttributeValue ToProto(const domain::AttributeValue& value);

v1::Reason ToProto(const domain::Reason& reason);

// The fields that callers set; output-only ones are left out.
domain::Lead FromProto(const v1::Lead& lead);
// The inverse; name, etag, times and score are the caller's to add.
v1::Lead ToProto(const domain::Lead& lead);

domain::ImportMapping FromProto(const v1::ImportMapping& mapping);

// Gates as they are stored: bit n for gate n.
int64_t GateBits(const std::vector<domain::Gate>& gates);
std::vector<domain::Gate> GatesOf(int64_t bits);

}  // namespace finalmile::leads::scoring
