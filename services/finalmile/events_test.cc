// `events tail` on records of any producer.
#include <deque>
#include <nlohmann/json.hpp>
#include <sstream>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/v1/events_service.pb.h"
#include "services/finalmile/output/text.h"
#include "services/finalmile/testing/verbs_fixture.h"

namespace finalmile::cli {
namespace {

class CannedStream final : public rpc::Stream {
 public:
  explicit CannedStream(std::deque<v1::TailEventsResponse> answers) : answers_(std::move(answers)) {}
  bool Write(const google::protobuf::Message&) override { return true; }
  void WritesDone() override {}
  bool Read(google::protobuf::Message& reply) override {
    if (answers_.empty()) return false;
    reply.CopyFrom(answers_.front());
    answers_.pop_front();
    return true;
  }
  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  std::deque<v1::TailEventsResponse> answers_;
};

class EventsTest : public VerbsTest {
 protected:
  EventsTest() {
    connector_.channel.open = [this] { return std::make_unique<CannedStream>(std::deque{response_}); };
  }
  void Add(const std::string& value) {
    v1::EventRecord& record = *response_.add_records();
    record.set_topic("finalmile.leads.activities.v1");
    record.set_offset(response_.records_size());
    record.set_key("leads/\x1b[31m1");
    record.set_value(value);
  }

  v1::TailEventsResponse response_;
};

TEST_F(EventsTest, RecordsOfAnyProducerAreValidJsonAndHarmlessText) {
  const std::string type = "a\",\"x\":\"\x1b[2J\u202e\\";
  leads::v1::Activity activity;
  activity.set_type(type);
  activity.mutable_event_time()->set_nanos(500'000'000);
  Add(activity.SerializeAsString());
  activity.mutable_event_time()->set_nanos(-1);
  Add(activity.SerializeAsString());
  Add("\xff no message");

  const Result json = Invoke({"events", "tail", "leads.activities", "--until-now", "--json"});
  ASSERT_TRUE(json.code.ok()) << json.code.status();
  EXPECT_EQ(PrintableLines(json.out), json.out);
  std::istringstream lines(json.out);
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(lines, line);) {
    records.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
    ASSERT_FALSE(records.back().is_discarded()) << line;
    EXPECT_EQ(records.back()["key"], "leads/\x1b[31m1");
  }
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0]["type"], type);
  EXPECT_EQ(records[0]["value"]["event_time"], "1970-01-01T00:00:00.500Z");
  EXPECT_TRUE(records[1]["value"].is_string()) << "what JSON cannot hold is given as its bytes";
  EXPECT_EQ(records[2]["value"], "/yBubyBtZXNzYWdl");

  const Result text = Invoke({"events", "tail", "leads.activities", "--until-now"});
  ASSERT_TRUE(text.code.ok()) << text.code.status();
  EXPECT_EQ(PrintableLines(text.out), text.out);
  EXPECT_EQ(std::count(text.out.begin(), text.out.end(), '\n'), 3);
}

}  // namespace
}  // namespace finalmile::cli
