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
    "LIFT: meetings held above expected, per matured use, with its 95 % interval: association, not effect.";

std::string MatchText(const Use& use) {
  switch (use.match()) {
    case Use::MATCH_TOKEN:
      return "by its token";
    case Use::MATCH_NEAR_COPY:
      return "nearly a copy";
    case Use::MATCH_EDITED:
      return "edited";
    default:
      return "own material";
  }
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

}  // namespace

std::string GapName(const std::string& text) { return text.starts_with("gaps/") ? text : "gaps/" + text; }

std::string LiftText(const AssetPerformance& performance) {
  if (performance.matured() == 0) return "-";
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
    lifts = lifts || one.performance().matured() > 0;
    table.Add({EnumText(RecommendAssetsResponse::Slot_Name(one.slot()), "SLOT_"),
               KindText(one.asset().kind()), one.asset().title(), FormatCount(one.performance().used()),
               FormatCount(one.performance().held()), LiftText(one.performance()), one.reason(),
               one.asset().name()});
  }
  output.Show(table);
  if (!lifts) return;
  output.Line();
  output.Line(kLiftText);
}

void ShowUse(const Use& use, Output& output) {
  std::string line = use.asset().empty() ? "Recorded: none of our assets"
                                         : fmt::format("Recorded: {}, version {}, {}", use.asset(),
                                                       FormatCount(use.version()), MatchText(use));
  if (use.similarity() > 0) line += fmt::format(", {:.0f} % of it kept", 100 * use.similarity());
  output.Line(line);
  if (!use.gap().empty()) output.Line(fmt::format("Counted for {}", use.gap()));
  if (!use.misuses().empty()) output.Line(fmt::format("Misused: {}", MisusesText(use)));
}

void ShowPerformance(const std::vector<AssetPerformance>& versions, Output& output) {
  Table table({{"VERSION", Align::kRight},
               {"OFFERED", Align::kRight},
               {"USED", Align::kRight},
               {"VIEWED", Align::kRight},
               {"RATING", Align::kRight},
               {"SET", Align::kRight},
               {"HELD", Align::kRight},
               {"EXPECTED", Align::kRight},
               {"LIFT", Align::kRight},
               {"EFFECT", Align::kRight}});
  bool randomised = false;
  for (const AssetPerformance& version : versions) {
    const AssetPerformance::Incremental& effect = version.incremental();
    randomised = randomised || version.has_incremental();
    table.Add({FormatCount(version.version()), FormatCount(version.offered()), FormatCount(version.used()),
               ViewsText(version), RatingText(version), FormatCount(version.set()),
               FormatCount(version.held()), FormatPoints(version.expected()), LiftText(version),
               version.has_incremental() ? Interval(effect.value(), effect.low(), effect.high()) : "-"});
  }
  output.Show(table);
  output.Line();
  output.Line(kLiftText);
  output.Line(
      randomised ? "EFFECT: held per offer, less held where it was withheld, both drawn at random."
                 : "EFFECT: not known before 10 offers and 10 withheld ones, drawn at random, have matured.");
}

void ShowShelf(const ListUnusedAssetsResponse& figures,
               const std::vector<ListUnusedAssetsResponse::Item>& items, Output& output) {
  const int64_t days = ToDuration(figures.window()) / absl::Hours(24);
  if (figures.shelf() == 0) {
    output.Line(fmt::format("No asset was live for 30 of the last {} days: there is no shelf yet.", days));
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

void ShowMisuses(const std::vector<Use>& uses, Output& output) {
  Table table({{"USED"}, {"WHY", Align::kLeft, true}, {"REP"}, {"CHANNEL"}, {"MATCH"}, {"LEAD"}, {"ASSET"}});
  for (const Use& use : uses) {
    table.Add({output.TimeText(rpc::FromTimestamp(use.use_time())), MisusesText(use), use.rep(),
               use.channel(), MatchText(use), use.lead(), use.asset()});
  }
  output.Show(table);
}

}  // namespace finalmile::cli
