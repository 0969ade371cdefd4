#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "finalmile/coaching/v1/talk_track_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/rpc/client.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"
#include "libs/testing/uuid_of.h"
#include "services/appointments/wiring.h"
#include "services/coaching/domain/practice/rubric.h"
#include "services/coaching/wiring.h"

// Months of practice within a minute: the programs of coaching and appointments on a real PostgreSQL and a
// real Kafka. The wall clock of the two programs alone is libfaketime's, which the test sets forward.
namespace finalmile::coaching {
namespace {

using appointments::v1::Appointment;

constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kDay = absl::Hours(24);
// Days that a certificate is valid for.
constexpr int kValidity = 45;
constexpr char kTrack[] = "talkTracks/fleet";
constexpr char kSituation[] = "new-fleet-manager";

std::string Words(int count) {
  std::string text = "word";
  for (int i = 1; i < count; ++i) text += " word";
  return text;
}

// One process of a service, its store, and channels to it.
struct Service {
  const app::ModuleSpec& module;
  std::string program;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<testing::Process> process;
  int port = 0;
};

class PracticeDaysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    events_url_ = (*kafka)->url();
    const auto events = events::Open(events_url_, *clock_);
    ASSERT_TRUE(events.ok()) << events.status();
    const auto topics = app::TopicsOf({&coaching_.module, &appointments_.module});
    ASSERT_TRUE(topics.ok()) << topics.status();
    ASSERT_EQ((*events)->ApplyTopics(*topics, clock_->Steady() + kPatience), absl::OkStatus());
    MoveTo(begin_);
    Start(coaching_, **postgres);
    Start(appointments_, **postgres);
  }
  void TearDown() override {
    for (Service* service : {&coaching_, &appointments_}) {
      if (service->process == nullptr) continue;
      EXPECT_EQ(service->process->Terminate(), 0);
    }
    if (HasFailure()) std::cout << std::ifstream(log_file()).rdbuf();
  }

  void Start(Service& service, testing::PostgresServer& postgres) {
    const auto name = postgres.CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    const std::string url = postgres.tcp_url(*name);
    auto database = storage::Open(url, *clock_, {});
    ASSERT_TRUE(database.ok()) << database.status();
    service.database = *std::move(database);
    ASSERT_EQ(app::MigrateStore(service.module, *service.database, *clock_), absl::OkStatus());
    service.port = testing::FreePort();
    auto process = testing::Process::Start(
        {"/usr/bin/env", std::string("LD_PRELOAD=") + FINALMILE_FAKETIME,
         // The file is read at each look at the clock, and the clock that measures spans is left alone.
         "FAKETIME_TIMESTAMP_FILE=" + clock_file(), "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
         service.program, "--store", url, "--events", events_url_, "--data",
         fmt::format("{}/{}", folder_.path(), service.port), "--listen",
         fmt::format("127.0.0.1:{}", service.port), "--admin",
         fmt::format("127.0.0.1:{}", testing::FreePort())},
        log_file());
    ASSERT_TRUE(process.ok()) << process.status();
    service.process = *std::move(process);
    // It says on one line that it serves.
    ASSERT_TRUE(service.process->ReadLine().ok()) << std::ifstream(log_file()).rdbuf();
  }

  std::string log_file() const { return folder_.path() + "/log"; }
  std::string clock_file() const { return folder_.path() + "/clock"; }
  // The clocks of both programs go on from `time`.
  void MoveTo(absl::Time time) {
    ahead_ = time - clock_->Now();
    const std::string fresh = clock_file() + ".new";
    std::ofstream(fresh) << fmt::format("+{}\n", absl::ToInt64Seconds(ahead_));
    std::filesystem::rename(fresh, clock_file());
  }
  absl::Time Now() const { return clock_->Now() + ahead_; }

  // "ana:host".
  rpc::Channel& As(Service& service, const std::string& who) {
    std::unique_ptr<rpc::Channel>& channel = channels_[fmt::format("{} {}", service.port, who)];
    if (channel == nullptr) {
      channel = rpc::NewGrpcChannel({.target = fmt::format("127.0.0.1:{}", service.port), .act_as = who},
                                    *clock_, *rng_);
    }
    return *channel;
  }
  template <class Response>
  Response Must(Service& service, const std::string& who, const std::string& method,
                const google::protobuf::Message& request) {
    const auto answer = As(service, who).Call<Response>("/finalmile." + method, request);
    EXPECT_TRUE(answer.ok()) << method << ": " << answer.status();
    return answer.ok() ? *answer : Response();
  }

