#include "libs/events/kafka/foreign.h"

#include <librdkafka/rdkafka.h>

#include "libs/base/status.h"
#include "libs/events/kafka/client.h"

namespace finalmile::events::kafka {
namespace {

// Null for what is absent, never for what is empty.
void* DataOf(const std::optional<std::string>& bytes) {
  return bytes ? const_cast<char*>(bytes->data()) : nullptr;
}
size_t SizeOf(const std::optional<std::string>& bytes) { return bytes ? bytes->size() : 0; }

}  // namespace

absl::Status AppendForeign(const Config& config, const ForeignRecord& record, absl::Duration timeout) {
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, {{"acks", "all"}, {"partitioner", "murmur2_random"}}));
  int failed = 0;
  rd_kafka_conf_set_opaque(conf.get(), &failed);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* error) {
    *static_cast<int*>(error) = message->err;
  });
  ASSIGN_OR_RETURN(const Client client, NewClient(Role::kProducer, std::move(conf)));
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), DataOf(value),
                        static_cast<ssize_t>(SizeOf(value)));
  }
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client.get(), RD_KAFKA_V_TOPIC(record.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(DataOf(record.key), SizeOf(record.key)),
      RD_KAFKA_V_VALUE(DataOf(record.value), SizeOf(record.value)), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_END);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_headers_destroy(headers);
    return ToStatus(error, "append a foreign record");
  }
  const rd_kafka_resp_err_t flushed =
      rd_kafka_flush(client.get(), static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  return ToStatus(flushed != RD_KAFKA_RESP_ERR_NO_ERROR ? flushed : failed, "append a foreign record");
}

}  // namespace finalmile::events::kafka
