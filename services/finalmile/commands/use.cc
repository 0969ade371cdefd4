#include <fmt/format.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/read_text.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/commands/show_usage.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

// By the contract of RecordUseRequest.final_text, in bytes.
constexpr size_t kMaxText = 256 << 10;

struct UseFlags {
  std::string token;
  std::string text;
  std::string rep;
  std::string lead;
  std::string channel;
  std::string stage;
  std::string situation;
  std::string persona;
  std::string industry;
  std::string grade;
  std::string time;
  std::string message_id;
};

absl::StatusOr<std::string> ReadSent(Session& session, const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, ReadText(session, path, kMaxText, "--text"));
  if (text.empty()) return absl::InvalidArgumentError(fmt::format("--text {}: is empty", path));
  if (!IsUtf8(text)) return absl::InvalidArgumentError(fmt::format("--text {}: is not UTF-8", path));
  return text;
}

absl::StatusOr<ExitCode> Use(Session& session, const UseFlags& flags) {
  RecordUseRequest request;
  if (flags.token.empty() && flags.text.empty()) {
    return absl::InvalidArgumentError(
        "--asset is missing: the use token that render gave; or give what was sent with --text FILE (- for "
        "standard input)");
  }
  request.set_use_token(flags.token);
  if (!flags.text.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_final_text(), ReadSent(session, flags.text));
  }
  request.set_rep(flags.rep);
  if (!flags.lead.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_lead(), ResolveLead(session, flags.lead));
  }
  request.set_channel(flags.channel);
  request.set_situation(flags.situation);
  request.set_persona(flags.persona);
  request.set_industry(flags.industry);
  request.set_message_id(flags.message_id);
  if (!flags.time.empty()) {
    absl::Time time;
    if (!ParseMoment(flags.time, session.clock.Now(), session.output.zone(), time)) {
      return absl::InvalidArgumentError(fmt::format(
          "--time '{}' must be a time such as 2026-03-01T09:00:00Z, 2026-03-01 or 2h (ago)", flags.time));
    }
    *request.mutable_use_time() = rpc::ToTimestamp(time);
  }
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const RecordUseResponse response,
                   session.Call<RecordUseResponse>("catalog.v1.UsageService/RecordUse", request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(response.use());
  } else {
    ShowUse(response.use(), session.output);
  }
  if (!flags.stage.empty() || !flags.grade.empty()) NoteStageIsTheLeads(session.output);
  return ExitCode::kOk;
}

Action DeclareUse(Flags& flags) {
  auto given = std::make_shared<UseFlags>();
  flags.Text("--asset", "TOKEN", given->token, "the use token that render gave");
  flags.Text(
      "--text", "FILE", given->text,
      "what was sent or said (- for standard input): it tells by itself which asset it is; only a sketch "
      "of it is kept");
  flags.RequiredText("--rep", "NAME", given->rep, "who used it");
  flags.RequiredText("--channel", "CHANNEL", given->channel,
                     "email, phone, voicemail, letter, meeting or chat");
  flags.Text("--lead", "LEAD", given->lead, "to whom; the token may know it");
  flags.Text("--stage", "STAGE", given->stage, "ignored: it is the lead's at that time");
  flags.Text("--situation", "TEXT", given->situation, "what the conversation is about");
  flags.Text("--persona", "TEXT", given->persona, "with whom");
  flags.Text("--industry", "TEXT", given->industry, "of the lead's company");
  flags.Text("--grade", "GRADE", given->grade, "ignored: it is the lead's at that time");
  flags.Text("--message-id", "ID", given->message_id,
             "of the mail: one message is one use, also where the mail gateway reports it");
  flags.Text("--time", "TIME", given->time, "when: an RFC 3339 time, a date, or 2h ago (now)");
  return [given](Session& session) { return Use(session, *given); };
}

struct RateFlags {
  std::string name;
  std::string rating;
  int64_t version = 0;
};

absl::StatusOr<ExitCode> Rate(Session& session, const RateFlags& flags) {
  RateAssetRequest request;
  request.set_asset(AssetName(flags.name));
  request.set_version(flags.version);
  int32_t rating = 0;
  if (!absl::SimpleAtoi(flags.rating, &rating) || rating < 1 || rating > 5) {
    return absl::InvalidArgumentError(
        fmt::format("RATING '{}' must be a whole number from 1 to 5", flags.rating));
  }
  request.set_rating(rating);
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const RateAssetResponse response,
                   session.Call<RateAssetResponse>("catalog.v1.UsageService/RateAsset", request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    session.output.Line(fmt::format("{} of 5 for {}.", rating, request.asset()));
  }
  return ExitCode::kOk;
}

Action DeclareRate(Flags& flags) {
  auto given = std::make_shared<RateFlags>();
  flags.Argument("ASSET", given->name, "its name, assets/… or without the prefix");
  flags.Argument("RATING", given->rating, "1 (useless) to 5; a later one of yours replaces it");
  flags.Number("--version", given->version, 0, 1'000'000'000, "this version; 0: the published one");
  return [given](Session& session) { return Rate(session, *given); };
}

}  // namespace

void AddUse(std::vector<Verb>& verbs) {
  verbs.push_back({"use", "record that a message or call went to a lead, with an asset or without",
                   "finalmile use --text sent.txt --rep kim --lead leads/… --channel email --stage discovery",
                   DeclareUse});
  verbs.push_back(
      {"rate", "say how well an asset serves", "finalmile rate pricing-objections 4", DeclareRate});
}

}  // namespace finalmile::cli
