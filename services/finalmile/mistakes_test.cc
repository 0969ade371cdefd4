#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/finalmile/testing/suite_fixture.h"

// What users do wrong, and what they are told: one line that names the thing.
namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

class MistakesTest : public SuiteTest {
 protected:
  struct Mistake {
    std::vector<std::string> line;
    ExitCode code;
    // What the one line says.
    std::string told;
  };

  std::string Write(const std::string& name, const std::string& content) {
    std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  void Expect(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
      std::string line;
      for (const std::string& word : mistake.line) line += " " + word;
      SCOPED_TRACE(line);
      const Result result = Invoke(mistake.line);
      EXPECT_EQ(result.code, mistake.code);
      EXPECT_THAT(result.error, HasSubstr(mistake.told));
      EXPECT_EQ(result.error.find('\n'), std::string::npos) << result.error;
      EXPECT_EQ(result.out, "");
    }
  }
};

TEST_F(MistakesTest, InFilesThatAreNamed) {
  const std::string mapping =
      Write("m.yaml", "name: mine\nid_column: Name\nattributes: [{column: Staff, type: number}]\n");
  const std::string good = Write("good.csv", "Name,Staff\nA,3\n");
  const std::string folder = folder_ + "/empty";
  std::filesystem::create_directory(folder);
  const auto import = [&](const std::string& file, const std::string& by) {
    return std::vector<std::string>{"import", file, "--mapping", by};
  };
  Expect({
      {{"import", folder_ + "/none.csv"}, ExitCode::kNotFound, "none.csv: there is no such file or folder"},
      {{"import", folder}, ExitCode::kUsage, "empty: has no Markdown page (.md, .markdown, .mdown, "},
      {import(Write("empty.csv", ""), mapping), ExitCode::kUsage, "its first line must name the columns"},
      {import(Write("latin.csv", "Name,St\xe4rke\n"), mapping), ExitCode::kUsage,
       "line 1: the header is not UTF-8"},
      {{"import", good, "--mapping", mapping, "--encoding", "utf-16"},
       ExitCode::kUsage,
       "--encoding utf-16: must be"},
      {import(good, folder_ + "/none.yaml"), ExitCode::kNotFound, "none.yaml"},
      {import(good, Write("key.yaml", "name: mine\nidcolumn: Name\n")), ExitCode::kUsage,
       "key.yaml:2: unknown key 'idcolumn'"},
      {import(good, Write("yaml.yaml", "name: mine\n  id_column: [\n")), ExitCode::kUsage, "yaml.yaml:2: "},
      {import(good, Write("type.yaml", "name: mine\nattributes: [{column: Staff, type: numbr}]\n")),
       ExitCode::kUsage, "type.yaml:2: 'attributes[0].type' must be one of"},
      {import(good, Write("less.yaml", "name: mine\nid_column: Name\n")), ExitCode::kUsage,
       "column \"Staff\" is not in the mapping"},
      {import(good, Write("more.yaml", "name: mine\nid_column: Name\nignore: [Staff, Fax]\n")),
       ExitCode::kUsage, "the file has no column \"Fax\""},
      {{"import", good, "--mapping", mapping, "--rejects", folder_ + "/no/r.csv"},
       ExitCode::kUsage,
       "no/r.csv: cannot be written"},
      {{"activity", "record", folder_ + "/none.jsonl"}, ExitCode::kNotFound, "none.jsonl: cannot be read"},
      {{"activity", "record", Write("bad.jsonl", "{\"leed\":1}\n")}, ExitCode::kUsage, "line 1: "},
      {{"policy", "publish", "none"}, ExitCode::kNotFound, "there is no policy 'none'"},
      {{"policy", "publish", mapping}, ExitCode::kUsage, "m.yaml:2: unknown key 'id_column'"},
      {{"use", "--text", folder_ + "/none", "--rep", "kim", "--channel", "email"},
       ExitCode::kNotFound,
       "--text " + folder_ + "/none: cannot be read"},
      {{"status", "--token-file", folder_ + "/none"}, ExitCode::kNotFound, "--token-file: cannot read"},
  });
  // Nothing of the refused files was stored.
  EXPECT_THAT(Invoke({"import", good, "--mapping", mapping}).out, HasSubstr("1 created"));
}

