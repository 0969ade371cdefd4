#include "services/finalmile/commands/show_usage.h"

#include <fmt/format.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

constexpr std::string_view kLiftText =
    "LIFT: meetings held above what other assets lead to in the same grade and stage, per matured use, with "
    "its "
    "95 % interval; unknown below 10 matured uses. It is association, not effect.";
constexpr std::string_view kMaturedText =
    "MATURED: uses that are 30 days old. HELD and EXPECTED are of these; several uses with one lead count as "
    "one.";
constexpr std::string_view kEffectText =
    "EFFECT: held per trial where chance offered an asset, less where chance withheld it for the lead's "
    "cycle; "
    "unknown below 10 of each.";

std::string MatchText(const Use& use) {
  switch (use.match()) {
    case Use::MATCH_TOKEN:
      return "by its token";
    case Use::MATCH_NEAR_COPY:
      return "nearly a copy";
    case Use::MATCH_EDITED:
      return "edited";
    default:
      return "own words";
  }
}

// "62 % of its wording kept"
std::string KeptText(const Use& use) {
  if (use.similarity() <= 0) return "";
  const std::string share = fmt::format("{:.0f} %", 100 * use.similarity());
  return use.asset().empty() ? fmt::format("they keep {} of the wording of the nearest asset", share)
                             : fmt::format("{} of the asset's wording kept", share);
}

std::string MisusesText(const Use& use) {
  std::vector<std::string> texts;
  for (const int misuse : use.misuses())
    texts.push_back(EnumText(Misuse_Name(static_cast<Misuse>(misuse)), "MISUSE_"));
  return absl::StrJoin(texts, ", ");
}

// "+3.1 % (-1.2 to +7.5)"
std::string Interval(double value, double low, double high) {
  return fmt::format("{:+.1f} % ({:+.1f} to {:+.1f})", 100 * value, 100 * low, 100 * high);
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string RatingText(const AssetPerformance& performance) {
  if (performance.ratings() == 0) return "-";
  return fmt::format("{:.1f} of {}", performance.rating(), FormatCount(performance.ratings()));
}

std::string ViewsText(const AssetPerformance& performance) {
  if (performance.viewed() == 0) return "0";
  return fmt::format("{} ({})", FormatCount(performance.viewed()),
                     FormatElapsed(ToDuration(performance.viewed_time())));
}

// "12.0" or "-".
std::string PointsOr(bool known, double points) { return known ? FormatPoints(points) : "-"; }
std::string CountOr(bool known, int64_t count) { return known ? FormatCount(count) : "-"; }

// Uses have matured, but no meeting is on record.
bool LacksMeetings(const AssetPerformance& performance) {
  return performance.matured() > 0 && !performance.has_held();
}

std::string EffectValue(const Effect& effect) {
  return effect.has_value() ? Interval(effect.value(), effect.low(), effect.high()) : "unknown";
}

std::string HeldOf(bool known, int64_t held, int64_t trials) {
  return fmt::format("{} of {}", CountOr(known, held), FormatCount(trials));
}

void ShowMeaning(bool lacks_meetings, Output& output) {
  output.Line();
  if (lacks_meetings) {
    output.Line("No meeting was recorded, so it is not known what any use led to (HELD, EXPECTED, LIFT).");
    return;
  }
  output.Line(kMaturedText);
  output.Line(kLiftText);
}

// What the asker hears of a gap.
std::string BecameText(const Gap& gap) {
  switch (gap.state()) {
    case Gap::GAP_STATE_OPEN:
      return "nobody has answered yet";
    case Gap::GAP_STATE_ACCEPTED:
      return "it will be made";
    case Gap::GAP_STATE_SHIPPED:
      return fmt::format("made: finalmile show {}", gap.asset());
    case Gap::GAP_STATE_USED:
      return fmt::format("made, and used: finalmile show {}", gap.asset());
    case Gap::GAP_STATE_DECLINED:
      return gap.reason().empty() ? "declined" : fmt::format("declined: {}", gap.reason());
    default:
      return EnumText(Gap::GapState_Name(gap.state()), "GAP_STATE_");
  }
}

template <class Effects>
void ShowEffects(const Effects& effects, Output& output) {
  if (effects.empty()) return;
  Table table({{"OFFERING"},
               {"HELD OF OFFERED", Align::kRight},
               {"HELD OF WITHHELD", Align::kRight},
               {"EFFECT", Align::kRight}});
  for (const Effect& effect : effects) {
    table.Add({effect.kind() == ASSET_KIND_UNSPECIFIED ? "any kind" : KindText(effect.kind()),
               HeldOf(effect.has_offered_held(), effect.offered_held(), effect.offered()),
               HeldOf(effect.has_withheld_held(), effect.withheld_held(), effect.withheld()),
               EffectValue(effect)});
  }
  output.Line();
  output.Show(table);
  output.Line();
  output.Line(kEffectText);
}

}  // namespace

