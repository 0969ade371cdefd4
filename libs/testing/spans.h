#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/span.h"

namespace finalmile::testing {

// Keeps every span. Thread-safe.
class CapturingSpans final : public SpanSink {
 public:
  void Take(SpanRecord span) override {
    std::lock_guard lock(mutex_);
    spans_.push_back(std::move(span));
  }
  void LeftOut(int64_t spans) override {
    std::lock_guard lock(mutex_);
    left_out_ += spans;
  }

  // In the order in which they ended.
  std::vector<SpanRecord> all() const {
    std::lock_guard lock(mutex_);
    return spans_;
  }
  std::vector<SpanRecord> Named(const std::string& name) const {
    std::vector<SpanRecord> named;
    for (SpanRecord& span : all()) {
      if (span.name == name) named.push_back(std::move(span));
    }
    return named;
  }
  int64_t left_out() const {
    std::lock_guard lock(mutex_);
    return left_out_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<SpanRecord> spans_;
  int64_t left_out_ = 0;
};

}  // namespace finalmile::testing