TEST_F(MistakesTest, InRowsAreCountedAndTheRestIsStored) {
  const std::string mapping =
      Write("m.yaml", "name: mine\nid_column: Name\nattributes: [{column: Staff, type: number}]\n");
  const Result ragged =
      Invoke({"import", Write("ragged.csv", "Name,Staff\nA,3\nB,4,5\nC\nD,many\n"), "--mapping", mapping});
  EXPECT_EQ(ragged.code, ExitCode::kPartly);
  EXPECT_THAT(ragged.out, HasSubstr("3 created, 0 updated, 0 unchanged, 0 activities, 1 rejected"));
  EXPECT_THAT(ragged.out, HasSubstr("line 5, column 'Staff': is not a number"));
  EXPECT_THAT(ragged.out, HasSubstr("1 row has fewer cells than the header"));
  const Result open =
      Invoke({"import", Write("open.csv", "Name,Staff\nE,3\n\"F,4\nG,5\n"), "--mapping", mapping});
  EXPECT_EQ(open.code, ExitCode::kPartly);
  EXPECT_THAT(open.out, HasSubstr("2 created, 0 updated, 0 unchanged, 0 activities, 1 rejected"));
}

TEST_F(MistakesTest, InFieldsFiltersAndFlags) {
  const Result created = Invoke({"leads", "create", "--email", "a@work.example", "--json"});
  leads::v1::Lead lead;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(created.out, &lead).ok()) << created.error;
  Expect({
      {{"leads", "show", "x"}, ExitCode::kNotFound, "no lead is known by 'x'; give an e-mail address"},
      {{"leads", "show", "leads/0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11"},
       ExitCode::kNotFound,
       "there is no lead leads/0193"},
      {{"leads", "create", "--email", "a"}, ExitCode::kUsage, "lead.email: "},
      {{"leads", "create", "--attribute", "staff"}, ExitCode::kUsage, "--attribute 'staff'"},
      {{"leads", "update", lead.name(), "--owner", "kim", "--etag", "old"},
       ExitCode::kRefused,
       "read it again"},
      {{"leads", "update", lead.name(), "--gate", "nope"}, ExitCode::kUsage, "--gate 'nope' must be opt-out"},
      {{"leads", "list", "--filter", "stage = NOPE"},
       ExitCode::kUsage,
       "filter: character 9: 'stage' expects one of"},
      {{"leads", "list", "--filter", "fit >"}, ExitCode::kUsage, "filter: character 6: "},
      {{"assets", "list", "--filter", "color = red"},
       ExitCode::kUsage,
       "filter: character 1: no field 'color'"},
      {{"gaps", "list", "--filter", "need = x"}, ExitCode::kUsage, "filter: character 1: no field 'need'"},
      {{"misuse", "--filter", "rep"}, ExitCode::kUsage, "filter: character "},
      {{"explain", lead.name(), "--as-of", "tomorrow"}, ExitCode::kUsage, "--as-of 'tomorrow'"},
      {{"activity", "record", "--lead", lead.name(), "--type", "Bad Type"},
       ExitCode::kUsage,
       "activity.type: "},
      {{"activity", "record", "--lead", lead.name(), "--type", "t", "--time", "2999-01-01"},
       ExitCode::kUsage,
       "activity.event_time: is more than 30 minutes in the future"},
      {{"recommend", "--stage", "nope"}, ExitCode::kUsage, "stage: must be prospecting"},
      {{"use", "--asset", "nonsense", "--rep", "kim", "--lead", lead.name(), "--channel", "email"},
       ExitCode::kUsage,
       "use_token: "},
      {{"use", "--asset", "t", "--rep", "kim@work.example", "--lead", lead.name(), "--channel", "fax"},
       ExitCode::kUsage,
       "rep: must be 1 to 64 characters and no e-mail address; channel: must be email"},
      {{"rate", "none", "3"}, ExitCode::kNotFound, "there is no asset assets/none"},
      {{"performance", "none"}, ExitCode::kNotFound, "there is no asset assets/none"},
      {{"gaps", "report", "?!"}, ExitCode::kUsage, "gap.need: must have at least one word"},
      {{"gaps", "accept", "none"}, ExitCode::kNotFound, "there is no gap gaps/none"},
      {{"show", "none"}, ExitCode::kNotFound, "there is no asset assets/none"},
      {{"events", "tail", "none", "--until-now"}, ExitCode::kNotFound, "there is no topic finalmile.none.v1"},
      {{"parked", "show", "x"}, ExitCode::kUsage, "name: must be services/SERVICE/parkedRecords/"},
      {{"parked", "retry", "services/leads/parkedRecords/a:b:0:1"},
       ExitCode::kNotFound,
       "there is no parked record"},
      {{"parked", "retry"}, ExitCode::kUsage, "give a RECORD, or --all, or which ones: --consumer"},
      {{"parked", "skip", "x", "--all"}, ExitCode::kUsage, "give either a RECORD or what names several"},
      {{"parked", "skip", "--service", "none"},
       ExitCode::kUsage,
       "parent: must be empty or one of services/"},
      {{"consumers", "skip-to", "none", "t", "0", "earliest"},
       ExitCode::kNotFound,
       "there is no consumer none"},
      {{"consumers", "skip-to", "leads.activities", "t", "0", "earliest"},
       ExitCode::kUsage,
       "topic: must be one that the consumer reads: finalmile.leads.activities.v1"},
      {{"consumers", "skip-to", "leads.activities", "finalmile.leads.activities.v1", "x", "earliest"},
       ExitCode::kUsage,
       "PARTITION must be a whole number"},
      {{"consumers", "skip-to", "leads.activities", "finalmile.leads.activities.v1", "99", "latest"},
       ExitCode::kUsage,
       "partition: topic finalmile.leads.activities.v1 has no partition 99"},
      {{"consumers", "skip-to", "leads.activities", "finalmile.leads.activities.v1", "0", "7000"},
       ExitCode::kUsage,
       "offset: must be from 0 to "},
  });
}