std::string GapName(const std::string& text) { return text.starts_with("gaps/") ? text : "gaps/" + text; }

std::string LiftText(const AssetPerformance& performance) {
  if (performance.matured() == 0) return "-";
  if (!performance.has_lift()) return "unknown";
  return Interval(performance.lift(), performance.lift_low(), performance.lift_high());
}

void ShowRecommendations(const RecommendAssetsResponse& response, Output& output) {
  Table table({{"SLOT"},
               {"KIND"},
               {"TITLE", Align::kLeft, true},
               {"USED", Align::kRight},
               {"HELD", Align::kRight},
               {"LIFT", Align::kRight},
               {"WHY", Align::kLeft, true},
               {"ASSET"}});
  if (response.recommendations().empty()) return;
  bool lifts = false;
  for (const auto& one : response.recommendations()) {
    lifts = lifts || one.performance().has_lift();
    table.Add({EnumText(RecommendAssetsResponse::Slot_Name(one.slot()), "SLOT_"),
               KindText(one.asset().kind()), one.asset().title(), FormatCount(one.performance().used()),
               CountOr(one.performance().has_held(), one.performance().held()), LiftText(one.performance()),
               one.reason(), one.asset().name()});
  }
  output.Show(table);
  if (!lifts) return;
  output.Line();
  output.Line(kLiftText);
}

void ShowUse(const Use& use, Output& output) {
  std::string line = use.asset().empty() ? "Recorded: own words, none of our assets"
                                         : fmt::format("Recorded: {}, version {}, {}", use.asset(),
                                                       FormatCount(use.version()), MatchText(use));
  if (const std::string kept = KeptText(use); !kept.empty()) line += ", " + kept;
  output.Line(line);
  if (!use.gap().empty())
    output.Line(fmt::format("These words went to three leads by now: they count for {}", use.gap()));
  if (!use.misuses().empty()) output.Line(fmt::format("Misused: {}", MisusesText(use)));
}

void ShowPerformance(const GetAssetPerformanceResponse& response, Output& output) {
  Table table({{"VERSION", Align::kRight},
               {"OFFERED", Align::kRight},
               {"USED", Align::kRight},
               {"VIEWED", Align::kRight},
               {"RATING", Align::kRight},
               {"MATURED", Align::kRight},
               {"SET", Align::kRight},
               {"HELD", Align::kRight},
               {"EXPECTED", Align::kRight},
               {"LIFT", Align::kRight}});
  bool lacks_meetings = false;
  for (const AssetPerformance& version : response.versions()) {
    lacks_meetings = lacks_meetings || LacksMeetings(version);
    table.Add({FormatCount(version.version()), FormatCount(version.offered()), FormatCount(version.used()),
               ViewsText(version), RatingText(version), FormatCount(version.matured()),
               CountOr(version.has_set(), version.set()), CountOr(version.has_held(), version.held()),
               PointsOr(version.has_expected(), version.expected()), LiftText(version)});
  }
  output.Show(table);
  ShowMeaning(lacks_meetings, output);
  if (response.has_effect()) ShowEffects(std::vector<Effect>{response.effect()}, output);
}

void ShowAllPerformance(const ListAssetPerformanceResponse& figures,
                        const std::vector<ListAssetPerformanceResponse::Item>& items, Output& output) {
  if (items.empty()) return;
  Table table({{"LIFT", Align::kRight},
               {"MATURED", Align::kRight},
               {"HELD", Align::kRight},
               {"EXPECTED", Align::kRight},
               {"USED", Align::kRight},
               {"OFFERED", Align::kRight},
               {"VIEWED", Align::kRight},
               {"RATING", Align::kRight},
               {"KIND"},
               {"TITLE", Align::kLeft, true},
               {"ASSET"}});
  bool lacks_meetings = false;
  for (const ListAssetPerformanceResponse::Item& item : items) {
    const AssetPerformance& one = item.performance();
    lacks_meetings = lacks_meetings || LacksMeetings(one);
    table.Add({LiftText(one), FormatCount(one.matured()), CountOr(one.has_held(), one.held()),
               PointsOr(one.has_expected(), one.expected()), FormatCount(one.used()),
               FormatCount(one.offered()), ViewsText(one), RatingText(one), KindText(item.asset().kind()),
               item.asset().title(), item.asset().name()});
  }
  output.Show(table);
  ShowMeaning(lacks_meetings, output);
  ShowEffects(figures.effects(), output);
}

