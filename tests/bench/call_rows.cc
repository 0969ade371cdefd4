#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "services/leads/domain/top.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kService = "/finalmile.leads.v1.LeadService/";
constexpr absl::Duration kLimit = absl::Minutes(10);

// What an imported lead leaves in the store, in the order in which it is written.
const std::vector<std::string> kImportTables = {"leads",        "profiles",   "external_ids",
                                                "fact_history", "activities", "outbox"};

class Import {
 public:
  Import(World& world, size_t count) : world_(world), count_(count) {
    leads::v1::ImportRows rows;
    for (size_t i = 0; i < count_; ++i) {
      leads::v1::ImportRow& row = *rows.add_rows();
      row.set_line(static_cast<int64_t>(i) + 2);
      for (const std::string& cell :
           {fmt::format("{}", i), fmt::format("Company {}", i % 1000),
            fmt::format("c{}.example.com", i % 1000), fmt::format("person{}@c{}.example.com", i, i % 1000),
            std::string(i % 2 == 0 ? "software" : "banking"), fmt::format("{}", i % 900),
            std::string(i % 3 == 0 ? "CTO" : "Engineer"), fmt::format("{}", i % 4)}) {
        row.add_cells(cell);
      }
      if (rows.rows_size() < kChunk && i + 1 < count_) continue;
      *chunks_.emplace_back().mutable_rows() = std::move(rows);
      rows.Clear();
    }
  }

  absl::StatusOr<Sample> Service() {
    RETURN_IF_ERROR(world_.Fill(world_.store(), 0, {}));
    const bool learn = tables_.empty();
    std::unique_ptr<SentEvents> sent;
    if (learn) {
      ASSIGN_OR_RETURN(sent, SentEvents::Start(world_));
    }
    leads::v1::ImportLeadsRequest header;
    FillHeader(*header.mutable_header());
    const auto channel = world_.NewChannel();
    const double cpu = world_.ServiceCpu();
    const absl::Duration start = world_.clock().Steady();
    const auto stream = channel->Open(std::string(kService) + "ImportLeads", {.timeout = kLimit});
    std::thread writer([&] {
      bool open = stream->Write(header);
      for (size_t i = 0; open && i < chunks_.size(); ++i) open = stream->Write(chunks_[i]);
      stream->WritesDone();
    });
    leads::v1::ImportLeadsResponse last;
    for (leads::v1::ImportLeadsResponse response; stream->Read(response);) last = response;
    const absl::Duration end = world_.clock().Steady();
    const double used = world_.ServiceCpu() - cpu;
    writer.join();
    RETURN_IF_ERROR(stream->Finish());
    if (last.created() != static_cast<int64_t>(count_)) {
      return absl::DataLossError(fmt::format("{} of {} leads were created", last.created(), count_));
    }
    RETURN_IF_ERROR(world_.AwaitSent());
    if (learn) {
      ASSIGN_OR_RETURN(int64_t events,
                       world_.Number(world_.store(), "SELECT CAST(SUM(seq) AS BIGINT) FROM leads"));
      ASSIGN_OR_RETURN(std::vector<storage::Row> rows, sent->Take(world_, events));
      RETURN_IF_ERROR(Learn(std::move(rows)));
    }
    const auto count = static_cast<double>(count_);
    return Sample{{"rate", count / absl::ToDoubleSeconds(end - start)}, {"cpu", used * 1e6 / count}};
  }

  absl::StatusOr<Sample> ByHand() {
    RETURN_IF_ERROR(world_.Fill(world_.twin(), 0, {}));
    const OnServiceCore pinned;
    const double cpu = ThreadCpu();
    const absl::Duration start = world_.clock().Steady();
    for (size_t i = 0; i < chunks_.size(); ++i) {
      RETURN_IF_ERROR(world_.twin().Transact(
          {.deadline = world_.clock().Steady() + kLimit},
          [&](storage::Transaction& transaction) -> absl::Status {
            for (size_t table = 0; table < kImportTables.size(); ++table) {
              if (i >= tables_[table].size()) continue;
              RETURN_IF_ERROR(transaction.ExecuteMany(inserts_[table], tables_[table][i]).status());
            }
            return absl::OkStatus();
          }));
    }
    ASSIGN_OR_RETURN(Sample sample, Rate(start));
    sample["cpu"] = (ThreadCpu() - cpu) * 1e6 / static_cast<double>(count_);
    if (copies_.empty()) RETURN_IF_ERROR(WriteFiles());
    return sample;
  }

