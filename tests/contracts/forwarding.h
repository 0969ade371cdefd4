#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "libs/storage/transact.h"
#include "libs/testing/module_harness.h"

namespace finalmile::contracts {

// Which release the records come from.
enum class Sender {
  kThis,
  // One whose messages have fields, records headers, and envelopes events that this one does not know.
  kNewer,
};

// A field number that no release uses.
inline constexpr int kFieldOfANewerRelease = 5000;

// Gives `message` and every message in it a field that its readers do not know.
inline void AddUnknownFields(google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      AddUnknownFields(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      AddUnknownFields(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
  reflection.MutableUnknownFields(&message)->AddLengthDelimited(kFieldOfANewerRelease, "of a newer release");
}

// Records that a service could not take. -1, and a failure of the test, where its store does not say.
inline int64_t ParkedIn(testing::ModuleHarness& service) {
  const auto parked = storage::Read(service.database(), service.clock().Steady() + absl::Seconds(5),
                                    [](storage::Transaction& transaction) -> absl::StatusOr<int64_t> {
                                      ASSIGN_OR_RETURN(const storage::Result result,
                                                       transaction.Execute("SELECT COUNT(*) FROM parked"));
                                      return result.rows[0].Int(0);
                                    });
  EXPECT_TRUE(parked.ok()) << parked.status();
  return parked.value_or(-1);
}

// What the tests of a suite with the parameter Sender are called after.
inline std::string NameOfSender(const ::testing::TestParamInfo<Sender>& info) {
  return info.param == Sender::kNewer ? "SentByANewerRelease" : "SentByThisRelease";
}

// Carries what services say to those that take it, as one event log would.
class Forwarding {
 public:
  explicit Forwarding(Sender sender = Sender::kThis) : sender_(sender) {}

  // Whether `from` has said anything on the topic of Envelope since it was forwarded last; all records are
  // sent then.
  template <class Envelope>
  bool Forward(testing::ModuleHarness& from, const std::vector<testing::ModuleHarness*>& to) {
    const std::vector<events::Record> records = from.ReadTopic(outbox::TopicName<Envelope>());
    size_t& forwarded = forwarded_[outbox::TopicName<Envelope>()];
    // Partitions are read one after the other: which record is new is not to be told by its place.
    std::vector<events::Message> messages;
    if (records.size() > forwarded) {
      for (const events::Record& record : records)
        messages.push_back({record.topic, record.key, record.value, record.headers});
      if (sender_ == Sender::kNewer) MakeNewer<Envelope>(messages);
    }
    forwarded = records.size();
    if (messages.empty()) return false;
    for (testing::ModuleHarness* one : to) {
      EXPECT_EQ(one->events().Append(messages, one->clock().Steady() + absl::Seconds(5)), absl::OkStatus());
    }
    return true;
  }
  // All records of the topic are new again.
  template <class Envelope>
  void Repeat() {
    forwarded_.erase(outbox::TopicName<Envelope>());
  }

 private:
  template <class Envelope>
  static void MakeNewer(std::vector<events::Message>& messages) {
    for (events::Message& message : messages) {
      Envelope envelope;
      EXPECT_TRUE(envelope.ParseFromString(message.value));
      AddUnknownFields(envelope);
      message.value = envelope.SerializeAsString();
      message.headers.emplace_back("ce_ofanewerrelease", "1");
    }
    // An event of a kind that its readers do not know, of an aggregate of its own.
    Envelope envelope;
    EXPECT_TRUE(envelope.ParseFromString(messages.front().value));
    const google::protobuf::OneofDescriptor& event = *Envelope::descriptor()->FindOneofByName("event");
    Envelope::GetReflection()->ClearOneof(&envelope, &event);
    const size_t slash = messages.front().key.find('/');
    envelope.set_key(messages.front().key.substr(0, slash) + "/00000000-0000-7000-8000-000000000000");
    envelope.set_seq(1);
    events::Message unknown = messages.front();
    unknown.key = envelope.key();
    unknown.value = envelope.SerializeAsString();
    for (auto& [name, value] : unknown.headers) {
      if (name == "ce_sequence") value = "1";
      if (name == "ce_type") value = "finalmile.v1.OfANewerRelease";
      if (name == "ce_subject") value = unknown.key;
    }
    messages.push_back(std::move(unknown));
  }

  const Sender sender_;
  // How many records of a topic are.
  std::map<std::string, size_t> forwarded_;
};

}  // namespace finalmile::contracts
