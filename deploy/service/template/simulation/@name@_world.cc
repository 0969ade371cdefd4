// The @name@ service in two processes on one store and one log. Clients create, update and delete @what@s while
// processes crash and freeze and clocks move; then a lead is erased, and time goes on. Extend it by what must always hold.

#include <fmt/format.h>

#include <map>
#include <set>

#include "finalmile/@name@/v1/@event_file@.pb.h"
#include "finalmile/@name@/v1/@name@_service.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/app/settings.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/schema.h"
#include "libs/rpc/timestamps.h"
#include "services/@name@/wiring.h"
#include "tests/simulation/event_topic.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {
namespace {

namespace v1 = @name@::v1;
using testing::Simulation;

constexpr int kClients = 3;
constexpr int kActions = 12;
constexpr char kErased[] = "leads/00000000-0000-0000-0000-000000000001";

// Clients know this of one @what@: the changes that were asked for, and those that were acknowledged.
struct Known {
  std::set<std::string> titles;
  std::string etag;
  int attempted = 0;
  int updated = 0;
  bool deleted = false;
};

// The topic tells this of one @what@.
struct Told {
  int created = 0;
  int updated = 0;
  int deleted = 0;
};

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"@name@", @name@::kModule.migrations}},
                 {{.name = outbox::TopicName<v1::@Event@>(), .partitions = 3},
                  {.name = outbox::TopicName<leads::v1::LeadEvent>(), .partitions = 3}}),
        config_(*config::Load(app::SchemaFor({&@name@::kModule}), {}, {})),
        client_{"finalmile.@name@.v1", simulation_, replicas_, violations_} {}

  Outcome Play() {
    simulation_.faults() = testing::Faults::Draw(simulation_.rng());
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, @name@::kModule, config_, process);
      }));
    }
    for (int client = 0; client < kClients; ++client)
      simulation_.Spawn(fmt::format("client {}", client), [this, client] { Client(client); });
    for (int i = 0; i < 8; ++i) Trouble();
    while (clients_done_ < kClients) simulation_.Sleep(absl::Seconds(1));
    EraseLead();
    simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(5));
    simulation_.faults() = {};
    Settle();
    simulation_.ShiftWallClock(absl::Hours(2));
    Settle();
    Check();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  void Trouble() {
    if (Meddle(simulation_, replicas_, absl::Seconds(3), 5) == 2) {
      simulation_.ShiftWallClock((simulation_.rng().Uniform() - 0.3) * absl::Minutes(10));
    }
  }

  void Client(int client) {
    for (int i = 0; i < kActions; ++i) {
      Rng& rng = simulation_.rng();
      simulation_.Sleep(rng.Uniform() * absl::Seconds(1));
      const std::string request = fmt::format("{}-{}", client, i);
      const uint64_t action = known_.empty() ? 0 : rng.Below(6);
      if (action < 2) {
        Create(request);
      } else if (action < 5) {
        Update(request);
      } else {
        Delete(request);
      }
    }
    ++clients_done_;
  }

  // The name of one that a client has created.
  const std::string& Any() {
    return std::next(known_.begin(), static_cast<ptrdiff_t>(simulation_.rng().Below(known_.size())))->first;
  }

  void Create(const std::string& id) {
    Rng& rng = simulation_.rng();
    v1::Create@Noun@Request request;
    request.set_request_id("create-" + id);
    // Tells afterwards which request made it.
    request.mutable_@noun@()->set_title(id);
    request.mutable_@noun@()->set_lead(rng.Below(2) == 0 ? kErased : "leads/00000000-0000-0000-0000-000000000002");
    if (rng.Below(3) == 0) {
      *request.mutable_@noun@()->mutable_expire_time() =
          rpc::ToTimestamp(simulation_.clock().Now() + rng.Uniform() * absl::Hours(1));
    }
    const auto created = client_.Call<v1::@Noun@>("@Name@Service/Create@Noun@", request);
    if (!created) return;
    known_[created->name()].titles.insert(id);
    if (rng.Below(3) != 0) return;
    const auto again = client_.Call<v1::@Noun@>("@Name@Service/Create@Noun@", request);
    if (again && again->name() != created->name()) Violated(fmt::format("create {} made two", id));
  }

  void Update(const std::string& id) {
    v1::Update@Noun@Request request;
    request.set_request_id("update-" + id);
    const std::string name = Any();
    Known& known = known_[name];
    request.mutable_@noun@()->set_name(name);
    request.mutable_@noun@()->set_title(id);
    request.mutable_update_mask()->add_paths("title");
    if (simulation_.rng().Below(2) == 0) request.mutable_@noun@()->set_etag(known.etag);
    known.titles.insert(id);
    ++known.attempted;
    const auto updated = client_.Call<v1::@Noun@>("@Name@Service/Update@Noun@", request,
                                                {absl::StatusCode::kNotFound, absl::StatusCode::kAborted});
    if (!updated) return;
    if (updated->title() != id) Violated(fmt::format("update {} was answered with {}", id, updated->title()));
    known.etag = updated->etag();
    ++known.updated;
  }

  void Delete(const std::string& id) {
    v1::Delete@Noun@Request request;
    request.set_request_id("delete-" + id);
    request.set_name(Any());
    Known& known = known_[request.name()];
    if (client_.Call<google::protobuf::Empty>("@Name@Service/Delete@Noun@", request, {absl::StatusCode::kNotFound}))
      known.deleted = true;
  }

  void EraseLead() {
    const outbox::Cause cause;
    auto event = outbox::NewEvent<leads::v1::LeadEvent>(
        {simulation_.clock(), simulation_.rng(), simulation_.clock().Now(), cause}, kErased, 1);
    event.mutable_lead_erased();
    const absl::Status sent = servers_.log().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                                    simulation_.clock().Steady() + absl::Seconds(10));
    if (!sent.ok()) Violated(sent.ToString());
  }

  int64_t Count(const std::string& from) { return servers_.Query("SELECT COUNT(*) FROM " + from)[0].Int(0); }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      const int64_t due = Count(fmt::format("@table@ WHERE due_time <= {}",
                                            ToMicros(simulation_.clock().Now() - absl::Seconds(5))));
      const int64_t lag = servers_.Lag("@name@.leads", outbox::TopicName<leads::v1::LeadEvent>());
      if (outbox + due + lag == 0) return;
      left = fmt::format("{} rows in the outbox, {} due, {} events of leads behind", outbox, due, lag);
    } while (simulation_.clock().Steady() < limit);
    Violated("does not come to rest: " + left);
  }

  void Check() {
    std::map<std::string, Told> told;
    std::set<std::string> titles;
    CheckEventTopic<v1::@Event@>(servers_, violations_, [&](const v1::@Event@& event) {
      Told& one = told[event.key()];
      one.created += event.has_@noun@_created();
      one.updated += event.has_@noun@_updated();
      one.deleted += event.has_@noun@_deleted();
      if (event.has_@noun@_created() && !titles.insert(event.@noun@_created().title()).second)
        Violated(fmt::format("create {} took effect twice", event.@noun@_created().title()));
    });
    std::map<std::string, storage::Row> rows;
    for (const storage::Row& row : servers_.Query("SELECT id, title, lead, version, deleted FROM @table@")) {
      const std::string name = "@nouns@/" + row.Text(0);
      const Told& one = told[name];
      if (one.created != 1 || one.deleted != row.Bool(4) || row.Int(3) != 1 + one.updated + one.deleted)
        Violated(fmt::format("{}: the store says otherwise than the topic", name));
      rows.emplace(name, row);
    }
    for (const auto& [name, known] : known_) {
      const auto row = rows.find(name);
      if (row == rows.end()) {
        Violated("lost: " + name);
        continue;
      }
      const Told& one = told[name];
      if (one.updated < known.updated || one.updated > known.attempted)
        Violated(fmt::format("{}: {} updates of {} to {}", name, one.updated, known.updated, known.attempted));
      const bool deleted = row->second.Bool(4);
      if (known.deleted && !deleted) Violated(fmt::format("{}: its deletion is lost", name));
      if (!deleted && !known.titles.contains(row->second.Text(1)))
        Violated(fmt::format("{}: nobody called it {}", name, row->second.Text(1)));
      if (row->second.Text(2) == kErased) Violated(fmt::format("{} is about an erased lead", name));
    }
    if (const int64_t parked = Count("parked"); parked > 0) Violated(fmt::format("{} records are parked", parked));
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  const ServiceClient client_;
  int clients_done_ = 0;
  std::map<std::string, Known> known_;
};

}  // namespace

Outcome Run@Name@World(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