  absl::StatusOr<Sample> Copy() {
    RETURN_IF_ERROR(world_.Fill(world_.twin(), 0, {}));
    const absl::Duration start = world_.clock().Steady();
    RETURN_IF_ERROR(world_.Execute(world_.twin(), copies_));
    return Rate(start);
  }

 private:
  static constexpr int kChunk = 1000;

  void FillHeader(leads::v1::ImportHeader& header) {
    header.set_request_id(fmt::format("bench-{}", ++imports_));
    leads::v1::ImportMapping& mapping = *header.mutable_mapping();
    mapping.set_name("bench");
    mapping.set_id_column("id");
    mapping.mutable_activity_time()->set_hours_before_import(24);
    auto field = [&](const char* column) {
      leads::v1::FieldColumn& to = *mapping.add_fields();
      to.set_column(column);
      to.set_field(column);
    };
    auto attribute = [&](const char* column, leads::v1::AttributeType type) {
      leads::v1::AttributeColumn& to = *mapping.add_attributes();
      to.set_column(column);
      to.set_type(type);
    };
    field("company");
    field("company_domain");
    field("email");
    attribute("industry", leads::v1::ATTRIBUTE_TYPE_TEXT);
    attribute("staff", leads::v1::ATTRIBUTE_TYPE_NUMBER);
    attribute("title", leads::v1::ATTRIBUTE_TYPE_TEXT);
    leads::v1::ActivityColumn& visits = *mapping.add_activities();
    visits.set_column("visits");
    visits.set_type("page_view");
    visits.set_subject("product");
    visits.set_cell_is_count(true);
    for (const char* column :
         {"id", "company", "company_domain", "email", "industry", "staff", "title", "visits"}) {
      header.add_columns(column);
    }
  }

  absl::Status Learn(std::vector<storage::Row> events) {
    for (const std::string& table : kImportTables) {
      ASSIGN_OR_RETURN(TableRows rows, world_.Capture(world_.store(), table));
      if (table == "outbox") rows.rows = std::move(events);
      inserts_.push_back(rows.insert);
      tables_.push_back(rows.Batches((rows.rows.size() + chunks_.size() - 1) / chunks_.size()));
    }
    return absl::OkStatus();
  }

  absl::Status WriteFiles() {
    std::vector<std::string> writes;
    for (const std::string& table : kImportTables) {
      const std::string file = fmt::format("{}/bench_{}.copy", world_.server_folder(), table);
      writes.push_back(fmt::format("COPY {} TO '{}'", table, file));
      copies_.push_back(fmt::format("COPY {} FROM '{}'", table, file));
    }
    return world_.Execute(world_.twin(), writes);
  }

  absl::StatusOr<Sample> Rate(absl::Duration start) {
    const double seconds = absl::ToDoubleSeconds(world_.clock().Steady() - start);
    ASSIGN_OR_RETURN(int64_t leads, world_.Number(world_.twin(), "SELECT COUNT(*) FROM leads"));
    if (leads != static_cast<int64_t>(count_)) return absl::DataLossError("the reference lost rows");
    return Sample{{"rate", static_cast<double>(count_) / seconds}};
  }

  World& world_;
  const size_t count_;
  std::vector<leads::v1::ImportLeadsRequest> chunks_;
  int imports_ = 0;
  // Per table of kImportTables: the statement, and its rows per chunk.
  std::vector<std::string> inserts_;
  std::vector<std::vector<std::vector<storage::Row>>> tables_;
  std::vector<std::string> copies_;
};

