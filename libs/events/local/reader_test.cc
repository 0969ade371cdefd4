#include "libs/events/local/reader.h"

#include <gtest/gtest.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/events/local/appender.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::events {
namespace {

class LocalReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto database = storage::Open("sqlite:" + folder_.path() + "/events.db", *clock_, {});
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto catalog = Catalog::Load(*database_, *clock_);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    catalog_ = *std::move(catalog);
    ASSERT_TRUE(catalog_->Apply({{.name = "t", .partitions = 1}}, Soon()).ok());
    id_ = catalog_->Find("t")->first_id;
    reader_ = std::make_unique<LocalReader>(*database_, *catalog_, *clock_);
    reader_->Start(kPartition, id_, 0);
  }

  absl::Duration Soon() const { return clock_->Steady() + absl::Seconds(30); }

  // Stores records up to the offset `end`, as an append does before it tells the catalog.
  void Commit(int64_t end) {
    const absl::Status stored =
        database_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) -> absl::Status {
          for (; stored_ < end; ++stored_) {
            RETURN_IF_ERROR(transaction
                                .Execute("INSERT INTO records (id, time, key, value) VALUES ($1, 0, $2, $2)",
                                         {RecordId(id_, stored_), storage::Bytes{"k"}})
                                .status());
          }
          return absl::OkStatus();
        });
    ASSERT_TRUE(stored.ok()) << stored;
  }

  // How many records are read; none may be truncated.
  size_t Read() {
    std::vector<Record> records;
    std::vector<PartitionOffset> truncated;
    const absl::Status read = reader_->Read(1000, records, truncated);
    EXPECT_TRUE(read.ok()) << read;
    EXPECT_TRUE(truncated.empty());
    return records.size();
  }

  const Partition kPartition{"t", 0};
  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<LocalReader> reader_;
  int64_t id_ = 0;
  int64_t stored_ = 0;
};

TEST_F(LocalReaderTest, WhatIsCommittedAndNotToldYetIsReadLater) {
  Commit(1);
  catalog_->Grown(id_, 1);
  Commit(3);
  EXPECT_EQ(Read(), 1u);
  EXPECT_EQ(reader_->PlaceOf(kPartition), 1);
  EXPECT_EQ(Read(), 0u);
  catalog_->Grown(id_, 3);
  EXPECT_EQ(Read(), 2u);
  EXPECT_EQ(reader_->PlaceOf(kPartition), 3);
}

}  // namespace
}  // namespace finalmile::events
