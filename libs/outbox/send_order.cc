#include "libs/outbox/send_order.h"

#include <iterator>

namespace finalmile::outbox {

SendOrder::Ticket SendOrder::TicketOf(const CommittedEvent& event) {
  const events::Message& message = event.message;
  return {event.id,
          {message.topic, message.key},
          static_cast<int64_t>(message.topic.size() + message.key.size() + message.value.size())};
}

bool SendOrder::Accept(const CommittedEvent& event, int64_t bytes) const {
  return bytes_ + bytes <= most_bytes_ && (!event.before || known_.contains(*event.before));
}

std::vector<CommittedEvent> SendOrder::Take(std::vector<CommittedEvent> events) {
  std::vector<CommittedEvent> now;
  // Keys of this transaction: whether the last event was taken, and whether it goes now.
  struct Seen {
    bool taken = false;
    bool now = false;
  };
  std::map<Key, Seen> seen;
  for (CommittedEvent& event : events) {
    Ticket ticket = TicketOf(event);
    const auto [place, first] = seen.try_emplace(ticket.key);
    Seen& key = place->second;
    // The later ones of a transaction saw the same rows as the first one.
    key.taken = (first || key.taken) && Accept(event, ticket.bytes);
    if (!key.taken) {
      ++left_;
      continue;
    }
    bytes_ += ticket.bytes;
    known_.insert(event.id);
    if (first) key.now = lines_.try_emplace(ticket.key).second;
    (key.now ? now : lines_[ticket.key]).push_back(std::move(event));
  }
  return now;
}

std::vector<CommittedEvent> SendOrder::Acknowledge(const std::vector<Ticket>& tickets) {
  std::vector<CommittedEvent> next;
  std::set<Key> keys;
  for (const Ticket& ticket : tickets) {
    bytes_ -= ticket.bytes;
    sent_.push_back(ticket.id);
    keys.insert(ticket.key);
  }
  for (const Key& key : keys) {
    const auto line = lines_.find(key);
    if (line->second.empty()) {
      lines_.erase(line);
      continue;
    }
    std::move(line->second.begin(), line->second.end(), std::back_inserter(next));
    line->second.clear();
  }
  return next;
}

void SendOrder::LeaveToRelay(const std::vector<Ticket>& tickets) {
  for (const Ticket& ticket : tickets) {
    bytes_ -= ticket.bytes;
    known_.erase(ticket.id);
    ++left_;
    const auto line = lines_.find(ticket.key);
    if (line == lines_.end()) continue;
    for (const CommittedEvent& event : line->second) {
      bytes_ -= TicketOf(event).bytes;
      known_.erase(event.id);
      ++left_;
    }
    lines_.erase(line);
  }
}

std::vector<int64_t> SendOrder::TakeSent() {
  std::vector<int64_t> ids(sent_.begin(), sent_.end());
  sent_.clear();
  return ids;
}

void SendOrder::PutBack(const std::vector<int64_t>& ids) {
  sent_.insert(sent_.begin(), ids.begin(), ids.end());
}

void SendOrder::Deleted(const std::vector<int64_t>& ids) {
  deleted_.insert(deleted_.end(), ids.begin(), ids.end());
  while (deleted_.size() > kRemembered) {
    known_.erase(deleted_.front());
    deleted_.pop_front();
  }
}

}  // namespace finalmile::outbox
