#pragma once

#include <span>
#include <string_view>

namespace finalmile::cli {

// The file of a talk track, by which its name is made, and the situation that it is for.
inline constexpr std::string_view kSampleTrackFile = "several-sites.md";
inline constexpr std::string_view kSampleSituation = "several-sites";
// The track, in the form of that file: complete, so that it can be published.
std::string_view SampleTrack();

struct SampleTurn {
  bool rep = false;
  std::string_view text;
};
// The track in role; a rep's first try at it, which leaves out what is required; and one that says it all.
std::span<const SampleTurn> SampleExample();
std::span<const SampleTurn> FirstTry();
std::span<const SampleTurn> Practised();

}  // namespace finalmile::cli