class Recording {
 public:
  Recording(World& world, absl::Duration length) : world_(world), length_(length) {
    // A process has few connections to one service, and many calls on each.
    for (int i = 0; i < 4; ++i) channels_.push_back(world_.NewChannel());
  }

  absl::StatusOr<Sample> Service() {
    const double cpu = world_.ServiceCpu();
    ASSIGN_OR_RETURN(int64_t before, world_.Consumed());
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t turn) {
                       leads::v1::RecordActivityRequest request;
                       if (!request.mutable_activity()->ParseFromString(Bytes(client, turn))) std::abort();
                       return channels_[client % channels_.size()]
                           ->Call<leads::v1::RecordActivityResponse>(std::string(kService) + "RecordActivity",
                                                                     request, {.retry = false})
                           .status();
                     }));
    sample["cpu"] = (world_.ServiceCpu() - cpu) * 1e6 / sample["answers"];
    RETURN_IF_ERROR(world_.AwaitConsumed(before + static_cast<int64_t>(sample["answers"])));
    RETURN_IF_ERROR(world_.AwaitSent());
    return sample;
  }

  // The same calls without work: a batch of no activity at all.
  absl::StatusOr<Sample> Empty() {
    const double cpu = world_.ServiceCpu();
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t) {
                       return channels_[client % channels_.size()]
                           ->Call<leads::v1::RecordActivitiesResponse>(
                               std::string(kService) + "RecordActivities",
                               leads::v1::RecordActivitiesRequest(), {.retry = false})
                           .status();
                     }));
    sample["cpu"] = (world_.ServiceCpu() - cpu) * 1e6 / sample["answers"];
    return sample;
  }

  absl::StatusOr<Sample> Append() {
    const double cpu = OwnCpu();
    ASSIGN_OR_RETURN(Sample sample, Clients([&](int client, int64_t turn) {
                       return world_.events().Append(
                           {{std::string(kRawTopic), "leads/" + Lead(client, turn), Bytes(client, turn), {}}},
                           world_.clock().Steady() + absl::Seconds(10));
                     }));
    sample["cpu"] = (OwnCpu() - cpu) * 1e6 / sample["answers"];
    return sample;
  }

  // A broker that has just started compiles its code for half a minute under load, and small requests feel
  // that most. Until a round is hardly faster than the one before it.
  absl::Status WarmUp() {
    double last = 0;
    for (int round = 0; round < kMostWarmUps; ++round) {
      ASSIGN_OR_RETURN(Sample sample, Service());
      RETURN_IF_ERROR(Append().status());
      if (round > 1 && sample["rate"] < 1.05 * last) break;
      last = sample["rate"];
    }
    return absl::OkStatus();
  }

  static constexpr int kMostWarmUps = 10;
  static constexpr int kClients = 32;
  static constexpr size_t kLeads = 10'000;

 private:
  std::string Lead(int client, int64_t turn) const {
    return LeadId(static_cast<size_t>(client * 7919 + turn) % kLeads);
  }

  std::string Bytes(int client, int64_t turn) const {
    return ActivityBytes(Lead(client, turn), "page_view", "product",
                         fmt::format("p7-{}-{}-{}", run_, client, turn), world_.clock().Now());
  }

  absl::StatusOr<Sample> Clients(const std::function<absl::Status(int, int64_t)>& call) {
    ++run_;
    std::atomic<int64_t> answers = 0;
    std::mutex mutex;
    absl::Status failure;
    const absl::Duration start = world_.clock().Steady();
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        for (int64_t turn = 0; world_.clock().Steady() < start + length_; ++turn) {
          if (absl::Status status = call(client, turn); !status.ok()) {
            std::lock_guard lock(mutex);
            failure = status;
            return;
          }
          ++answers;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    RETURN_IF_ERROR(failure);
    const auto count = static_cast<double>(answers);
    return Sample{{"rate", count / absl::ToDoubleSeconds(world_.clock().Steady() - start)},
                  {"answers", count}};
  }

  World& world_;
  const absl::Duration length_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  int run_ = 0;
};

