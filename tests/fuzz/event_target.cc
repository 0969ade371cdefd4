#include <google/protobuf/util/json_util.h>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/events/headers.h"
#include "libs/outbox/outbox.h"
#include "libs/rpc/deterministic.h"
#include "services/finalmile/events/decode.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

// The first byte says what the others are.
enum Kind : unsigned char { kHeaders, kSequence, kEvent, kActivity, kKinds };

bool Headers(std::string_view bytes) {
  const auto headers = events::DecodeHeaders(bytes);
  if (headers.ok())
    Require(events::EncodeHeaders(*headers) == bytes, "headers are written as they were read");
  return headers.ok();
}

bool Sequence(std::string_view bytes) {
  events::Record record;
  record.headers = {{"ce_type", "x"}, {"ce_sequence", std::string(bytes)}};
  const auto seq = outbox::SeqOf(record);
  if (seq.ok()) Require(*seq > 0, "a sequence is above 0");
  return seq.ok();
}

bool Activity(std::string_view bytes) {
  leads::v1::Activity message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  const leads::domain::Activity activity = leads::scoring::FromProto(message);
  if (!leads::domain::Validate(activity, kNow).empty()) return false;
  Require(leads::domain::LeadName(activity.lead) == message.lead(), "a valid activity names its lead");
  const leads::domain::Activity again = leads::scoring::FromProto(leads::scoring::ToProto(activity));
  Require(again.event_time == activity.event_time && again.count == activity.count &&
              again.seconds == activity.seconds && again.properties == activity.properties,
          "a valid activity survives being written");
  return true;
}

// As `finalmile events tail` does.
bool Shown(std::string_view bytes) {
  const auto event = cli::DecodeEvent("finalmile.leads.events.v1", std::string(bytes));
  if (!event.ok()) return false;
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(*event->message, &json));
  Require(event->message->DebugString().size() < 100 * bytes.size() + 100, "what is shown is bounded");
  return true;
}

bool Run(std::string_view bytes) {
  if (bytes.empty()) return false;
  const std::string_view rest = bytes.substr(1);
  switch (static_cast<unsigned char>(bytes[0]) % kKinds) {
    case kHeaders:
      return Headers(rest);
    case kSequence:
      return Sequence(rest);
    case kActivity:
      static_cast<void>(cli::DecodeEvent("finalmile.leads.activities.v1", std::string(rest)));
      return Activity(rest);
    default:
      return Shown(rest);
  }
}

std::vector<std::string> Seeds() {
  const auto seed = [](Kind kind, const std::string& bytes) {
    return std::string(1, static_cast<char>(kind)) + bytes;
  };
  leads::v1::Activity activity;
  activity.set_lead("leads/0197f3a0-0000-7000-8000-000000000001");
  activity.set_source("web");
  activity.set_activity_id("a1");
  activity.set_type("page_view");
  activity.set_subject("pricing");
  activity.set_count(2);
  activity.set_seconds(31.5);
  activity.mutable_event_time()->set_seconds(1'749'999'000);
  (*activity.mutable_properties())["campaign"] = "spring";
  leads::v1::LeadEvent event;
  event.set_id("1");
  event.set_key(activity.lead());
  event.set_seq(3);
  event.mutable_lead_score_changed()->mutable_after()->set_fit(50);
  event.mutable_lead_score_changed()->add_reasons()->set_points(12);
  return {seed(kHeaders,
               events::EncodeHeaders({{"ce_type", "finalmile.leads.v1.LeadCreated"}, {"ce_sequence", "1"}})),
          seed(kHeaders, ""),
          seed(kSequence, "42"),
          seed(kSequence, "9223372036854775807"),
          seed(kEvent, rpc::DeterministicBytes(event)),
          seed(kActivity, rpc::DeterministicBytes(activity))};
}

}  // namespace

Target Event() { return {"event", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