  // Waits until it holds.
  void Await(const std::string& what, const std::function<bool()>& holds) {
    const absl::Duration begin = clock_->Steady();
    while (!holds()) {
      ASSERT_LT(clock_->Steady(), begin + kPatience) << what;
      pause_->WaitUntil(clock_->Steady() + absl::Milliseconds(50));
    }
    std::cout << fmt::format("{}  {}, after {:.1f} s\n",
                             absl::FormatTime("%Y-%m-%d %H:%M", Now(), absl::UTCTimeZone()), what,
                             absl::ToDoubleSeconds(clock_->Steady() - begin));
  }
  int64_t Count(Service& service, const std::string& from) {
    int64_t counted = -1;
    const absl::Status read =
        service.database->Transact({.deadline = clock_->Steady() + absl::Seconds(5), .read_only = true},
                                   [&](storage::Transaction& transaction) -> absl::Status {
                                     const auto rows = transaction.Execute("SELECT COUNT(*) FROM " + from);
                                     if (rows.ok()) counted = rows->rows[0].Int(0);
                                     return rows.status();
                                   });
    EXPECT_EQ(read, absl::OkStatus());
    return counted;
  }

  void PublishTrack(absl::Duration validity) {
    v1::CreateTalkTrackRequest create;
    create.set_talk_track_id("fleet");
    v1::TalkTrack& track = *create.mutable_talk_track();
    track.set_owner("cora");
    track.set_title("New fleet manager");
    track.set_situation(kSituation);
    *track.mutable_certificate_validity() = rpc::ToDuration(validity);
    v1::Story& story = *track.mutable_story();
    for (std::string* part : {story.mutable_hook(), story.mutable_before(), story.mutable_after(),
                              story.mutable_number(), story.mutable_question()})
      *part = "30 percent";
    story.set_telling_short(Words(20));
    story.set_telling_medium(Words(100));
    story.set_telling_long(Words(300));
    v1::KeyMessage& message = *track.add_key_messages();
    message.set_id("idle");
    message.set_text("cut idle time");
    message.set_required(true);
    Must<v1::TalkTrack>(coaching_, "cora:coach", "coaching.v1.TalkTrackService/CreateTalkTrack", create);
    v1::AddExampleRequest add;
    add.set_parent(kTrack);
    add.mutable_example()->set_title("First call");
    add.mutable_example()->set_provenance(v1::Example::PROVENANCE_STAGED);
    for (const auto role : {v1::Turn::ROLE_REP, v1::Turn::ROLE_GUEST}) {
      v1::Turn& turn = *add.mutable_example()->add_turns();
      turn.set_speaker(v1::Turn::Role_Name(role));
      turn.set_role(role);
      turn.set_text("How many trucks?");
    }
    Must<v1::Example>(coaching_, "cora:coach", "coaching.v1.TalkTrackService/AddExample", add);
    v1::PublishTalkTrackRequest publish;
    publish.set_name(kTrack);
    Must<v1::PublishTalkTrackResponse>(coaching_, "cora:coach",
                                       "coaching.v1.TalkTrackService/PublishTalkTrack", publish);
  }
  std::string Practise() {
    v1::SubmitPracticeRequest request;
    request.mutable_practice()->set_talk_track(kTrack);
    request.mutable_practice()->set_written("We cut your idle time.");
    return Must<v1::SubmitPracticeResponse>(coaching_, "ana:host",
                                            "coaching.v1.PracticeService/SubmitPractice", request)
        .practice()
        .name();
  }
  void Review(const std::string& practice) {
    v1::SubmitReviewRequest request;
    request.set_name(practice);
    for (const Criterion& criterion : FirstConversation().criteria) {
      v1::CriterionLevel& one = *request.mutable_review()->add_levels();
      one.set_criterion(criterion.id);
      one.set_level(3);
    }
    Must<v1::SubmitReviewResponse>(coaching_, "cora:coach", "coaching.v1.PracticeService/SubmitReview",
                                   request);
  }
  v1::Mastery Mastery() {
    const auto answer = Must<v1::GetMasteryResponse>(
        coaching_, "ana:host", "coaching.v1.PracticeService/GetMastery", v1::GetMasteryRequest());
    return answer.mastery_size() == 1 ? answer.mastery(0) : v1::Mastery();
  }
  bool Rehearses() {
    const auto listed = Must<v1::ListDuePracticeResponse>(
        coaching_, "ana:host", "coaching.v1.PracticeService/ListDuePractice", v1::ListDuePracticeRequest());
    return listed.due_size() == 1 && listed.due(0).reason() == v1::DuePractice::REASON_MEETING;
  }

