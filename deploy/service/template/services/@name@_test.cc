#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "finalmile/@name@/v1/@event_file@.pb.h"
#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/envelope.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/personal_fields.h"
#include "services/@name@/handlers/@noun@_handlers.h"
#include "services/@name@/wiring.h"

namespace finalmile::@name@ {
namespace {

using ::testing::IsEmpty;

// The @name@ service on the embedded engines, driven through its API.
class @Name@Test : public ::testing::Test {
 protected:
  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request) {
    return harness_.channel().Call<Response>("/finalmile.@name@.v1.@Name@Service/" + method, request);
  }

  absl::StatusOr<v1::@Noun@> Create(const std::string& title, const std::string& request_id = "",
                                  const v1::@Noun@& other = {}) {
    v1::Create@Noun@Request request;
    *request.mutable_@noun@() = other;
    request.mutable_@noun@()->set_title(title);
    request.set_request_id(request_id);
    return Call<v1::@Noun@>("Create@Noun@", request);
  }
  absl::StatusOr<v1::@Noun@> CreateAbout(const std::string& lead) {
    v1::@Noun@ other;
    other.set_lead(lead);
    return Create("about a lead", "", other);
  }
  absl::StatusOr<v1::@Noun@> Get(const std::string& name) {
    v1::Get@Noun@Request request;
    request.set_name(name);
    return Call<v1::@Noun@>("Get@Noun@", request);
  }

  absl::StatusOr<v1::List@Nouns@Response> List(int page_size = 0, const std::string& page_token = "",
                                             const std::string& filter = "") {
    v1::List@Nouns@Request request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_filter(filter);
    return Call<v1::List@Nouns@Response>("List@Nouns@", request);
  }
  absl::StatusOr<v1::@Noun@> Update(const v1::@Noun@& @noun@, const std::vector<std::string>& mask) {
    v1::Update@Noun@Request request;
    *request.mutable_@noun@() = @noun@;
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Call<v1::@Noun@>("Update@Noun@", request);
  }
  absl::Status Delete(const std::string& name, const std::string& etag = "") {
    v1::Delete@Noun@Request request;
    request.set_name(name);
    request.set_etag(etag);
    return Call<google::protobuf::Empty>("Delete@Noun@", request).status();
  }
  std::vector<v1::@Event@> Events() {
    harness_.Settle();
    return harness_.ReadEvents<v1::@Event@>();
  }

  // The last event of the resource `name`: there is no order between those of two resources.
  v1::@Event@ LastOf(const std::string& name) {
    v1::@Event@ last;
    for (const v1::@Event@& event : Events()) {
      if (event.key() == name) last = event;
    }
    return last;
  }

  // That a lead was erased, as the leads service tells it.
  events::Message Erased(const std::string& lead) {
    const outbox::Cause cause;
    auto event = outbox::NewEvent<leads::v1::LeadEvent>(
        {harness_.clock(), harness_.rng(), harness_.clock().Now(), cause}, lead, 1);
    event.mutable_lead_erased();
    return outbox::ToMessage(outbox::ToOutbox(event));
  }
  void Append(const events::Message& message) {
    EXPECT_EQ(harness_.events().Append({message}, harness_.clock().Steady() + absl::Seconds(5)), absl::OkStatus());
    harness_.Settle();
  }
  int64_t Parked() {
    int64_t parked = -1;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(const auto counted, transaction.Execute("SELECT COUNT(*) FROM parked"));
          parked = counted.rows[0].Int(0);
          return absl::OkStatus();
        });
    EXPECT_EQ(read, absl::OkStatus());
    return parked;
  }

  testing::ModuleHarness harness_{kModule};
};

TEST_F(@Name@Test, CreatesOnceAndSendsAnEvent) {
  const auto created = Create(" first ", "r1");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->title(), "first");
  const auto repeated = Create(" first ", "r1");
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->name(), created->name());

  harness_.Restart();
  const auto read = Get(created->name());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), created->SerializeAsString());
  const auto events = Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].key(), created->name());
  EXPECT_EQ(events[0].@noun@_created().title(), "first");
}

TEST_F(@Name@Test, ListsInPagesAndByFilter) {
  for (const char* title : {"a", "b", "c"}) ASSERT_TRUE(Create(title).ok());
  const auto first = List(2);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->@table@_size(), 2);
  const auto second = List(2, first->next_page_token());
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->@table@_size(), 1);
  EXPECT_THAT((std::vector{first->@table@(0).title(), first->@table@(1).title(), second->@table@(0).title()}),
              ::testing::UnorderedElementsAre("a", "b", "c"));
  EXPECT_EQ(second->next_page_token(), "");
  const auto filtered = List(0, "", "title = b");
  ASSERT_TRUE(filtered.ok()) << filtered.status();
  EXPECT_EQ(filtered->@table@_size(), 1);
}

