#include "absl/synchronization/mutex.h"
#include "services/finalmile/run.h"

int main(int argc, char** argv) {
  // Debian builds Abseil with its watch for cycles of locks on. gRPC pays for it with every lock it takes.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return finalmile::cli::Main(argc, argv);
}