TEST_F(MistakesTest, InAddressesSettingsAndTokens) {
  const std::string file = Write("file", "no folder");
  const std::string two = Write("two", "one two\n");
  const std::string lines = Write("lines", "one\ntwo\n");
  Expect({
      {{"status", "--address", "127.0.0.1:1", "--timeout", "1"},
       ExitCode::kUnavailable,
       "nobody answers at 127.0.0.1:1: Connection refused; check the address"},
      {{"import", file, "--mapping", "x-education", "--address", "dns:///127.0.0.1:1", "--timeout", "1"},
       ExitCode::kUnavailable,
       "nobody answers at dns:///127.0.0.1:1"},
      {{"status", "--address", "dns:///127.0.0.1"}, ExitCode::kUsage, "'dns:///127.0.0.1' must be HOST:PORT"},
      {{"status", "--address", "127.0.0.1"}, ExitCode::kUsage, "'127.0.0.1' must be HOST:PORT"},
      {{"status", "--address", "127.0.0.1:0"}, ExitCode::kUsage, "must be HOST:PORT"},
      {{"status", "--address", "127.0.0.1:65536"}, ExitCode::kUsage, "must be HOST:PORT"},
      {{"status", "--address", "http://127.0.0.1:7000"}, ExitCode::kUsage, "must be HOST:PORT"},
      {{"status", "--address", ":7000"}, ExitCode::kUsage, "must be HOST:PORT"},
      {{"status", "--address", "unix:"}, ExitCode::kUsage, "must be HOST:PORT"},
      {{"status", "--address", "127.0.0.1:1", "--token-file", two},
       ExitCode::kUsage,
       "two: must hold one token"},
      {{"status", "--address", "127.0.0.1:1", "--token-file", lines},
       ExitCode::kUsage,
       "lines: must hold one token"},
      {{"status", "--address", "127.0.0.1:1", "--token-file", Write("blank", " \n")},
       ExitCode::kUsage,
       "blank: must hold one token"},
      {{"status", "--address", "127.0.0.1:1", "--token-file", Write("long", std::string(4097, 'x'))},
       ExitCode::kUsage,
       "long: must hold one token of 1 to 4096"},
      {{"status", "--address", "127.0.0.1:1", "--timeout", "1", "--token-file",
        Write("most", std::string(4096, 'x'))},
       ExitCode::kUnavailable,
       "nobody answers"},
      {{"topics", "list", "--events", "kafka://127.0.0.1:1", "--timeout", "1"},
       ExitCode::kUnavailable,
       "events: cannot reach Kafka at 127.0.0.1:1"},
      {{"topics", "list", "--events", "amqp:x"}, ExitCode::kUsage, "write local:PATH or kafka://"},
      {{"status", "--service", "leads", "--store", "mysql://x"},
       ExitCode::kUsage,
       "sqlite: or postgresql://"},
      {{"status", "--service", "leads", "--store", "postgresql://u:p@h/x"},
       ExitCode::kUsage,
       "the address holds a password"},
      {{"status", "--service", "leads", "--store", "postgresql://127.0.0.1:1/x"},
       ExitCode::kUnavailable,
       "leads: the connection to the store was lost"},
      {{"dev", "--listen", "0.0.0.0:0", "--admin", ""}, ExitCode::kRefused, "--tokens-file"},
      {{"dev", "--listen", "nowhere", "--admin", ""},
       ExitCode::kUsage,
       "'nowhere' is no address to listen on"},
      {{"dev", "--listen", "127.0.0.1:0", "--admin", "", "--tokens-file", folder_ + "/none"},
       ExitCode::kUsage,
       "--tokens-file: credentials file"},
      {{"dev", "--listen", "127.0.0.1:0", "--admin", "", "--tokens-file", two},
       ExitCode::kUsage,
       "two:1: expected"},
  });
}

