#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/replicas.h"
#include "tests/chaos/clients.h"

namespace finalmile::chaos {

// Two replicas of finalmile-appointments on a real PostgreSQL and a real Kafka; clients that book, move and
// cancel meetings with one host, at few enough times to be in each other's way, and remember what they were
// answered.
class Bookings {
 public:
  // `store` as the replicas reach it and `sound_store` past what the test breaks are one empty database.
  static absl::StatusOr<std::unique_ptr<Bookings>> Start(const std::string& store,
                                                         const std::string& sound_store,
                                                         testing::KafkaBroker& kafka);

  testing::Replicas& replicas() { return *replicas_; }
  Clients& clients() { return *clients_; }

  // Clients write until they are stopped, each call with a request id.
  void StartClients(int clients);

  struct Counts {
    int64_t booked = 0;
    int64_t moved = 0;
    int64_t cancelled = 0;
    // Who wanted a time that somebody else had.
    int64_t taken = 0;
  };
  // Holds the store and the topic against what the clients remember, once they are stopped: each answer is
  // stored once with its event, no two meetings overlap, and whoever was refused was offered other times. The
  // error says what is lost, doubled or missing.
  absl::StatusOr<Counts> Check();

 private:
  // A meeting as its client knows it.
  struct Meeting {
    std::string name;
    int64_t sequence = 0;
    absl::Time start;
    bool cancelled = false;
  };

  Bookings() = default;
  void Write(int client, int64_t turn);
  void Book(int client, int64_t turn);
  void Move(int client, int64_t turn, Meeting& meeting);
  void Cancel(int client, int64_t turn, Meeting& meeting);
  absl::Status Call(std::string_view method, const google::protobuf::Message& request, int64_t turn,
                    google::protobuf::Message& response);
  // Whether the answer is that somebody has the time, and says what is free.
  void Lost(const absl::Status& answer);
  absl::Time SomeTime();
  absl::Status CheckStore();
  absl::Status CheckTopic();

  std::string log_path_;
  std::unique_ptr<testing::Replicas> replicas_;
  absl::Time first_time_;
  std::vector<std::vector<Meeting>> meetings_;
  std::atomic<int64_t> booked_ = 0;
  std::atomic<int64_t> moved_ = 0;
  std::atomic<int64_t> cancelled_ = 0;
  std::atomic<int64_t> taken_ = 0;
  // Ends before what it writes to.
  std::unique_ptr<Clients> clients_;
};

std::ostream& operator<<(std::ostream& out, const Bookings::Counts& counts);

}  // namespace finalmile::chaos
