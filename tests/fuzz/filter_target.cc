#include <cstdlib>
#include <filesystem>

#include "libs/base/text.h"
#include "libs/rpc/filter.h"
#include "libs/storage/database.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const rpc::FilterSchema schema{{
      {"owner", FilterType::kText, "t.owner"},
      {"stage", FilterType::kEnum, "t.stage", {{"STAGE_NEW", int64_t{1}}, {"STAGE_WON", int64_t{8}}}},
      {"count", FilterType::kInt, "t.count"},
      {"fit", FilterType::kReal, "t.fit"},
      {"gated", FilterType::kBool, "t.gated"},
      {"create_time", FilterType::kTimestamp, "t.create_time"},
      {"age", FilterType::kDuration, "t.age"},
  }};
  return schema;
}

// A store with one row, in memory files, as long as the process lives.
class Store {
 public:
  Store() : clock_(NewSystemClock()) {
    folder_ = (std::filesystem::temp_directory_path() / "finalmile-fuzz-XXXXXX").string();
    Require(mkdtemp(folder_.data()) != nullptr, "a temporary folder can be made");
    auto database = storage::Open("sqlite:" + folder_ + "/store.db", *clock_, {});
    Require(database.ok(), "a store can be made");
    database_ = *std::move(database);
    Require(Run(false,
                "CREATE TABLE t (owner TEXT, stage BIGINT, count BIGINT, fit DOUBLE PRECISION, gated "
                "BOOLEAN, create_time BIGINT, age BIGINT)",
                {})
                .ok(),
            "the table can be made");
    Require(Run(false, "INSERT INTO t VALUES ('ada', 1, 3, 50.5, TRUE, 1750000000000000, 60000000)", {}).ok(),
            "the row can be written");
  }
  ~Store() {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  absl::Status Run(bool read_only, const std::string& sql, const std::vector<storage::Value>& values) {
    return database_->Transact(
        {.deadline = clock_->Steady() + absl::Seconds(30), .read_only = read_only},
        [&](storage::Transaction& transaction) { return transaction.Execute(sql, values).status(); });
  }

 private:
  const std::unique_ptr<Clock> clock_;
  std::string folder_;
  std::unique_ptr<storage::Database> database_;
};

bool Run(std::string_view bytes) {
  static Store store;
  // Protobuf takes no other text from a caller.
  if (!IsUtf8(bytes)) return false;
  const auto condition = rpc::CompileFilter(bytes, Schema(), 1);
  if (!condition.ok()) {
    Require(absl::IsInvalidArgument(condition.status()), "a refused filter is an invalid argument");
    return false;
  }
  const absl::Status ran = store.Run(true, "SELECT 1 FROM t WHERE " + condition->sql, condition->values);
  Require(ran.ok(), std::string(ran.message()) + " in " + condition->sql);
  return true;
}

std::vector<std::string> Seeds() {
  return {"",
          "owner = \"ada\" AND (stage = STAGE_NEW OR NOT fit >= 50.5)",
          "owner:'A\\'d' OR owner:*",
          "-count != -3 AND gated = true",
          "create_time > 2026-01-31T09:00:00Z AND age <= 90s",
          "((((((((count < 9223372036854775807))))))))",
          "fit = 1e300 OR age = 0.5s"};
}

}  // namespace

Target Filter() { return {"filter", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