TEST_F(MistakesTest, InTheDataFolder) {
  std::ofstream(folder_ + "/data") << "not a folder";
  Expect({{{"leads", "list"}, ExitCode::kRefused, folder_ + "/data"}});
  std::filesystem::remove(folder_ + "/data");
  {
    const auto suite = StartQuietly({{"data", folder_ + "/data"}});
    ASSERT_TRUE(suite.ok()) << suite.status();
    const std::string address = (*suite)->address();
    Expect({
        {{"migrate"}, ExitCode::kRefused, "which answers at " + address},
        {{"topics", "apply"}, ExitCode::kRefused, "events.db.lock is held by process"},
        {{"dev", "--listen", "127.0.0.1:0", "--admin", ""},
         ExitCode::kRefused,
         "which answers at " + address},
        {{"demo"}, ExitCode::kRefused, "there is a store already"},
    });
    // A port that somebody has.
    const std::vector<std::string> taken = {"dev", "--listen", address, "--admin", ""};
    folder_ += "/other";
    std::filesystem::create_directory(folder_);
    Expect({{taken, ExitCode::kRefused, "cannot listen on " + address + ": Address already in use"},
            {{"dev", "--listen", "127.0.0.1:0", "--admin", address},
             ExitCode::kRefused,
             "admin: " + address + " is in use by another process"}});
    folder_.resize(folder_.size() - 6);
  }
}

}  // namespace
}  // namespace finalmile::cli
