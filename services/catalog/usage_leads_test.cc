#include <rapidcheck.h>

#include <set>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "services/catalog/usage/consumers/lead_consumer.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LeadsTest : public UsageTest {
 protected:
  static outbox::OutgoingEvent ToOutbox(const leads::v1::LeadEvent& event) { return outbox::ToOutbox(event); }
  void TellLead(const leads::v1::LeadEvent& event) { Append(ToOutbox(event)); }
  leads::v1::LeadEvent PermissionOf(const std::string& lead, leads::v1::Channel channel,
                                    leads::v1::PermissionState state, const std::string& purpose = "sales") {
    leads::v1::LeadEvent event = LeadEventOf(lead);
    auto& changed = *event.mutable_contact_permission_changed();
    changed.set_channel(channel);
    changed.set_purpose(purpose);
    changed.set_state(state);
    return event;
  }
  void TellPermission(leads::v1::Channel channel, leads::v1::PermissionState state,
                      const std::string& purpose = "sales") {
    TellLead(PermissionOf(LeadName("1"), channel, state, purpose));
  }
  leads::v1::LeadEvent ErasedOf(const std::string& lead) {
    leads::v1::LeadEvent event = LeadEventOf(lead);
    event.mutable_lead_erased();
    return event;
  }
  void TellErased(const std::string& lead) { TellLead(ErasedOf(lead)); }

  // Whether the channels that a lead spoke of are not denied.
  std::map<int64_t, bool> Permissions(const std::string& lead) {
    std::map<int64_t, bool> permissions;
    const absl::Status read = harness_.database().Transact(
        {.deadline = harness_.clock().Steady() + absl::Seconds(5), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          permissions.clear();
          const auto rows =
              transaction.Execute("SELECT channel, allowed FROM permissions WHERE lead = $1", {lead});
          if (!rows.ok()) return rows.status();
          for (const storage::Row& row : rows->rows) permissions[row.Int(0)] = row.Bool(1);
          return absl::OkStatus();
        });
    EXPECT_TRUE(read.ok()) << read;
    return permissions;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, LeadsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(LeadsTest, AChannelThatTheLeadForbidsIsMisuse) {
  const std::string token = Token(Published("Letter").name());
  const auto by = [&](const std::string& channel, absl::Duration ago = absl::ZeroDuration()) {
    v1::RecordUseRequest request = UseOf(token);
    request.set_channel(channel);
    *request.mutable_use_time() = rpc::ToTimestamp(harness_.clock().Now() - ago);
    return Record(request);
  };
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED, "newsletter");
  EXPECT_THAT(by("phone").misuses(), IsEmpty());
  harness_.clock().Advance(absl::Hours(1));
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_DENIED);
  EXPECT_THAT(by("phone").misuses(), ElementsAre(v1::MISUSE_NO_PERMISSION));
  EXPECT_THAT(by("voicemail").misuses(), ElementsAre(v1::MISUSE_NO_PERMISSION));
  EXPECT_THAT(by("email").misuses(), IsEmpty());
  EXPECT_THAT(by("chat").misuses(), IsEmpty());
  // Before it was said.
  EXPECT_THAT(by("phone", absl::Microseconds(1)).misuses(), IsEmpty());
  TellPermission(leads::v1::CHANNEL_PHONE, leads::v1::PERMISSION_STATE_ALLOWED);
  EXPECT_THAT(by("phone").misuses(), IsEmpty());
}

TEST_P(LeadsTest, AnErasedLeadLeavesSumsAndIsNotTakenAgain) {
  const std::string asset = Published("Letter").name();
  const std::string token = Token(asset, LeadName("1"));
  v1::RecommendAssetsRequest recommend;
  recommend.set_lead(LeadName("1"));
  ASSERT_TRUE(Call<v1::RecommendAssetsResponse>("RecommendAssets", recommend).ok());
  Record(UseOf(token, "Hi {{first_name}}"));
  v1::RecordUseRequest other = UseOf(Token(asset, LeadName("2")));
  other.set_lead(LeadName("2"));
  Record(other);
  RecordOwn(Words(900, 30));
  ASSERT_EQ(CountRows("own_texts"), 1);
  TellSet("m1", LeadName("1"), {asset});
  TellErased(LeadName("1"));
  EXPECT_EQ(CountRows("own_text_hashes"), 0);

  const auto rows = [&](const std::string& table) {
    return CountRows(table, "lead = \'" + LeadName("1") + "\'");
  };
  for (const char* table : {"uses", "offers", "meetings", "permissions", "own_texts"})
    EXPECT_EQ(rows(table), 0) << table;
  EXPECT_EQ(Performance(asset).used(), 2);

  const auto reason = [](const absl::Status& status) { return rpc::ReasonOf(status); };
  EXPECT_EQ(reason(Ask<v1::RecordUseResponse>("RecordUse", UseOf(token)).status()), "LEAD_ERASED");
  EXPECT_EQ(reason(Call<v1::RecommendAssetsResponse>("RecommendAssets", recommend).status()), "LEAD_ERASED");
  v1::RecordViewRequest view;
  view.set_asset(asset);
  view.set_lead(LeadName("1"));
  EXPECT_EQ(reason(Ask<v1::RecordViewResponse>("RecordView", view).status()), "LEAD_ERASED");
  TellHeld("m1", LeadName("1"), {asset});
  TellSet("m2", LeadName("1"), {asset});
  TellPermission(leads::v1::CHANNEL_EMAIL, leads::v1::PERMISSION_STATE_DENIED);
  for (const char* table : {"uses", "offers", "meetings", "permissions", "own_texts"})
    EXPECT_EQ(rows(table), 0) << table;
  Record(other);
}

