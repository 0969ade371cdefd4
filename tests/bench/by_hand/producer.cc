#include "tests/bench/by_hand/producer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>

namespace finalmile::bench::by_hand {

void Fail(std::string_view what) {
  fmt::print(stderr, "by hand: {}\n", what);
  std::_Exit(1);
}

rd_kafka_conf_s* NewKafkaConf(const std::string& servers,
                              const std::vector<std::pair<const char*, const char*>>& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) Fail(error);
  };
  set("bootstrap.servers", servers.c_str());
  set("socket.nagle.disable", "true");
  set("allow.auto.create.topics", "false");
  for (const auto& [name, value] : properties) set(name, value);
  return conf;
}

Producer::Producer(const std::string& servers) {
  rd_kafka_conf_t* conf = NewKafkaConf(servers, {{"enable.idempotence", "true"},
                                                 {"acks", "all"},
                                                 {"max.in.flight.requests.per.connection", "1"},
                                                 {"partitioner", "murmur2_random"},
                                                 {"linger.ms", "0"}});
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(rd_kafka_err2str(message->err));
    static_cast<Waiting*>(message->_private)->Delivered();
  });
  char error[512];
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
  if (client_ == nullptr) Fail(error);
  reports_ = std::thread([this] {
    while (!stop_) rd_kafka_poll(client_, 100);
  });
}

Producer::~Producer() {
  rd_kafka_flush(client_, 10'000);
  stop_ = true;
  reports_.join();
  rd_kafka_destroy(client_);
}

void Producer::Produce(const std::string& topic, std::string_view key, std::string_view value,
                       const Headers& headers, Waiting& waiting) {
  for (;;) {
    rd_kafka_headers_t* copy = rd_kafka_headers_new(headers.size());
    for (const auto& [name, text] : headers) {
      rd_kafka_header_add(copy, name.data(), static_cast<ssize_t>(name.size()), text.data(),
                          static_cast<ssize_t>(text.size()));
    }
    const rd_kafka_resp_err_t error =
        rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(const_cast<char*>(key.data()), key.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                          RD_KAFKA_V_HEADERS(copy), RD_KAFKA_V_OPAQUE(&waiting), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    rd_kafka_headers_destroy(copy);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) Fail(rd_kafka_err2str(error));
    std::this_thread::yield();
  }
}

}  // namespace finalmile::bench::by_hand
