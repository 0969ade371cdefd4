#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/bench/report.h"
#include "tests/bench/world.h"

namespace finalmile::bench {

struct Options {
  // The sizes of the design rather than those that end in ten minutes.
  bool full = false;
  int pairs = 5;
};

// How long a round lasts in which clients call as fast as they can (P7, P11).
inline absl::Duration RoundOfCalls(const Options& options) {
  return options.full ? absl::Seconds(10) : absl::Seconds(3);
}
// Such rounds warm the broker for about 15 seconds of each run, and for a minute at most.
inline absl::Status WarmUpByCalls(const Options& options, const std::vector<Run>& runs) {
  return WarmUp(options.full ? 2 : 5, options.full ? 6 : 20, runs);
}

// Each measures a row of the design's speed table and adds its lines.

// P1, P2: GetAsset of a hot asset. P3: of one that Redis holds.
absl::Status MeasureHotAsset(World& world, const Options& options, Report& report);
// P4: scoring a backlog of activities.
absl::Status MeasureBacklog(World& world, const Options& options, Report& report);
// P5: from an activity to its LeadBecameSalesReady.
absl::Status MeasureCrossing(World& world, const Options& options, Report& report);
// P6: import over gRPC.
absl::Status MeasureImport(World& world, const Options& options, Report& report);
// P7: RecordActivity with a durable answer.
absl::Status MeasureRecord(World& world, const Options& options, Report& report);
// P8: the top 100.
absl::Status MeasureTop(World& world, const Options& options, Report& report);
// P9: search.
absl::Status MeasureSearch(World& world, const Options& options, Report& report);
// P11: booking meetings with one host.
absl::Status MeasureBooking(World& world, const Options& options, Report& report);
// P4, P5 and P9 beside peers that others have written: Kafka Streams and Lucene (peers/README.md).
absl::Status MeasurePeerBacklog(World& world, const Options& options, Report& report);
absl::Status MeasurePeerCrossing(World& world, const Options& options, Report& report);
absl::Status MeasurePeerSearch(World& world, const Options& options, Report& report);
// P12: building; `clean` takes minutes.
absl::Status MeasureBuild(bool clean, Report& report);

}  // namespace finalmile::bench
