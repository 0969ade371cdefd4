// What SQLite alone promises: one process per store, and what befalls a file.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libs/base/status.h"
#include "libs/storage/contract_test_fixture.h"

namespace finalmile::storage {
namespace {

using absl::StatusCode;

class SqliteTest : public StoreTest {
 protected:
  void SetUp() override { Prepare(Engine::kSqlite); }
  void TearDown() override {
    database_.reset();
    if (mounted_) umount(folder_->path().c_str());
    StoreTest::TearDown();
  }

  // Puts a small disk of its own under the store; only root may.
  bool MountDisk(const char* options) {
    database_.reset();
    mounted_ = mount("tmpfs", folder_->path().c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }

  std::string path() const { return folder_->path() + "/store.db"; }

  // 0 when `check` is true in a process of its own.
  static int InChild(const std::function<bool()>& check) {
    const pid_t child = fork();
    if (child == 0) _exit(check() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return status;
  }

  // Another process that has the store open, and says that it answers at 127.0.0.1:7000.
  class Holder {
   public:
    explicit Holder(SqliteTest& test) {
      int opened[2];
      int end[2];
      EXPECT_EQ(pipe(opened), 0);
      EXPECT_EQ(pipe(end), 0);
      child_ = fork();
      if (child_ == 0) {
        close(end[1]);
        auto database = test.Open();
        char byte = database != nullptr && database->Advertise("127.0.0.1:7000").ok() ? 1 : 0;
        if (write(opened[1], &byte, 1) != 1 || read(end[0], &byte, 1) != 0) _exit(1);
        database.reset();
        _exit(0);
      }
      close(opened[1]);
      close(end[0]);
      end_ = end[1];
      char byte = 0;
      EXPECT_EQ(read(opened[0], &byte, 1), 1);
      EXPECT_EQ(byte, 1);
      close(opened[0]);
    }
    ~Holder() { End(); }

    void End() {
      if (end_ < 0) return;
      close(std::exchange(end_, -1));
      int status = -1;
      waitpid(child_, &status, 0);
      EXPECT_EQ(status, 0);
    }

   private:
    pid_t child_ = -1;
    int end_ = -1;
  };

  bool mounted_ = false;
};

TEST_F(SqliteTest, ASecondOpeningIsRefusedAndToldWhereTheFirstAnswers) {
  EXPECT_EQ(HolderOf(path()).status().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(database_->Advertise("127.0.0.1:7000").ok());
  EXPECT_EQ(*HolderOf(path()), "127.0.0.1:7000");
  ASSERT_TRUE(database_->Advertise("[::1]:70").ok());
  EXPECT_EQ(*HolderOf(path()), "[::1]:70");
  const absl::Status second = storage::Open(url_, *clock_, {}).status();
  EXPECT_EQ(second.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.message().find("[::1]:70"), absl::string_view::npos) << second;
  EXPECT_NE(second.message().find(std::to_string(getpid())), absl::string_view::npos) << second;
  database_.reset();
  EXPECT_EQ(HolderOf(path()).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(HolderOf("/nowhere/store.db").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(storage::Open(url_, *clock_, {}).ok());
}

TEST_F(SqliteTest, NoOtherNameOfTheFileLetsASecondProcessIn) {
  const std::string link = folder_->path() + "/link.db";
  const std::string hard = folder_->path() + "/hard.db";
  const std::string moved = folder_->path() + "/moved.db";
  MustExecute("CREATE TABLE n (id BIGINT)");
  std::filesystem::create_symlink(path(), link);
  std::filesystem::create_hard_link(path(), hard);
  database_.reset();
  Holder holder(*this);
  ASSERT_EQ(*HolderOf(path()), "127.0.0.1:7000");
  EXPECT_EQ(*HolderOf(link), "127.0.0.1:7000");
  EXPECT_EQ(HolderOf(hard).status().code(), StatusCode::kUnavailable) << "held, but nobody says where";
  const auto refused = [&](const std::string& name) {
    const absl::Status status = storage::Open("sqlite:" + name, *clock_, {}).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << name << ": " << status;
    return std::string(status.message());
  };
  refused(path());
  EXPECT_NE(refused(link).find("127.0.0.1:7000"), std::string::npos) << "a link is the file that it names";
  EXPECT_NE(refused(hard).find("another name"), std::string::npos);
  std::filesystem::remove(path() + ".lock");
  EXPECT_NE(refused(path()).find(path() + ".lock was removed"), std::string::npos);
  EXPECT_EQ(HolderOf(path()).status().code(), StatusCode::kUnavailable);
  std::filesystem::rename(path(), moved);
  refused(moved);
  holder.End();
  EXPECT_EQ(HolderOf(moved).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(storage::Open("sqlite:" + moved, *clock_, {}).ok());
}

TEST_F(SqliteTest, TheSameProcessIsKeptOutWithoutLosingItsLocks) {
  MustExecute("CREATE TABLE n (id BIGINT)");
  const std::string hard = folder_->path() + "/hard.db";
  std::filesystem::create_hard_link(path(), hard);
  EXPECT_EQ(storage::Open("sqlite:" + hard, *clock_, {}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(HolderOf(hard).status().code(), StatusCode::kUnavailable);
  // SQLite's own locks on the file are still there, which closing any descriptor of it would have dropped.
  const int status = InChild([&] {
    const int file = open(path().c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteTest, ClosingLeavesOneFileThatOnlyItsOwnerMayRead) {
  MustExecute("CREATE TABLE n (id BIGINT)");
  EXPECT_TRUE(std::filesystem::exists(path() + "-wal"));
  database_.reset();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
  struct stat status {};
  ASSERT_EQ(stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(SqliteTest, DeletedTextIsGoneFromTheFile) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY, name TEXT)");
  for (int64_t i = 0; i < 50; ++i)
    MustExecute("INSERT INTO n (id, name) VALUES ($1, 'erase-me-please')", {i});
  MustExecute("DELETE FROM n");
  database_.reset();
  std::ifstream file(path(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(bytes.find("erase-me-please"), std::string::npos);
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsDataLoss) {
  database_.reset();
  std::ofstream(path(), std::ios::binary) << std::string(8192, 'x');
  const absl::Status status = storage::Open(url_, *clock_, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find(path()), absl::string_view::npos) << status;
}

TEST_F(SqliteTest, ADamagedPageIsDataLoss) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY, name TEXT)");
  MustExecute("INSERT INTO n (id, name) VALUES (1, 'x')");
  database_.reset();
  {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(4096);
    file << std::string(8192, '\x7f');
  }
  database_ = Open();
  EXPECT_EQ(Execute("SELECT id, name FROM n").status().code(), StatusCode::kDataLoss);
}

TEST_F(SqliteTest, AFullDiskRefusesWritesAndRecovers) {
  if (!MountDisk("size=1m")) GTEST_SKIP() << "SKIPPED: only root may mount a small disk";
  database_ = Open();
  MustExecute("CREATE TABLE n (id {identity}, body TEXT)");
  MustExecute("INSERT INTO n (body) VALUES ('kept')");
  int64_t stored = 1;
  absl::Status status;
  while ((status = Execute("INSERT INTO n (body) VALUES ($1)", {std::string(50'000, 'x')}).status()).ok()) {
    ASSERT_LT(++stored, 100);
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  EXPECT_NE(status.message().find(path()), absl::string_view::npos) << status;
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), stored) << "reads work and nothing is lost";
  ASSERT_EQ(mount("tmpfs", folder_->path().c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
  MustExecute("INSERT INTO n (body) VALUES ($1)", {std::string(50'000, 'x')});
  EXPECT_EQ(Count("SELECT COUNT(*) FROM n"), stored + 1);
}

TEST_F(SqliteTest, AReadOnlyDiskIsOneClearLine) {
  if (!MountDisk("size=1m")) GTEST_SKIP() << "SKIPPED: only root may mount a small disk";
  ASSERT_EQ(mount("tmpfs", folder_->path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
  const absl::Status status = storage::Open(url_, *clock_, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_NE(status.message().find(path()), absl::string_view::npos) << status;
  EXPECT_EQ(status.message().find('\n'), absl::string_view::npos) << status;
}

TEST_F(SqliteTest, AKilledProcessLosesNoCommit) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  database_.reset();
  for (int64_t round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      database_ = Open();
      for (int64_t i = 0;; ++i) {
        const int64_t id = round * 1'000'000 + i;
        if (!Execute("INSERT INTO n (id) VALUES ($1)", {id}).ok() ||
            write(ends[1], &id, sizeof id) != sizeof id)
          _exit(1);
      }
    }
    close(ends[1]);
    int64_t last = -1;
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    kill(child, SIGKILL);
    while (read(ends[0], &last, sizeof last) == sizeof last) {
    }
    close(ends[0]);
    waitpid(child, nullptr, 0);
    database_ = Open();
    // Whatever was acknowledged, and at most the one that was under way.
    const int64_t stored = Count("SELECT COUNT(*) FROM n WHERE id >= $1", {round * 1'000'000});
    const int64_t acknowledged = last - round * 1'000'000 + 1;
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1);
    EXPECT_EQ(Execute("PRAGMA integrity_check")->rows[0].Text(0), "ok");
    database_.reset();
  }
}

TEST_F(SqliteTest, WaitsForAnotherProgramsLockUntilTheDeadline) {
  MustExecute("CREATE TABLE n (id BIGINT PRIMARY KEY)");
  // A writer that knows nothing of our lock, as the sqlite3 shell is one.
  sqlite3* stranger = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &stranger), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(stranger, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const absl::Duration start = clock_->Steady();
  const absl::Status blocked =
      database_->Transact(Options(absl::Milliseconds(100)), [](Transaction&) { return absl::OkStatus(); });
  EXPECT_EQ(blocked.code(), StatusCode::kDeadlineExceeded) << blocked;
  EXPECT_GE(clock_->Steady() - start, absl::Milliseconds(100));
  sqlite3_close(stranger);
  MustExecute("INSERT INTO n (id) VALUES (1)");
}

}  // namespace
}  // namespace finalmile::storage
