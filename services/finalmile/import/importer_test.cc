#include "services/finalmile/import/importer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "services/finalmile/testing/fake_channel.h"

namespace finalmile::cli {
namespace {

using leads::v1::ImportConflict;
using leads::v1::ImportReject;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Recorder final : public ImportObserver {
 public:
  absl::Status Started(const std::vector<std::string>& columns, int64_t resumed) override {
    columns_seen = columns;
    resumed_after = resumed;
    return absl::OkStatus();
  }
  void Progressed(const ImportTotals&) override { ++progressed; }
  absl::Status Rejected(const ImportReject& reject, const csv::Row& row) override {
    order.push_back(reject.line());
    rejects.push_back(fmt::format("{} {} {} {}", reject.line(), reject.column(),
                                  row.cells.empty() ? "-" : row.cells.back(), row.line));
    return reject_status;
  }
  absl::Status Unread(const ImportReject& cell, const csv::Row& row) override {
    order.push_back(cell.line());
    unread.push_back(fmt::format("{} {} {}", cell.line(), cell.reason(), row.line));
    return absl::OkStatus();
  }

  void Conflicted(const ImportConflict&) override {}

  std::vector<std::string> columns_seen;
  int64_t resumed_after = -1;
  int progressed = 0;
  std::vector<std::string> rejects;
  std::vector<std::string> unread;
  std::vector<int64_t> order;
  absl::Status reject_status;
};

struct Ended {
  absl::Status status;
  ImportTotals totals;
  Recorder recorder;
};

Ended Import(FakeImport& server, const std::string& csv, ImportOptions options = {},
             absl::Status reject_status = {}) {
  Ended run;
  run.recorder.reject_status = reject_status;
  if (options.request_id.empty()) options.request_id = "r1";
  FakeChannel channel;
  channel.open = [&] { return server.Open(); };
  std::istringstream input(csv);
  auto reader = csv::Reader::Open(input, ',');
  EXPECT_TRUE(reader.ok());
  leads::v1::ImportMapping mapping;
  mapping.set_name("m");
  run.status = ImportRows(**reader, mapping, options, channel, run.recorder, run.totals);
  return run;
}

std::string Rows(int count) {
  std::string csv = "A,B\n";
  for (int i = 0; i < count; ++i) csv += fmt::format("row{},{}\n", i, i);
  return csv;
}

TEST(Importer, SendsHeaderAndRows) {
  FakeImport server;
  const Ended run = Import(server, "A,B\n1,\"x\ny\"\n2,z\n", {.dry_run = true});
  ASSERT_TRUE(run.status.ok()) << run.status;
  ASSERT_EQ(server.headers.size(), 1u);
  EXPECT_THAT(server.headers[0].columns(), ElementsAre("A", "B"));
  EXPECT_EQ(server.headers[0].mapping().name(), "m");
  EXPECT_EQ(server.headers[0].request_id(), "r1");
  EXPECT_TRUE(server.headers[0].dry_run());
  ASSERT_EQ(server.rows.size(), 2u);
  EXPECT_EQ(server.rows[0].line(), 2);
  EXPECT_THAT(server.rows[0].cells(), ElementsAre("1", "x\ny"));
  EXPECT_EQ(server.rows[1].line(), 4);
  EXPECT_EQ(run.totals.rows, 2);
  EXPECT_EQ(run.totals.created, 2);
  EXPECT_EQ(run.totals.acknowledged_line, 4);
  EXPECT_EQ(run.totals.resumed_after_line, 0);
  EXPECT_EQ(run.recorder.resumed_after, 0);
}

TEST(Importer, BoundsWhatIsOnItsWay) {
  FakeImport server;
  const Ended run = Import(server, Rows(1001), {.chunk_rows = 10, .window = 3});
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(server.rows.size(), 1001u);
  EXPECT_EQ(run.totals.created, 1001);
  EXPECT_EQ(run.recorder.progressed, 101);
  EXPECT_LE(server.most_waiting, 3u);
  FakeImport bytes;
  ASSERT_TRUE(Import(bytes, Rows(1000), {.chunk_rows = 1000, .chunk_bytes = 100}).status.ok());
  EXPECT_LT(bytes.largest_message, 600u);
}

TEST(Importer, GivesRejectsWithTheirRows) {
  FakeImport server;
  const Ended run =
      Import(server, "A,B\nbad,one\nok,two\nbad,three\nbad,four\n", {.chunk_rows = 2, .window = 2});
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_THAT(run.recorder.rejects, ElementsAre("2 A one 2", "4 A three 4", "5 A four 5"));
  EXPECT_EQ(run.totals.rejected, 3);
  EXPECT_EQ(run.totals.created, 1);
}

TEST(Importer, RejectsRowsThatCannotBeSent) {
  FakeImport server;
  const Ended run = Import(server, std::string("A,B\nok,1\nJos\xE9,2\na\0b,3\nok,4\n", 27));
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_THAT(run.recorder.rejects, ElementsAre("3  2 3", "4  3 4"));
  EXPECT_EQ(run.totals.rows, 4);
  EXPECT_EQ(run.totals.rejected, 2);
  EXPECT_EQ(run.totals.created, 2);
}

TEST(Importer, GoesOnWhereItStopped) {
  FakeImport server;
  server.break_after = 3;
  const Ended first = Import(server, Rows(100), {.chunk_rows = 10, .window = 2});
  EXPECT_EQ(first.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(first.totals.acknowledged_line, 31);
  EXPECT_EQ(server.rows.size(), 30u);
  server.break_after = -1;
  const Ended second = Import(server, Rows(100), {.chunk_rows = 10, .window = 2});
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_EQ(second.totals.resumed_after_line, 31);
  EXPECT_EQ(second.totals.rows, 70);
  EXPECT_EQ(second.totals.created, 100);
  EXPECT_EQ(server.rows.size(), 100u);
  const Ended third = Import(server, Rows(100));
  ASSERT_TRUE(third.status.ok());
  EXPECT_EQ(third.totals.rows, 0);
  EXPECT_EQ(third.totals.resumed_after_line, 101);
}

TEST(Importer, AFaultInTheFileCostsItsRow) {
  FakeImport server;
  const Ended run = Import(server, "A,B\n1,2\n3,\"4\n5,6\"x\nlast,7\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_THAT(run.recorder.rejects, ElementsAre("3  3,\"4 3", "4  5,6\"x 4"));
  EXPECT_EQ(run.totals.rows, 4);
  EXPECT_EQ(run.totals.created, 2);
  EXPECT_EQ(run.totals.rejected, 2);
  EXPECT_EQ(Import(server, "A,\"B\n1,2\n").status.message().substr(0, 17), "line 1: the quote");
}

TEST(Importer, CountsWhatItLeavesOut) {
  FakeImport server;
  const Ended run = Import(server, " ,,,\nA,B,, \n1,2,,\n,,,\n\u00A0, ,\n3\n4,5,x,y\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_EQ(server.rows.size(), 3u);
  EXPECT_EQ(run.totals.rows, 3);
  EXPECT_EQ(run.totals.blank_rows, 2);
  EXPECT_EQ(run.totals.short_rows, 1);
  EXPECT_EQ(run.totals.nameless_columns, 2);
  EXPECT_EQ(run.totals.nameless_cells, 2);
}

TEST(Importer, GivesUnreadCellsWithTheirRows) {
  FakeImport server;
  const Ended run = Import(server, "A,B\n1,2\nodd,3\nbad,4\nodd,5\n");
  ASSERT_TRUE(run.status.ok()) << run.status;
  EXPECT_THAT(run.recorder.unread, ElementsAre("3 is odd 3", "5 is odd 5"));
  EXPECT_THAT(run.recorder.order, ElementsAre(3, 4, 5));
  EXPECT_EQ(run.totals.unread_cells, 2);
  EXPECT_EQ(run.totals.created, 3);
}

TEST(Importer, PassesErrorsOn) {
  FakeImport server;
  EXPECT_THAT(std::string(Import(server, "").status.message()), HasSubstr("empty"));
  EXPECT_TRUE(server.headers.empty());
  EXPECT_THAT(std::string(Import(server, "A\xE9,B\n1,2\n").status.message()), HasSubstr("not UTF-8"));
  server.header_status = absl::InvalidArgumentError("no such column");
  EXPECT_EQ(Import(server, Rows(3)).status, server.header_status);
  server.header_status = absl::OkStatus();
  EXPECT_EQ(Import(server, "A,B\nbad,1\n", {}, absl::ResourceExhaustedError("disk full")).status.code(),
            absl::StatusCode::kResourceExhausted);
  const Ended only_header = Import(server, "A,B\n", {.request_id = "r2"});
  EXPECT_TRUE(only_header.status.ok());
  EXPECT_EQ(only_header.totals.rows, 0);
}

}  // namespace
}  // namespace finalmile::cli
