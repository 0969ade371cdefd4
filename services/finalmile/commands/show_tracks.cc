#include "services/finalmile/commands/show_tracks.h"

#include <fmt/format.h>

#include <string_view>

#include "absl/strings/str_join.h"
#include "libs/base/text.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show_assets.h"

namespace finalmile::cli {
namespace {

using namespace coaching::v1;

std::string StateText(const TalkTrack& track) {
  switch (track.state()) {
    case TalkTrack::STATE_DRAFT:
      return "draft";
    case TalkTrack::STATE_PUBLISHED:
      return track.sources_changed() ? "published, sources changed" : "published";
    case TalkTrack::STATE_REPLACED:
      return "replaced";
    default:
      return "-";
  }
}

std::string ProvenanceText(Example::Provenance provenance) {
  switch (provenance) {
    case Example::PROVENANCE_STAGED:
      return "staged";
    case Example::PROVENANCE_CONSENTED:
      return "consented";
    case Example::PROVENANCE_ANONYMISED:
      return "anonymised";
    default:
      return "-";
  }
}

std::string_view ChangeText(SourceChange::Kind kind) {
  switch (kind) {
    case SourceChange::KIND_PUBLISHED:
      return "has a new version";
    case SourceChange::KIND_RETIRED:
      return "was retired";
    case SourceChange::KIND_EXPIRED:
      return "has expired";
    default:
      return "has changed";
  }
}

void ShowNamed(std::string_view name, std::string_view value, Output& output) {
  if (!value.empty()) output.Line(fmt::format("{:<12}{}", name, value));
}

void ShowTelling(std::string_view heading, const std::string& text, Output& output) {
  if (text.empty()) return;
  output.Line();
  output.Line(heading);
  ShowText(text, output);
}

void ShowMessages(const TalkTrack& track, Output& output) {
  for (const KeyMessage& message : track.key_messages()) {
    output.Line();
    output.Line(fmt::format(
        "{}{} (weight {}{}): {}", message.id(), message.required() ? ", required" : "", message.weight(),
        message.order() > 0 ? fmt::format(", place {}", message.order()) : "", message.text()));
    for (const std::string& cue : message.cues()) output.Line(fmt::format("  cue  {}", cue));
  }
}

// "turn 3  "cut your idle time"". Turns are counted from 1 for people.
std::string PlaceOf(const Finding& finding) {
  return fmt::format("turn {}  \"{}\"", finding.turn() + 1, finding.words());
}

void ShowMessage(const MessageFinding& message, Output& output) {
  if (message.covered()) {
    output.Line(fmt::format("  ✓ {:<16}{}{}", message.message(), PlaceOf(message.mentions(0)),
                            message.mentions(0).fuzzy() ? "  (nearly the words of the cue)" : ""));
  } else if (message.mentions_size() > 0) {
    output.Line(fmt::format("  – {:<16}{}  negated by \"{}\"", message.message(),
                            PlaceOf(message.mentions(0)), message.mentions(0).negated_by()));
  } else if (message.has_nearest()) {
    output.Line(fmt::format("  ✗ {:<16}nearest: {}, lacks {}", message.message(), PlaceOf(message.nearest()),
                            absl::StrJoin(message.nearest_lacks(), ", ")));
  } else {
    output.Line(fmt::format("  ✗ {}", message.message()));
  }
}

std::string Percent(double share) { return fmt::format("{:.0f} %", share * 100); }

std::string AdviceOf(const Analysis& analysis) {
  std::vector<std::string> parts;
  const Delivery& delivery = analysis.delivery();
  if (delivery.has_talk_share()) {
    parts.push_back(fmt::format("talk share {}{}", Percent(delivery.talk_share()),
                                delivery.basis() == Delivery::BASIS_WORDS ? " of the words" : ""));
  }
  if (delivery.has_words_per_minute())
    parts.push_back(fmt::format("{:.0f} words a minute", delivery.words_per_minute()));
  if (delivery.has_longest_monologue_seconds()) {
    const auto seconds = static_cast<int64_t>(delivery.longest_monologue_seconds());
    parts.push_back(fmt::format("longest monologue {}:{:02}", seconds / 60, seconds % 60));
  }
  if (delivery.has_fillers_per_100_words())
    parts.push_back(fmt::format("{:.1f} fillers in 100 words", delivery.fillers_per_100_words()));
  const int questions = analysis.question_count();
  parts.push_back(fmt::format("{} {}, {} open", questions, questions == 1 ? "question" : "questions",
                              analysis.open_question_count()));
  return absl::StrJoin(parts, ", ");
}

}  // namespace

std::string TrackName(const std::string& text) {
  return text.starts_with("talkTracks/") ? text : "talkTracks/" + text;
}

void ShowTracks(const std::vector<TalkTrack>& tracks, Output& output) {
  Table table({{"STATE"},
               {"VERSION", Align::kRight},
               {"SITUATION", Align::kLeft, true},
               {"TITLE", Align::kLeft, true},
               {"OWNER"},
               {"NAME"}});
  for (const TalkTrack& track : tracks) {
    table.Add({StateText(track), std::to_string(track.version()), track.situation(), track.title(),
               track.owner(), track.name()});
  }
  output.Show(table);
}

void ShowTrack(const TalkTrack& track, const std::vector<Example>& examples, Output& output) {
  output.Line(fmt::format("{}  {} v{}", track.title(), StateText(track), track.version()));
  ShowNamed("name", track.name(), output);
  ShowNamed("situation", track.situation(), output);
  ShowNamed("audience", track.audience(), output);
  ShowNamed("owner", track.owner(), output);
  ShowNamed("language", track.language(), output);
  ShowNamed("built on", absl::StrJoin(track.source_assets(), ", "), output);
  for (const SourceChange& change : track.source_changes()) {
    output.Line(fmt::format("  {} {}, {}", change.asset(), ChangeText(change.kind()),
                            output.TimeText(rpc::FromTimestamp(change.time()))));
  }
  const Story& story = track.story();
  ShowNamed("hook", story.hook(), output);
  ShowNamed("before", story.before(), output);
  ShowNamed("after", story.after(), output);
  ShowNamed("number", story.number(), output);
  ShowNamed("question", story.question(), output);
  ShowNamed("avoid", absl::StrJoin(track.avoid(), "; "), output);
  ShowNamed("rubric", track.rubric().name(), output);
  ShowMessages(track, output);
  ShowTelling("15 seconds", story.telling_short(), output);
  ShowTelling("60 seconds", story.telling_medium(), output);
  ShowTelling("180 seconds", story.telling_long(), output);
  for (const Example& example : examples) {
    output.Line();
    output.Line(fmt::format("example     {} ({}, {} turns{})  {}", example.title(),
                            ProvenanceText(example.provenance()), example.turn_count(),
                            example.has_expire_time()
                                ? ", until " + output.TimeText(rpc::FromTimestamp(example.expire_time()))
                                : "",
                            example.name()));
  }
  if (track.missing().empty()) return;
  output.Line();
  output.Line("It lacks:");
  for (const std::string& missing : track.missing()) output.Line("  " + missing);
}

void ShowCues(const google::protobuf::RepeatedPtrField<CueReading>& cues, Output& output) {
  Table table({{"MESSAGE"},
               {"CUE", Align::kLeft, true},
               {"LOOKS FOR", Align::kLeft, true},
               {"ENOUGH", Align::kRight}});
  for (const CueReading& cue : cues) {
    table.Add({cue.message(), cue.cue(), absl::StrJoin(cue.stems(), " "),
               cue.exact() ? "all" : fmt::format("{} of {}", cue.needed_words(), cue.words_size())});
  }
  output.Show(table);
}

void ShowAnalysis(const Analysis& analysis, Output& output) {
  if (analysis.has_score()) {
    int covered = 0;
    for (const MessageFinding& message : analysis.messages()) covered += message.covered() ? 1 : 0;
    const bool held = analysis.score() < analysis.uncapped_score();
    output.Line(fmt::format(
        "coverage {} of {} messages, {:.2f} by weight   score {:.1f}{}", covered, analysis.messages_size(),
        analysis.coverage(), analysis.score(),
        held ? fmt::format(" ({:.1f}, held at 7: a required message is missing)", analysis.uncapped_score())
             : ""));
    for (const MessageFinding& message : analysis.messages()) ShowMessage(message, output);
    for (const Finding& finding : analysis.avoided())
      output.Line(fmt::format("  ! {:<16}{}", "avoid", PlaceOf(finding)));
    if (analysis.has_order()) output.Line(fmt::format("  order           {}", Percent(analysis.order())));
  }
  output.Line(fmt::format("  advice          {}", AdviceOf(analysis)));
  for (const std::string& note : analysis.delivery().notes())
    output.Line(fmt::format("                  {}", note));
  for (const std::string& note : analysis.notes()) output.Note(note);
}

}  // namespace finalmile::cli
