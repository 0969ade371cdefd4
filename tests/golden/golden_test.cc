// Contracts that others rely on, as text: the schema of every service, the messages of every topic, the names
// of resources and of metrics. A change of one shows as a difference in `expected/`, in the commit that makes
// it. `make golden` writes the files anew.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "finalmile/v1/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "libs/app/deployment.h"
#include "libs/storage/database.h"
#include "libs/testing/temporary_folder.h"
#include "services/finalmile/events/decode.h"
#include "services/finalmile/local_suite.h"

namespace finalmile::cli {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

// Compares `actual` with the expected file, or writes the file where UPDATE_GOLDEN is set.
void Compare(const std::string& name, const std::string& actual) {
  const std::filesystem::path path = std::filesystem::path(FINALMILE_GOLDEN) / name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path << " is missing: make golden";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str())
      << "if the change is meant: make golden, and commit tests/golden/expected/" << name;
}

class GoldenTest : public ::testing::Test {
 protected:
  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
};

TEST_F(GoldenTest, Schemas) {
  for (const app::ModuleSpec* module : Modules()) {
    const auto database =
        storage::Open(fmt::format("sqlite:{}/{}.db", folder_.path(), module->name), *clock_, {});
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_EQ(app::MigrateStore(*module, **database, *clock_), absl::OkStatus());
    std::string schema;
    const absl::Status read = (*database)->Transact(
        {.deadline = clock_->Steady() + kTimeout, .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          schema.clear();
          auto found = transaction.Execute(
              "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY "
              "tbl_name, type DESC, name");
          if (!found.ok()) return found.status();
          for (const storage::Row& row : found->rows) schema += row.Text(0) + ";\n\n";
          return absl::OkStatus();
        });
    ASSERT_EQ(read, absl::OkStatus());
    Compare(fmt::format("{}.sql", module->name), schema);
  }
}

// Adds `message` and every message and enum below it, by full name.
void Collect(const google::protobuf::Descriptor& message, std::map<std::string, std::string>& types) {
  if (message.file()->package().rfind("google.", 0) == 0) return;
  if (message.options().map_entry() || !types.emplace(message.full_name(), message.DebugString()).second)
    return;
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    if (field.message_type() != nullptr) {
      const auto* type = field.message_type();
      if (type->options().map_entry()) type = type->FindFieldByNumber(2)->message_type();
      if (type != nullptr) Collect(*type, types);
    }
    if (field.enum_type() != nullptr)
      types.emplace(field.enum_type()->full_name(), field.enum_type()->DebugString());
  }
}

TEST_F(GoldenTest, MessagesOfTopics) {
  const auto topics = app::TopicsOf(Modules());
  ASSERT_TRUE(topics.ok()) << topics.status();
  for (const events::TopicSpec& topic : *topics) {
    const auto value = DecodeEvent(topic.name, "");
    ASSERT_TRUE(value.ok()) << topic.name << ": " << value.status();
    std::map<std::string, std::string> types;
    Collect(*value->message->GetDescriptor(), types);
    std::string text = fmt::format("retention: {}\nvalue: {}\n",
                                   topic.retention == absl::InfiniteDuration()
                                       ? "for ever"
                                       : fmt::format("{} days", absl::ToInt64Hours(topic.retention) / 24),
                                   value->message->GetDescriptor()->full_name());
    for (const auto& [name, definition] : types) text += fmt::format("\n// {}\n{}", name, definition);
    Compare(fmt::format("{}.txt", topic.name), text);
  }
}

// Adds the fields of `message` that name resources: collection -> form -> fields.
using Forms = std::map<std::string, std::map<std::string, std::vector<std::string>>>;
void Collect(const google::protobuf::Descriptor& message, Forms& forms) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    if (!field.options().HasExtension(v1::resource)) continue;
    v1::ResourceName form = field.options().GetExtension(v1::resource);
    const std::string collection = form.pattern().substr(0, form.pattern().find('/'));
    const std::string name = field.full_name() + (form.wildcard() ? ", or -" : "");
    form.clear_wildcard();
    forms[collection][form.ShortDebugString()].push_back(name);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) Collect(*message.nested_type(i), forms);
}

TEST_F(GoldenTest, NamesOfResources) {
  Forms forms;
  const std::filesystem::path root = FINALMILE_PROTOS;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".proto") continue;
    const std::string name = std::filesystem::relative(entry.path(), root).string();
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    ASSERT_NE(file, nullptr) << name << " is linked into no service";
    for (int i = 0; i < file->message_type_count(); ++i) Collect(*file->message_type(i), forms);
  }
  std::string text;
  for (auto& [collection, by_form] : forms) {
    EXPECT_EQ(by_form.size(), 1u) << "one collection has one form of names: " << collection;
    for (auto& [form, fields] : by_form) {
      text += form + "\n";
      std::sort(fields.begin(), fields.end());
      for (const std::string& field : fields) text += fmt::format("    {}\n", field);
    }
  }
  Compare("resources.txt", text);
}

TEST_F(GoldenTest, NamesOfMetrics) {
  config::Assignments settings = EmbeddedIn(folder_.path());
  settings.insert(settings.end(),
                  {{"listen", "127.0.0.1:0"}, {"admin", "127.0.0.1:0"}, {"log-level", "error"}});
  auto config = SuiteConfig(settings);
  ASSERT_TRUE(config.ok()) << config.status();
  const auto suite = app::Suite::Start({.modules = Modules(), .config = *std::move(config)});
  ASSERT_TRUE(suite.ok()) << suite.status();
  httplib::Client client("http://" + (*suite)->admin_address());
  const auto page = client.Get("/metrics");
  ASSERT_TRUE(page);
  // Every family, with its type and help. Labels are left out: they come with the first sample.
  std::set<std::string> families;
  std::istringstream lines(page->body);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) families.insert(line.substr(2));
  }
  std::map<std::string, std::pair<std::string, std::string>> metrics;
  for (const std::string& family : families) {
    std::istringstream words(family);
    std::string kind;
    std::string name;
    std::string rest;
    words >> kind >> name;
    std::getline(words >> std::ws, rest);
    (kind == "TYPE" ? metrics[name].first : metrics[name].second) = rest;
  }
  std::string text;
  for (const auto& [name, metric] : metrics)
    text += fmt::format("{} ({})\n    {}\n", name, metric.first, metric.second);
  Compare("metrics.txt", text);
}

}  // namespace
}  // namespace finalmile::cli
