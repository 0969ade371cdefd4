#include <google/protobuf/util/json_util.h>

#include <limits>

#include "finalmile/leads/v1/activity.pb.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/edge.h"
#include "libs/rpc/timestamps.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

bool Run(std::string_view bytes) {
  leads::v1::Activity activity;
  const absl::Status parsed = rpc::ParseRequest(bytes, activity);
  if (!parsed.ok()) {
    Require(absl::IsInvalidArgument(parsed), "a refused record is an invalid argument");
    return false;
  }
  std::string json;
  Require(google::protobuf::util::MessageToJsonString(activity, &json).ok(),
          "what is accepted has a JSON form");
  leads::v1::Activity again;
  Require(google::protobuf::util::JsonStringToMessage(json, &again).ok(), "the JSON form is read back");
  const auto& time = activity.event_time();
  Require(again.event_time().seconds() == time.seconds() && again.event_time().nanos() == time.nanos(),
          "a time survives its JSON form");
  const auto through = rpc::ToTimestamp(rpc::FromTimestamp(time));
  Require(through.seconds() == time.seconds() && through.nanos() == time.nanos(),
          "a time survives our own form");
  return true;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const int64_t seconds :
       {int64_t{0}, int64_t{-62'135'596'800}, int64_t{-62'135'596'801}, int64_t{253'402'300'799},
        int64_t{253'402'300'800}, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    for (const int32_t nanos : {0, -1, 1, 999'999'999, 1'000'000'000}) {
      leads::v1::Activity activity;
      activity.set_lead("leads/0197f3a0-0000-7000-8000-000000000001");
      activity.set_type("demo_requested");
      activity.mutable_event_time()->set_seconds(seconds);
      activity.mutable_event_time()->set_nanos(nanos);
      seeds.push_back(rpc::DeterministicBytes(activity));
    }
  }
  return seeds;
}

}  // namespace

Target Times() { return {"times", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