TEST_F(@Name@Test, UpdatesTheFieldsOfTheMaskUnderAnEtag) {
  const auto created = Create("first");
  ASSERT_TRUE(created.ok()) << created.status();
  v1::@Noun@ change = *created;
  change.set_title("second");
  change.set_description("not in the mask");
  const auto updated = Update(change, {"title"});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->title(), "second");
  EXPECT_EQ(updated->description(), "");
  EXPECT_NE(updated->etag(), created->etag());
  EXPECT_TRUE(absl::IsAborted(Update(change, {"title"}).status())) << "its etag is that of the first version";
  change.clear_etag();
  EXPECT_EQ(Update(change, {"title"})->etag(), updated->etag()) << "nothing changed";
  EXPECT_THAT(std::string(Update(change, {"name"}).status().message()), ::testing::HasSubstr("update_mask"));
  const auto events = Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].seq(), 2);
  EXPECT_THAT(events[1].@noun@_updated().changed(), ::testing::ElementsAre("title"));
}

TEST_F(@Name@Test, DeletesUnderAnEtag) {
  const auto created = Create("first");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(absl::IsAborted(Delete(created->name(), "other")));
  EXPECT_EQ(Delete(created->name(), created->etag()), absl::OkStatus());
  EXPECT_TRUE(absl::IsNotFound(Get(created->name()).status()));
  EXPECT_TRUE(absl::IsNotFound(Delete(created->name())));
  EXPECT_EQ(List()->@table@_size(), 0);
  EXPECT_TRUE(Events().back().has_@noun@_deleted());
}

TEST_F(@Name@Test, WhatIsAboutAnErasedLeadIsDeletedOnce) {
  const auto about = CreateAbout("leads/00000000-0000-0000-0000-000000000001");
  const auto other = CreateAbout("leads/00000000-0000-0000-0000-000000000002");
  ASSERT_TRUE(about.ok() && other.ok()) << about.status() << other.status();
  const events::Message erased = Erased("leads/00000000-0000-0000-0000-000000000001");
  Append(erased);
  EXPECT_TRUE(absl::IsNotFound(Get(about->name()).status()));
  EXPECT_TRUE(Get(other->name()).ok());
  EXPECT_TRUE(LastOf(about->name()).has_@noun@_deleted());
  EXPECT_EQ(LastOf(about->name()).principal().name(), "@name@.leads");

  const auto later = CreateAbout("leads/00000000-0000-0000-0000-000000000001");
  ASSERT_TRUE(later.ok()) << later.status();
  Append(erased);
  EXPECT_TRUE(Get(later->name()).ok()) << "a record that comes again has no effect";
}

TEST_F(@Name@Test, WhatIsNoEventOfALeadIsParked) {
  events::Message malformed = Erased("leads/00000000-0000-0000-0000-000000000001");
  malformed.value = "\xff";
  Append(malformed);
  events::Message misplaced = Erased("leads/00000000-0000-0000-0000-000000000002");
  misplaced.key = "leads/00000000-0000-0000-0000-000000000003";
  Append(misplaced);
  EXPECT_EQ(Parked(), 2);
  Append(Erased("leads/00000000-0000-0000-0000-000000000004"));
  EXPECT_EQ(Parked(), 2);
}

TEST_F(@Name@Test, ExpiresAtItsTime) {
  v1::@Noun@ other;
  *other.mutable_expire_time() = rpc::ToTimestamp(harness_.clock().Now() + absl::Hours(1));
  const auto created = Create("for an hour", "", other);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto stays = Create("for ever");
  ASSERT_TRUE(stays.ok()) << stays.status();
  harness_.clock().Advance(absl::Hours(1) - absl::Microseconds(1));
  harness_.Settle();
  EXPECT_TRUE(Get(created->name()).ok());
  harness_.clock().Advance(absl::Microseconds(1));
  harness_.Settle();
  EXPECT_TRUE(absl::IsNotFound(Get(created->name()).status()));
  EXPECT_TRUE(Get(stays->name()).ok());
  EXPECT_EQ(LastOf(created->name()).principal().name(), "@name@.expiry");
}

TEST_F(@Name@Test, BadInputNamesItsField) {
  EXPECT_THAT(std::string(Create("").status().message()), ::testing::HasSubstr("@noun@.title"));
  EXPECT_THAT(std::string(CreateAbout("x").status().message()), ::testing::HasSubstr("@noun@.lead"));
  EXPECT_THAT(std::string(Get("x").status().message()), ::testing::HasSubstr("name"));
  EXPECT_TRUE(absl::IsNotFound(Get("@nouns@/00000000-0000-0000-0000-000000000000").status()));
  EXPECT_THAT(std::string(List(-1).status().message()), ::testing::HasSubstr("page_size"));
  EXPECT_THAT(std::string(List(0, "", "nothing = 1").status().message()), ::testing::HasSubstr("filter"));
}

TEST(@Event@Test, HoldsNoPersonalFields) {
  EXPECT_THAT(testing::PersonalFields(*v1::@Event@::descriptor()), IsEmpty());
}

}  // namespace
}  // namespace finalmile::@name@