TEST_P(LeadsTest, ALeadThatNobodyNamesIsForgottenAndAnErasedOneIsNot) {
  const std::string asset = Published("Letter").name();
  const auto view = [&](const std::string& lead) {
    v1::RecordViewRequest request;
    request.set_asset(asset);
    request.set_lead(lead);
    EXPECT_TRUE(Ask<v1::RecordViewResponse>("RecordView", request).ok());
  };
  view(LeadName("seen"));
  view(LeadName("again"));
  TellErased(LeadName("gone"));
  // Days are what counts.
  Advance(usage::kRetention - absl::Hours(24));
  EXPECT_EQ(CountRows("leads"), 3);
  view(LeadName("again"));
  Advance(absl::Hours(48));
  EXPECT_EQ(CountRows("leads", "lead = \'" + LeadName("seen") + "\'"), 0);
  EXPECT_EQ(CountRows("leads", "lead = \'" + LeadName("again") + "\'"), 1);
  EXPECT_EQ(CountRows("leads", "lead = \'" + LeadName("gone") + "\' AND erased"), 1);
  view(LeadName("seen"));
}

TEST_P(LeadsTest, NothingIsKeptOfALeadThatIsErasedInTheSameBatch) {
  const auto denied = [&](const std::string& lead) {
    return ToOutbox(PermissionOf(lead, leads::v1::CHANNEL_EMAIL, leads::v1::PERMISSION_STATE_DENIED));
  };
  AppendAll({denied(LeadName("before")), ToOutbox(ErasedOf(LeadName("before")))});
  EXPECT_THAT(Permissions(LeadName("before")), IsEmpty());
  AppendAll({ToOutbox(ErasedOf(LeadName("after"))), denied(LeadName("after"))});
  EXPECT_THAT(Permissions(LeadName("after")), IsEmpty());
}

// However the histories of leads are cut into batches, they come to the same.
TEST_P(LeadsTest, BatchesDoNotMatter) {
  enum Step { kErased, kAllowed, kDenied, kUnknown, kEndOfBatch, kSteps };
  int run = 0;
  const bool same = rc::check([&] {
    const auto history = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange<int>(0, kSteps), rc::gen::inRange(0, 2), rc::gen::inRange(1, 3)));
    const std::string prefix = "r" + std::to_string(++run) + "-";
    std::map<std::string, std::map<int64_t, bool>> expected;
    std::set<std::string> erased;
    std::vector<outbox::OutgoingEvent> batch;
    for (const auto& [step, which, channel] : history) {
      if (step == kEndOfBatch) {
        AppendAll(std::exchange(batch, {}));
        continue;
      }
      const std::string lead = LeadName(prefix + std::to_string(which));
      if (step == kErased) {
        batch.push_back(ToOutbox(ErasedOf(lead)));
        erased.insert(lead);
        expected.erase(lead);
        continue;
      }
      const auto state = step == kAllowed  ? leads::v1::PERMISSION_STATE_ALLOWED
                         : step == kDenied ? leads::v1::PERMISSION_STATE_DENIED
                                           : leads::v1::PERMISSION_STATE_UNSPECIFIED;
      batch.push_back(ToOutbox(PermissionOf(lead, static_cast<leads::v1::Channel>(channel), state)));
      if (erased.contains(lead)) continue;
      expected[lead][channel] = step != kDenied;
    }
    AppendAll(batch);
    for (int which = 0; which < 2; ++which) {
      const std::string lead = LeadName(prefix + std::to_string(which));
      RC_ASSERT(Permissions(lead) == expected[lead]);
    }
  });
  EXPECT_TRUE(same);
}

TEST_P(LeadsTest, AnEventThatNamesNoLeadIsParkedAndTheOthersGoOn) {
  const auto tell = [&](const std::string& key, const std::string& record_key) {
    outbox::OutgoingEvent outgoing = ToOutbox(ErasedOf(key));
    outgoing.key = record_key;
    Append(outgoing);
  };
  const std::string large = "leads/" + std::string(64 << 10, 'x');
  tell(large, large);
  tell(LeadName("1"), std::string("\0\xFF", 2));
  tell("somebody", "somebody");
  tell("leads/2\n", "leads/2\n");
  TellErased(LeadName("3"));
  int64_t parked = 0;
  std::string erased;
  const absl::Status read = harness_.database().Transact(
      {.deadline = harness_.clock().Steady() + absl::Seconds(5)},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const auto counted, transaction.Execute("SELECT COUNT(*) FROM parked"));
        ASSIGN_OR_RETURN(const auto leads, transaction.Execute("SELECT lead FROM leads WHERE erased"));
        parked = counted.rows[0].Int(0);
        erased = leads.rows.size() == 1 ? leads.rows[0].Text(0) : "";
        return absl::OkStatus();
      });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(parked, 4);
  EXPECT_EQ(erased, LeadName("3"));
}

}  // namespace
}  // namespace finalmile::catalog