  void MakeHost(const std::string& name) {
    appointments::v1::UpsertHostRequest request;
    appointments::v1::Host& host = *request.mutable_host();
    host.set_name("hosts/" + name);
    // Whatever day of the week it is.
    for (int weekday = 1; weekday <= 7; ++weekday) {
      appointments::v1::WeeklyInterval& hours = *host.add_weekly_hours();
      hours.set_weekday(weekday);
      hours.set_end_minute(24 * 60);
    }
    Must<appointments::v1::Host>(appointments_, "mia:manager",
                                 "appointments.v1.AppointmentService/UpsertHost", request);
  }
  // Each hour from the next midnight on: the hosts whose turn it is.
  std::vector<std::string> BookAll(int count) {
    const absl::Time first =
        absl::FromCivil(absl::ToCivilDay(Now(), absl::UTCTimeZone()) + 1, absl::UTCTimeZone());
    std::vector<std::string> hosts;
    for (int i = 0; i < count; ++i) {
      appointments::v1::BookAppointmentRequest request;
      request.set_lead("leads/" + testing::UuidOf(fmt::format("{}", ++leads_)));
      *request.mutable_start_time() = rpc::ToTimestamp(first + absl::Hours(i));
      request.set_situation(kSituation);
      hosts.push_back(Must<Appointment>(appointments_, "sam:setter",
                                        "appointments.v1.AppointmentService/BookAppointment", request)
                          .host());
    }
    return hosts;
  }

  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  const std::unique_ptr<WaitEvent> pause_ = clock_->NewWaitEvent();
  // The first days of a month that is ahead: routing counts the meetings of a month.
  const absl::Time begin_ = absl::FromCivil(
      absl::CivilHour(absl::ToCivilYear(clock_->Now(), absl::UTCTimeZone()).year() + 1, 3, 1, 8),
      absl::UTCTimeZone());
  absl::Duration ahead_;
  std::string events_url_;
  Service coaching_{coaching::kModule, FINALMILE_COACHING_BINARY, nullptr, nullptr, 0};
  Service appointments_{appointments::kModule, FINALMILE_APPOINTMENTS_BINARY, nullptr, nullptr, 0};
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
  int leads_ = 0;
};

using Hosts = std::vector<std::string>;

TEST_F(PracticeDaysTest, ThreeDaysOfPracticeMasteryRoutingRehearsalLapseAndCertificate) {
  PublishTrack(kValidity * kDay);
  for (const char* host : {"ana", "ben"}) MakeHost(host);
  Await("appointments knows the track", [&] { return Count(appointments_, "talk_tracks") == 1; });
  EXPECT_EQ(BookAll(2), (Hosts{"hosts/ana", "hosts/ben"})) << "both have half of their weight";
  Await("coaching knows the meetings", [&] { return Count(coaching_, "practice_meetings") == 2; });
  EXPECT_TRUE(Rehearses()) << "ana meets a guest in a situation that she has not mastered";

  Practise();
  EXPECT_FALSE(Rehearses());
  MoveTo(begin_ + kDay);
  Practise();
  MoveTo(begin_ + 2 * kDay);
  EXPECT_EQ(Mastery().state(), v1::Mastery::STATE_NONE);
  Review(Practise());
  ASSERT_EQ(Mastery().state(), v1::Mastery::STATE_MASTERED);
  EXPECT_EQ(Mastery().days_size(), 3);
  const absl::Time rehearsal = rpc::FromTimestamp(Mastery().next_rehearsal_time());
  const absl::Time lapse = rpc::FromTimestamp(Mastery().lapse_time());
  Await("appointments knows that ana has mastered it", [&] { return Count(appointments_, "mastery") == 1; });
  EXPECT_EQ(BookAll(3), (Hosts{"hosts/ana", "hosts/ana", "hosts/ben"})) << "ana has twice ben's weight";

  MoveTo(rehearsal + absl::Seconds(1));
  Await("a rehearsal is due",
        [&] { return Count(coaching_, "practice_masteries WHERE rehearsed <> ''") == 1; });
  EXPECT_TRUE(Mastery().rehearsal_due());
  EXPECT_EQ(Mastery().state(), v1::Mastery::STATE_MASTERED);

  ASSERT_LT(begin_ + (2 + kValidity) * kDay + absl::Minutes(10), lapse);
  MoveTo(begin_ + (2 + kValidity) * kDay + absl::Minutes(10));
  Await("the certificate has expired", [&] {
    const auto listed = Must<v1::ListCertificatesResponse>(
        coaching_, "ana:host", "coaching.v1.PracticeService/ListCertificates", v1::ListCertificatesRequest());
    return listed.certificates_size() == 1 &&
           listed.certificates(0).state() == v1::Certificate::STATE_EXPIRED;
  });
  EXPECT_EQ(Mastery().state(), v1::Mastery::STATE_MASTERED)
      << "a certificate ends, not what it was given for";

  MoveTo(lapse + absl::Seconds(1));
  Await("mastery has lapsed", [&] { return Mastery().state() == v1::Mastery::STATE_LAPSED; });
  EXPECT_EQ(Mastery().lapse_reason(), v1::LAPSE_REASON_FORGOTTEN);
  Await("appointments knows that it has lapsed", [&] { return Count(appointments_, "mastery") == 0; });
  // Another month counts anew, without a meeting so far. With ana's whole weight the last one were hers.
  EXPECT_EQ(BookAll(4), (Hosts{"hosts/ana", "hosts/ben", "hosts/ana", "hosts/ben"}));
}

}  // namespace
}  // namespace finalmile::coaching
