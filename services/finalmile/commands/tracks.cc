#include <fmt/format.h>

#include <memory>

#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/read_text.h"
#include "services/finalmile/commands/show_tracks.h"
#include "services/finalmile/commands/transcript_flags.h"
#include "services/finalmile/import/track_file.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;

constexpr std::string_view kService = "coaching.v1.TalkTrackService/";
std::string Method(std::string_view name) { return fmt::format("{}{}", kService, name); }

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(flags, "over state, situation, language, owner, title, sources_changed, update_time, …");
  return [given](Session& session) -> absl::StatusOr<ExitCode> {
    ListTalkTracksRequest request;
    request.set_filter(given->filter);
    ASSIGN_OR_RETURN(const std::vector<TalkTrack> tracks,
                     ReadList(session, Method("ListTalkTracks"), request, given->limit,
                              &ListTalkTracksResponse::talk_tracks, "No talk track matches."));
    if (!session.output.json()) ShowTracks(tracks, session.output);
    return ExitCode::kOk;
  };
}

struct ShowFlags {
  std::string name;
  int64_t version = 0;
};

absl::StatusOr<ExitCode> Show(Session& session, const ShowFlags& flags) {
  GetTalkTrackRequest request;
  request.set_name(TrackName(flags.name));
  request.set_version(flags.version);
  ASSIGN_OR_RETURN(const TalkTrack track, session.Call<TalkTrack>(Method("GetTalkTrack"), request));
  if (session.output.json()) {
    session.output.Json(track);
    return ExitCode::kOk;
  }
  ListExamplesRequest list;
  list.set_parent(track.name());
  std::vector<Example> examples;
  RETURN_IF_ERROR(session
                      .EachPage<ListExamplesResponse>(
                          Method("ListExamples"), list, 0,
                          [&](const ListExamplesResponse& page) -> int64_t {
                            examples.insert(examples.end(), page.examples().begin(), page.examples().end());
                            return page.examples_size();
                          })
                      .status());
  ShowTrack(track, examples, session.output);
  return ExitCode::kOk;
}

Action DeclareShow(Flags& flags) {
  auto given = std::make_shared<ShowFlags>();
  flags.Argument("TRACK", given->name, "its name, talkTracks/… or without the prefix");
  flags.Number("--version", given->version, 0, 1'000'000'000,
               "this version; 0: what is published, else the newest");
  return [given](Session& session) { return Show(session, *given); };
}

// Makes the track, or brings it to what the file says.
absl::StatusOr<TalkTrack> Write(Session& session, const std::string& id, TalkTrack track, std::string& what) {
  GetTalkTrackRequest get;
  get.set_name(TrackName(id));
  const absl::StatusOr<TalkTrack> before = session.Call<TalkTrack>(Method("GetTalkTrack"), get);
  if (absl::IsNotFound(before.status())) {
    what = "created";
    CreateTalkTrackRequest request;
    *request.mutable_talk_track() = std::move(track);
    request.set_talk_track_id(id);
    request.set_request_id(session.NewRequestId());
    return session.Call<TalkTrack>(Method("CreateTalkTrack"), request);
  }
  RETURN_IF_ERROR(before.status());
  UpdateTalkTrackRequest request;
  *request.mutable_talk_track() = std::move(track);
  request.mutable_talk_track()->set_name(get.name());
  request.mutable_update_mask()->add_paths("*");
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(TalkTrack after, session.Call<TalkTrack>(Method("UpdateTalkTrack"), request));
  what = after.latest_version() == before->latest_version() ? "unchanged" : "new version";
  return after;
}

absl::StatusOr<ExitCode> Import(Session& session, const std::vector<std::string>& files) {
  Table table(
      {{"FILE", Align::kLeft, true}, {"", Align::kLeft}, {"VERSION", Align::kRight}, {"LACKS"}, {"NAME"}});
  int64_t rejected = 0;
  for (const std::string& file : files) {
    std::string what;
    const auto written = [&]() -> absl::StatusOr<TalkTrack> {
      ASSIGN_OR_RETURN(const std::string content, ReadText(session, file, kMaxTrackFileBytes));
      ASSIGN_OR_RETURN(TalkTrack track, ReadTrackFile(file, content));
      const std::string id = TrackIdOf(file);
      if (id.empty())
        return absl::InvalidArgumentError(
            fmt::format("{}: the file's name, which names the track, has no letter or digit", file));
      return Write(session, id, std::move(track), what);
    }();
    if (!written.ok()) {
      // The others may be good all the same, unless the suite cannot be asked.
      const bool of_file = absl::IsInvalidArgument(written.status()) || absl::IsNotFound(written.status());
      if (!of_file) return written.status();
      ++rejected;
      std::string text(written.status().message());
      for (const auto& violation : rpc::ViolationsOf(written.status()))
        text += fmt::format("\n  {}: {}", violation.field(), violation.description());
      session.output.Note(text.starts_with(file) ? text : fmt::format("{}: {}", file, text));
      continue;
    }
    if (session.output.json()) {
      session.output.Json(*written);
    } else {
      table.Add({file, what, std::to_string(written->version()),
                 written->missing().empty() ? "-" : std::to_string(written->missing_size()),
                 written->name()});
    }
  }
  RETURN_IF_ERROR(session.connector.Settle());
  if (!session.output.json() && !table.empty()) {
    session.output.Show(table);
    session.output.Note(
        "finalmile tracks show TRACK says what a track lacks; tracks publish gives it to reps.");
  }
  return rejected > 0 ? ExitCode::kPartly : ExitCode::kOk;
}

