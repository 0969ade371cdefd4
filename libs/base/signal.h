#pragma once

namespace finalmile {

// What somebody wants set when there may be news for them. Thread-safe. Set is called on any thread, holds it
// up for microseconds only, and may call back the one who sets it: so nobody sets a signal while holding a
// lock.
class Signal {
 public:
  virtual ~Signal() = default;
  virtual void Set() = 0;
};

}  // namespace finalmile
