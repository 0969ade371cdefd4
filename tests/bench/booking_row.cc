#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/wiring.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kService = "/finalmile.appointments.v1.AppointmentService/";
constexpr int kClients = 64;
constexpr int kSessions = 8;
// Meetings of half an hour on one day of the host.
constexpr int64_t kADay = 20;

// Meetings with one host, which is the row that everybody waits for.
class Booking {
 public:
  static absl::StatusOr<std::unique_ptr<Booking>> Start(World& world, absl::Duration length) {
    std::unique_ptr<Booking> booking(new Booking(world, length));
    ASSIGN_OR_RETURN(const std::string name, world.postgres().CreateDatabase());
    const std::string url = world.postgres().url(name);
    ASSIGN_OR_RETURN(booking->store_, storage::Open(url, world.clock(), {.connections = kSessions}));
    RETURN_IF_ERROR(app::MigrateStore(appointments::kModule, *booking->store_, world.clock()));
    ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, app::TopicsOf({&appointments::kModule}));
    RETURN_IF_ERROR(world.events().ApplyTopics(topics, world.clock().Steady() + absl::Seconds(30)));
    ASSIGN_OR_RETURN(booking->service_, Replica::Start(world, FINALMILE_APPOINTMENTS_BINARY, url,
                                                       {"--threads", std::to_string(kSessions)}));
    for (int i = 0; i < 4; ++i) booking->channels_.push_back(booking->service_->NewChannel());
    appointments::v1::UpsertHostRequest request;
    appointments::v1::Host& host = *request.mutable_host();
    host.set_name("hosts/ben");
    for (int weekday = 1; weekday <= 7; ++weekday) {
      appointments::v1::WeeklyInterval& hours = *host.add_weekly_hours();
      hours.set_weekday(weekday);
      hours.set_end_minute(24 * 60);
    }
    RETURN_IF_ERROR(booking->channels_[0]
                        ->Call<appointments::v1::Host>(std::string(kService) + "UpsertHost", request, {})
                        .status());
    // What no host may have: days enough for every attempt to book.
    RETURN_IF_ERROR(world.Execute(
        *booking->store_, {"UPDATE hosts SET horizon_days = 1000000, daily_cap = 1000",
                           "CREATE TABLE one (id BIGINT, version BIGINT)", "INSERT INTO one VALUES (1, 0)"}));
    return booking;
  }

  // A call that the server refuses, because it has more than it can carry, is made again by the channel and,
  // once that has given it up, as another booking.
  absl::StatusOr<Sample> Service() {
    const CpuUsed before = CpuOf(service_->pid());
    ASSIGN_OR_RETURN(
        Sample sample, Clients(kClients, [&](int client) {
          const int64_t number = next_++;
          appointments::v1::BookAppointmentRequest request;
          request.set_lead("leads/" + LeadId(static_cast<size_t>(number)));
          request.set_host("hosts/ben");
          const absl::Time start = absl::FromUnixSeconds(1'900'022'400) + number / kADay * absl::Hours(24) +
                                   number % kADay * absl::Minutes(60);
          *request.mutable_start_time() = rpc::ToTimestamp(start);
          return channels_[static_cast<size_t>(client) % channels_.size()]
              ->Call<appointments::v1::Appointment>(std::string(kService) + "BookAppointment", request, {})
              .status();
        }));
    AddCpu(before, CpuOf(service_->pid()), sample["answers"], sample);
    return sample;
  }

  // An update of one row and its commit, by as many sessions as the service has.
  absl::StatusOr<Sample> ByHand() {
    const OnServiceCore pinned;
    const CpuUsed before = CpuBeside(OwnCpu());
    ASSIGN_OR_RETURN(
        Sample sample, Clients(kSessions, [&](int) {
          return store_->Transact(
              {.deadline = world_.clock().Steady() + absl::Seconds(30)},
              [](storage::Transaction& transaction) {
                return transaction.Execute("UPDATE one SET version = version + 1 WHERE id = 1").status();
              });
        }));
    AddCpu(before, CpuBeside(OwnCpu()), sample["answers"], sample);
    return sample;
  }

 private:
  Booking(World& world, absl::Duration length) : world_(world), length_(length) {}

  absl::StatusOr<Sample> Clients(int count, const std::function<absl::Status(int)>& call) {
    std::atomic<int64_t> answers = 0;
    std::atomic<int64_t> refused = 0;
    std::mutex mutex;
    absl::Status failure;
    const absl::Duration start = world_.clock().Steady();
    std::vector<std::thread> clients;
    for (int client = 0; client < count; ++client) {
      clients.emplace_back([&, client] {
        while (world_.clock().Steady() < start + length_) {
          const absl::Status status = call(client);
          if (!status.ok() && !absl::IsResourceExhausted(status)) {
            std::lock_guard lock(mutex);
            failure = status;
            return;
          }
          ++(status.ok() ? answers : refused);
        }
      });
    }
    for (std::thread& client : clients) client.join();
    RETURN_IF_ERROR(failure);
    const auto done = static_cast<double>(answers);
    return Sample{{"rate", done / absl::ToDoubleSeconds(world_.clock().Steady() - start)},
                  {"answers", done},
                  {"refused", static_cast<double>(refused)}};
  }

  World& world_;
  const absl::Duration length_;
  std::unique_ptr<storage::Database> store_;
  std::unique_ptr<Replica> service_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  std::atomic<int64_t> next_ = 0;
};

}  // namespace

absl::Status MeasureBooking(World& world, const Options& options, Report& report) {
  ASSIGN_OR_RETURN(const auto booking, Booking::Start(world, RoundOfCalls(options)));
  RETURN_IF_ERROR(WarmUpByCalls(options, {[&] { return booking->Service(); }}));
  ASSIGN_OR_RETURN(
      std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return booking->Service(); }, [&] { return booking->ByHand(); }}));
  const std::string by_hand = fmt::format("update of one row and commit, {} sessions", kSessions);
  report.AddWholeCpu("P11", "CPU of all processes for a booking", by_hand, samples[0], samples[1]);
  report.Add({"P11", fmt::format("BookAppointment of one host, {} clients, every one books", kClients),
              by_hand, "rate", "1/s", 0.6},
             samples[0], samples[1]);
  report.Note(fmt::format("P11: beside {:.0f} bookings of a round, {:.0f} calls were refused for good.",
                          Median(samples[0], "answers"), Median(samples[0], "refused")));
  return absl::OkStatus();
}
}  // namespace finalmile::bench
