#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct rd_kafka_s;
struct rd_kafka_conf_s;

namespace finalmile::bench::by_hand {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Ends the process, with `what` on standard error: a reference recovers from nothing.
[[noreturn]] void Fail(std::string_view what);

// A configuration of librdkafka for the broker at `servers` ("host:port"), with these properties.
rd_kafka_conf_s* NewKafkaConf(const std::string& servers,
                              const std::vector<std::pair<const char*, const char*>>& properties);

// What waits for a record to be stored.
class Waiting {
 public:
  virtual ~Waiting() = default;
  // Called once, on the producer's thread, when the record is stored for good.
  virtual void Delivered() = 0;
};

// librdkafka's producer with acks=all, and one thread for its delivery reports. A record that cannot be
// stored ends the process. Thread-safe.
class Producer {
 public:
  explicit Producer(const std::string& servers);
  // Waits for ten seconds at most until every record is stored.
  ~Producer();

  // Returns at once, but while the queue of 100,000 records is full. The order per key is that of the calls.
  // `waiting` must live until it is called.
  void Produce(const std::string& topic, std::string_view key, std::string_view value, const Headers& headers,
               Waiting& waiting);

 private:
  rd_kafka_s* client_;
  std::atomic<bool> stop_ = false;
  std::thread reports_;
};

}  // namespace finalmile::bench::by_hand
