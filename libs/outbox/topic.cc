#include "libs/outbox/topic.h"

#include <cstdio>
#include <cstdlib>

#include "finalmile/v1/annotations.pb.h"

namespace finalmile::outbox {

events::TopicSpec TopicOf(const google::protobuf::Descriptor& message) {
  if (!message.options().HasExtension(v1::topic)) {
    std::fprintf(stderr, "%s has no option (finalmile.v1.topic)\n", message.full_name().c_str());
    std::abort();
  }
  const v1::TopicSpec& topic = message.options().GetExtension(v1::topic);
  events::TopicSpec spec;
  spec.name = topic.name();
  if (topic.partitions() > 0) spec.partitions = topic.partitions();
  if (topic.retention_days() > 0) spec.retention = absl::Hours(24) * topic.retention_days();
  return spec;
}

}  // namespace finalmile::outbox