// The best 100 leads, three ways.
class Top {
 public:
  Top(World& world, int calls) : world_(world), calls_(calls), channel_(world.NewChannel()) {}

  absl::StatusOr<Sample> Service() {
    leads::v1::ListTopLeadsRequest request;
    request.set_page_size(100);
    const double cpu = world_.ServiceCpu();
    ASSIGN_OR_RETURN(Sample sample, Time(calls_, [&]() -> absl::Status {
                       auto reply = channel_->Call<leads::v1::ListTopLeadsResponse>(
                           std::string(kService) + "ListTopLeads", request);
                       RETURN_IF_ERROR(reply.status());
                       touched_ = reply->touched();
                       return reply->leads_size() == 100 ? absl::OkStatus()
                                                         : absl::DataLossError("not 100 leads");
                     }));
    sample["cpu"] = (world_.ServiceCpu() - cpu) * 1e6 / calls_;
    return sample;
  }

  absl::StatusOr<Sample> IndexScan() {
    const OnServiceCore pinned;
    const double cpu = ThreadCpu();
    ASSIGN_OR_RETURN(Sample sample, Time(calls_, [&] {
                       return Read(
                                  "SELECT id, fit, short_key, long_key FROM leads WHERE created AND gates = "
                                  "0 ORDER BY fit "
                                  "DESC, id LIMIT $1",
                                  {touched_})
                           .status();
                     }));
    sample["cpu"] = (ThreadCpu() - cpu) * 1e6 / calls_;
    return sample;
  }

  // Every lead's score computed, and the best 100 picked out.
  absl::StatusOr<Sample> Recompute() {
    const OnServiceCore pinned;
    return Time(3, [&]() -> absl::Status {
      ASSIGN_OR_RETURN(
          storage::Result result,
          Read("SELECT id, fit, short_key, long_key FROM leads WHERE created AND gates = 0", {}));
      const absl::Time now = world_.clock().Now();
      std::vector<leads::domain::TopLead> leads;
      leads.reserve(result.rows.size());
      for (const storage::Row& row : result.rows) {
        const leads::domain::RankedLead lead{row.Text(0), row.Real(1),
                                             row.OptionalReal(2).value_or(-INFINITY),
                                             row.OptionalReal(3).value_or(-INFINITY)};
        leads.push_back({lead.name, leads::domain::ScoreAt(lead, now)});
      }
      std::partial_sort(leads.begin(), leads.begin() + 100, leads.end(), leads::domain::RanksBefore);
      return absl::OkStatus();
    });
  }

  int64_t touched() const { return touched_; }

 private:
  absl::StatusOr<Sample> Time(int calls, const std::function<absl::Status()>& call) {
    std::vector<double> latencies;
    for (int i = 0; i < calls; ++i) {
      const absl::Duration start = world_.clock().Steady();
      RETURN_IF_ERROR(call());
      latencies.push_back(absl::ToDoubleMilliseconds(world_.clock().Steady() - start));
    }
    return Latencies(latencies);
  }

  absl::StatusOr<storage::Result> Read(std::string_view sql, std::vector<storage::Value> values) {
    storage::Result result;
    RETURN_IF_ERROR(world_.store().Transact(
        {.deadline = world_.clock().Steady() + kLimit, .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          // By hand, the server may choose to read the whole table.
          RETURN_IF_ERROR(transaction.Defer("SET LOCAL enable_seqscan = on").status());
          ASSIGN_OR_RETURN(result, transaction.Execute(sql, values));
          return absl::OkStatus();
        }));
    return result;
  }

  World& world_;
  const int calls_;
  const std::unique_ptr<rpc::Channel> channel_;
  int64_t touched_ = 0;
};

