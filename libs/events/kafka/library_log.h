#pragma once

struct rd_kafka_s;

namespace finalmile::events::kafka {

// Where librdkafka writes: to the LibraryLog of the process, else nowhere. `level` is one of syslog's.
void WriteLibraryLine(const rd_kafka_s* client, int level, const char* facility, const char* text);

}  // namespace finalmile::events::kafka