Action DeclareImport(Flags& flags) {
  auto files = std::make_shared<std::vector<std::string>>();
  flags.Arguments("FILE", *files,
                  "talk tracks in YAML, or in Markdown with front matter; the file's name is the track's");
  return [files](Session& session) { return Import(session, *files); };
}

struct PublishFlags {
  std::string name;
  std::string etag;
  bool recertify = false;
};

absl::StatusOr<ExitCode> Publish(Session& session, const PublishFlags& flags) {
  PublishTalkTrackRequest request;
  request.set_name(TrackName(flags.name));
  request.set_etag(flags.etag);
  request.set_recertify(flags.recertify);
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const PublishTalkTrackResponse response,
                   session.Call<PublishTalkTrackResponse>(Method("PublishTalkTrack"), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(response);
    return ExitCode::kOk;
  }
  ShowTracks({response.talk_track()}, session.output);
  session.output.Line();
  ShowCues(response.cues(), session.output);
  return ExitCode::kOk;
}

Action DeclarePublish(Flags& flags) {
  auto given = std::make_shared<PublishFlags>();
  flags.Argument("TRACK", given->name, "its name, talkTracks/… or without the prefix");
  flags.Switch("--recertify", given->recertify, "whoever mastered an earlier version has to master this one");
  flags.Text("--etag", "ETAG", given->etag,
             "publish it only if it is still as it was when this etag was read");
  return [given](Session& session) { return Publish(session, *given); };
}

struct ExampleFlags {
  std::string track;
  TranscriptFlags transcript;
  std::string title;
  std::string consent;
  std::string until;
  bool anonymised = false;
};

absl::StatusOr<ExitCode> AddExample(Session& session, const ExampleFlags& flags) {
  AddExampleRequest request;
  request.set_parent(TrackName(flags.track));
  Example& example = *request.mutable_example();
  example.set_title(flags.title);
  example.set_provenance(!flags.consent.empty() ? Example::PROVENANCE_CONSENTED
                         : flags.anonymised     ? Example::PROVENANCE_ANONYMISED
                                                : Example::PROVENANCE_STAGED);
  example.set_consent_reference(flags.consent);
  if (!flags.until.empty()) {
    absl::Time time;
    if (!ParseMoment(flags.until, session.clock.Now(), session.output.zone(), time)) {
      return absl::InvalidArgumentError(
          fmt::format("--until '{}' must be a date (2026-03-01) or an RFC 3339 time", flags.until));
    }
    *example.mutable_expire_time() = rpc::ToTimestamp(time);
  }
  ASSIGN_OR_RETURN(*example.mutable_turns(), ReadTurns(session, flags.transcript));
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const Example added, session.Call<Example>(Method("AddExample"), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(added);
  } else {
    session.output.Line(fmt::format("{} has the example {} with {} turns: {}", added.talk_track(),
                                    added.title(), added.turn_count(), added.name()));
  }
  return ExitCode::kOk;
}

Action DeclareExample(Flags& flags) {
  auto given = std::make_shared<ExampleFlags>();
  flags.Argument("TRACK", given->track, "its name, talkTracks/… or without the prefix");
  given->transcript.Declare(flags);
  flags.RequiredText("--title", "TEXT", given->title, "what it is called");
  flags.Text("--consent", "WHERE", given->consent,
             "a real conversation: where the consent of all who speak is kept; with --until");
  flags.Text("--until", "TIME", given->until, "when the consent ends, and the example with it");
  flags.Switch("--anonymised", given->anonymised,
               "a real conversation that shows nobody (staged by colleagues)");
  return [given](Session& session) { return AddExample(session, *given); };
}

}  // namespace

void AddTracks(std::vector<Verb>& verbs) {
  verbs.push_back({"tracks list", "talk tracks in order of name",
                   "finalmile tracks list --filter 'sources_changed = true'", DeclareList});
  verbs.push_back({"tracks show", "one talk track, and what it lacks",
                   "finalmile tracks show new-fleet-manager", DeclareShow});
  verbs.push_back({"tracks import", "make or change talk tracks from files",
                   "finalmile tracks import tracks/new-fleet-manager.md", DeclareImport});
  verbs.push_back({"tracks example", "show a talk track in role",
                   "finalmile tracks example new-fleet-manager call.vtt --rep Kim --title 'First call'",
                   DeclareExample});
  verbs.push_back({"tracks publish", "give the newest version to reps",
                   "finalmile tracks publish new-fleet-manager --recertify", DeclarePublish});
}

}  // namespace finalmile::cli