// A believable spread: fit in steps of a point, two leads in three with some engagement, most of it weeks
// old.
void Populate(Rng& rng, absl::Time now, leads::store::LeadState& state) {
  double fit = 0;
  for (int i = 0; i < 4; ++i) fit += rng.Uniform() * 25;
  state.fit = std::floor(fit);
  if (rng.Below(3) == 0) return;
  leads::domain::Engagement& engagement = state.engagement.engagement;
  auto value = [&](double mean, absl::Duration age) {
    return leads::domain::FadingValue{-mean * std::log(1 - rng.Uniform()), now - age * rng.Uniform()};
  };
  engagement.short_half_life = value(8, absl::Hours(24 * 60));
  engagement.long_half_life = value(12, absl::Hours(24 * 180));
}

}  // namespace

absl::Status MeasureImport(World& world, const Options& options, Report& report) {
  const size_t count = options.full ? 200'000 : 10'000;
  Import import(world, count);
  RETURN_IF_ERROR(world.StartService());
  ASSIGN_OR_RETURN(std::vector<Samples> samples, Alternate(options.pairs, {[&] { return import.Service(); },
                                                                           [&] { return import.ByHand(); },
                                                                           [&] { return import.Copy(); }}));
  world.StopService();
  const std::string work = fmt::format("import {}k leads over gRPC", count / 1000);
  report.Add({"P6", work, "the same rows of six tables by hand, unnest", "rate", "rows/s", 0.7}, samples[0],
             samples[1]);
  report.Add({"P6", "  share of COPY", "COPY of the same rows from files of the server", "rate", "rows/s"},
             samples[0], samples[2]);
  return absl::OkStatus();
}

absl::Status MeasureRecord(World& world, const Options& options, Report& report) {
  RETURN_IF_ERROR(world.Fill(world.store(), Recording::kLeads, {}));
  RETURN_IF_ERROR(world.StartService());
  Recording recording(world, options.full ? absl::Seconds(10) : absl::Seconds(3));
  RETURN_IF_ERROR(recording.WarmUp());
  ASSIGN_OR_RETURN(
      std::vector<Samples> samples,
      Alternate(options.pairs, {[&] { return recording.Service(); }, [&] { return recording.Append(); },
                                [&] { return recording.Empty(); }}));
  world.StopService();
  report.Add({"P7", fmt::format("RecordActivity, durable, {} clients", Recording::kClients),
              "append with acks=all by as many threads of the driver", "rate", "1/s", 0.7},
             samples[0], samples[1]);
  report.Add(
      {"P7", "  share of calls that do nothing", "an empty RecordActivities, as many clients", "rate", "1/s"},
      samples[0], samples[2]);
  return absl::OkStatus();
}

absl::Status MeasureTop(World& world, const Options& options, Report& report) {
  const size_t count = options.full ? 1'000'000 : 100'000;
  const auto rng = NewSeededRng(8);
  const absl::Time now = world.clock().Now();
  RETURN_IF_ERROR(world.Fill(world.store(), count,
                             [&](size_t, leads::store::LeadState& state) { Populate(*rng, now, state); }));
  RETURN_IF_ERROR(world.StartService());
  Top top(world, options.full ? 500 : 200);
  ASSIGN_OR_RETURN(std::vector<Samples> samples,
                   Alternate(options.pairs, {[&] { return top.Service(); }, [&] { return top.IndexScan(); },
                                             [&] { return top.Recompute(); }}));
  world.StopService();
  const std::string work = fmt::format("top 100 of {}k leads", count / 1000);
  const std::string scan = fmt::format("index scan of the {} rows it touches", top.touched());
  report.Add({"P8", work + ", p99", scan, "p99", "ms", {}, 2}, samples[0], samples[1]);
  report.Add({"P8", work + ", p50", scan, "p50", "ms"}, samples[0], samples[1]);
  report.Add({"P8", "  recompute and sort instead", "ListTopLeads", "p50", "ms", 100}, samples[2],
             samples[0]);
  return absl::OkStatus();
}

}  // namespace finalmile::bench
