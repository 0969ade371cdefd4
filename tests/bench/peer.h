#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile::bench {

// How long a peer is under load before anything counts, at the sizes of the design or at short ones: HotSpot
// compiles meanwhile.
inline absl::Duration PeerWarmUp(bool full) { return absl::Seconds(full ? 120 : 60); }

// A Java program of tests/bench/peers (see its Commands), which runs where the system puts it. It ends with
// this. Not thread-safe.
class Peer {
 public:
  // `main` is the class; `heap` the size of its heap, as "1g". NOT_FOUND: it has not been built (`make
  // bench-peers`).
  static absl::StatusOr<std::unique_ptr<Peer>> Start(Clock& clock, std::string_view main,
                                                     std::string_view heap,
                                                     const std::vector<std::string>& arguments,
                                                     const std::string& log);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Sends a command.
  absl::Status Say(std::string_view command);
  // The rest of the next line, which has to begin with `word`. DEADLINE_EXCEEDED after `limit`; UNAVAILABLE
  // when the peer has ended; INTERNAL with what it answered instead.
  absl::StatusOr<std::string> Hear(std::string_view word, absl::Duration limit);
  // Both; the peer has limits of its own below this.
  absl::StatusOr<std::string> Ask(std::string_view command);

 private:
  Peer(Clock& clock, std::string log) : clock_(clock), log_(std::move(log)) {}
  absl::StatusOr<std::string> ReadLine(absl::Duration deadline);

  Clock& clock_;
  const std::string log_;
  pid_t pid_ = -1;
  // Both ways.
  int line_ = -1;
  std::string unread_;
};

}  // namespace finalmile::bench