void ShowShelf(const ListUnusedAssetsResponse& figures,
               const std::vector<ListUnusedAssetsResponse::Item>& items, Output& output) {
  const int64_t days = ToDuration(figures.window()) / absl::Hours(24);
  if (figures.shelf() == 0) {
    output.Line(fmt::format("No asset was live for 30 of the last {} days: there is no shelf yet.", days));
    return;
  }
  if (!figures.has_rate()) {
    output.Line(
        fmt::format("{} assets are on the shelf. No use was recorded in the last {} days, so it is not known "
                    "which of them are "
                    "used. Record what is sent with `finalmile use`, or let the mail gateway call RecordUse.",
                    FormatCount(figures.shelf()), days));
    return;
  }
  output.Line(fmt::format(
      "Shelf rate: {:.1f} % of {} assets unused or misused in the last {} days, beside the 90 % line.",
      100 * figures.rate(), FormatCount(figures.shelf()), days));
  output.Line(
      fmt::format("{} unused, {} misused.", FormatCount(figures.unused()), FormatCount(figures.misused())));
  if (items.empty()) return;
  output.Line();
  Table table(
      {{"LAST USED"}, {"MISUSES", Align::kRight}, {"KIND"}, {"TITLE", Align::kLeft, true}, {"ASSET"}});
  for (const ListUnusedAssetsResponse::Item& item : items) {
    table.Add({item.has_last_use_time() ? output.TimeText(rpc::FromTimestamp(item.last_use_time())) : "never",
               FormatCount(item.misuses()), KindText(item.asset().kind()), item.asset().title(),
               item.asset().name()});
  }
  output.Show(table);
}

void ShowGaps(const std::vector<Gap>& gaps, Output& output) {
  Table table({{"ASKED", Align::kRight},
               {"STATE"},
               {"FROM"},
               {"NEED", Align::kLeft, true},
               {"SITUATION", Align::kLeft, true},
               {"COMPETITOR"},
               {"ANSWER", Align::kLeft, true},
               {"GAP"}});
  for (const Gap& gap : gaps) {
    table.Add({FormatCount(gap.count()), EnumText(Gap::GapState_Name(gap.state()), "GAP_STATE_"),
               EnumText(Gap::Origin_Name(gap.origin()), "ORIGIN_"),
               gap.need().empty() ? "(erased)" : gap.need(), gap.situation(), gap.competitor(),
               gap.asset().empty() ? gap.reason() : gap.asset(), gap.name()});
  }
  output.Show(table);
}

void ShowAskedGaps(const std::vector<Gap>& gaps, Output& output) {
  if (gaps.empty()) return;
  Table table({{"ASKED"}, {"NEED", Align::kLeft, true}, {"WHAT BECAME OF IT", Align::kLeft, true}, {"GAP"}});
  for (const Gap& gap : gaps) {
    table.Add({output.TimeText(rpc::FromTimestamp(gap.create_time())),
               gap.need().empty() ? "(erased)" : gap.need(), BecameText(gap), gap.name()});
  }
  output.Show(table);
}

void ShowMisuses(const std::vector<Use>& uses, Output& output) {
  Table table({{"USED"},
               {"WHY", Align::kLeft, true},
               {"REP"},
               {"CHANNEL"},
               {"MATCH"},
               {"KEPT OF ASSET", Align::kRight},
               {"LEAD"},
               {"ASSET"}});
  for (const Use& use : uses) {
    table.Add({output.TimeText(rpc::FromTimestamp(use.use_time())), MisusesText(use), use.rep(),
               use.channel(), MatchText(use),
               use.similarity() > 0 ? fmt::format("{:.0f} %", 100 * use.similarity()) : "-", use.lead(),
               use.asset()});
  }
  output.Show(table);
}

void NoteStageIsTheLeads(Output& output) {
  output.Note("--stage and --grade are ignored: the lead's events say them.");
}

}  // namespace finalmile::cli
