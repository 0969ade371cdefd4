#include <fmt/format.h>

#include <thread>
#include <utility>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/base/status.h"
#include "tests/bench/processes.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kMethod = "/finalmile.leads.v1.LeadService/ImportLeads";

// What an imported lead leaves in the store, in the order in which it is written.
const std::vector<std::string> kImportTables = {"leads",      "profiles",    "external_ids",   "fact_history",
                                                "activities", "source_rows", "import_changes", "outbox"};

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
    const CpuUsed before = CpuOf(world_.service_pid());
    const absl::Duration start = world_.clock().Steady();
    const auto stream = channel->Open(std::string(kMethod), {.timeout = kPatience});
    std::thread writer([&] {
      bool open = stream->Write(header);
      for (size_t i = 0; open && i < chunks_.size(); ++i) open = stream->Write(chunks_[i]);
      stream->WritesDone();
    });
    leads::v1::ImportLeadsResponse last;
    for (leads::v1::ImportLeadsResponse response; stream->Read(response);) last = response;
    const absl::Duration end = world_.clock().Steady();
    writer.join();
    RETURN_IF_ERROR(stream->Finish());
    if (last.created() != static_cast<int64_t>(count_)) {
      return absl::DataLossError(fmt::format("{} of {} leads were created", last.created(), count_));
    }
    RETURN_IF_ERROR(world_.AwaitSent());
    const CpuUsed after = CpuOf(world_.service_pid());
    if (learn) {
      ASSIGN_OR_RETURN(int64_t events,
                       world_.Number(world_.store(), "SELECT CAST(SUM(seq) AS BIGINT) FROM leads"));
      ASSIGN_OR_RETURN(std::vector<storage::Row> rows, sent->Take(world_, events));
      RETURN_IF_ERROR(Learn(std::move(rows)));
    }
    const auto count = static_cast<double>(count_);
    Sample sample{{"rate", count / absl::ToDoubleSeconds(end - start)}};
    AddCpu(before, after, count, sample);
    return sample;
  }

  absl::StatusOr<Sample> ByHand() {
    RETURN_IF_ERROR(world_.Fill(world_.twin(), 0, {}));
    const OnServiceCore pinned;
    const CpuUsed before = CpuBeside(ThreadCpu());
    const absl::Duration start = world_.clock().Steady();
    for (size_t i = 0; i < chunks_.size(); ++i) {
      RETURN_IF_ERROR(world_.twin().Transact(
          {.deadline = world_.clock().Steady() + kPatience},
          [&](storage::Transaction& transaction) -> absl::Status {
            for (size_t table = 0; table < kImportTables.size(); ++table) {
              if (i >= tables_[table].size()) continue;
              RETURN_IF_ERROR(transaction.ExecuteMany(inserts_[table], tables_[table][i]).status());
            }
            return absl::OkStatus();
          }));
    }
    ASSIGN_OR_RETURN(Sample sample, Rate(start));
    AddCpu(before, CpuBeside(ThreadCpu()), static_cast<double>(count_), sample);
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
      if (table == "outbox") rows.rows = std::exchange(events, {});
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
  const std::string by_hand = "the same rows of six tables by hand, unnest";
  report.AddWholeCpu("P6", "CPU of all processes for a lead, its events sent", by_hand, samples[0],
                     samples[1]);
  report.Add({"P6", work, by_hand, "rate", "rows/s", 0.7}, samples[0], samples[1]);
  report.Add({"P6", "  share of COPY", "COPY of the same rows from files of the server", "rate", "rows/s"},
             samples[0], samples[2]);
  return absl::OkStatus();
}
}  // namespace finalmile::bench
