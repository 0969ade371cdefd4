#include "libs/storage/subscribers.h"

#include <utility>

namespace finalmile::storage {

class Subscribers::Entry final : public Subscription {
 public:
  Entry(Subscribers& owner, std::string channel, WaitEvent& event)
      : owner_(owner), channel_(std::move(channel)), event_(event) {}

  ~Entry() override {
    std::lock_guard lock(owner_.mutex_);
    auto channel = owner_.events_.find(channel_);
    channel->second.erase(channel->second.find(&event_));
    if (channel->second.empty()) owner_.events_.erase(channel);
  }

 private:
  Subscribers& owner_;
  const std::string channel_;
  WaitEvent& event_;
};

std::unique_ptr<Subscription> Subscribers::Add(std::string_view channel, WaitEvent& event) {
  std::string name(channel);
  std::lock_guard lock(mutex_);
  events_[name].insert(&event);
  return std::make_unique<Entry>(*this, std::move(name), event);
}

void Subscribers::Set(std::string_view channel) {
  std::lock_guard lock(mutex_);
  const auto found = events_.find(channel);
  if (found == events_.end()) return;
  for (WaitEvent* event : found->second) event->Set();
}

void Subscribers::SetAll() {
  std::lock_guard lock(mutex_);
  for (const auto& [channel, events] : events_) {
    for (WaitEvent* event : events) event->Set();
  }
}

bool Subscribers::empty() const {
  std::lock_guard lock(mutex_);
  return events_.empty();
}

}  // namespace finalmile::storage
