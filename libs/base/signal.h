#pragma once

namespace finalmile {

// What somebody wants set when there may be news for them. Thread-safe. Set is called on any thread, holds it
// up for microseconds only, and may call back the one who sets it: so who sets a signal of somebody else
// holds no lock meanwhile.
class Signal {
 public:
  virtual ~Signal() = default;
  virtual void Set() = 0;
};

}  // namespace finalmile
