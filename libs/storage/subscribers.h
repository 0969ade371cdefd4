#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/storage/database.h"

namespace finalmile::storage {

// The events of this process that wait for notifications, by channel. Thread-safe; outlives its
// subscriptions.
class Subscribers {
 public:
  std::unique_ptr<Subscription> Add(std::string_view channel, WaitEvent& event);
  // Sets the events of one channel.
  void Set(std::string_view channel);
  // Sets every event: notifications may have been missed.
  void SetAll();
  bool empty() const;

 private:
  class Entry;

  // Held while events are set: an event may go away as soon as its subscription has.
  mutable std::mutex mutex_;
  std::map<std::string, std::multiset<WaitEvent*>, std::less<>> events_;
};

}  // namespace finalmile::storage
