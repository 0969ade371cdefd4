#include "libs/outbox/chunk.h"

#include <algorithm>

namespace finalmile::outbox {

ChunkSize::ChunkSize(int most) : most_(most), rows_(std::max(most / 8, 1)) {}

void ChunkSize::Took(absl::Duration duration, bool full) {
  if (duration > kTarget) {
    rows_ = std::max(rows_ / 2, 1);
  } else if (full && duration < kTarget / 2) {
    rows_ = std::min(rows_ + std::max(rows_ / 8, 1), most_);
  }
}

}  // namespace finalmile::outbox
