#include "libs/config/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "libs/testing/temporary_folder.h"

namespace finalmile::config {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    schema_.Url("store", "sqlite:default.db", "store")
        .Int("http-port", 8080, 0, 65535, "port")
        .Duration("drain", absl::Seconds(30), absl::ZeroDuration(), absl::Minutes(10), "time")
        .Bytes("max-message", 4 << 20, 1, 1 << 30, "size")
        .Double("share", 0.5, 0, 1, "share")
        .Bool("fast", false, "fast");
  }

  std::string Write(std::string_view name, std::string_view content) {
    std::string path = folder_.path() + "/" + std::string(name);
    std::ofstream(path) << content;
    return path;
  }
  std::string Error(const Assignments& flags, const Assignments& environment = {}) {
    return std::string(Load(schema_, flags, environment).status().message());
  }

  const testing::TemporaryFolder folder_;
  Schema schema_;
};

TEST_F(ConfigTest, DefaultsHaveTheirTypes) {
  const auto config = Load(schema_, {}, {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->Text("store"), "sqlite:default.db");
  EXPECT_EQ(config->Int("http-port"), 8080);
  EXPECT_EQ(config->Duration("drain"), absl::Seconds(30));
  EXPECT_EQ(config->Int("max-message"), 4 << 20);
  EXPECT_EQ(config->Double("share"), 0.5);
  EXPECT_FALSE(config->Bool("fast"));
  EXPECT_EQ(config->source("store"), Source::kDefault);
}

TEST_F(ConfigTest, FlagOverEnvironmentOverFileOverDefault) {
  const std::string file = Write("c.yaml", "# ours\nhttp-port: 1\ndrain: 1s\nshare: 0.25\n");
  const auto config = Load(schema_, {{"config", file}, {"http-port", "3"}},
                           {{"FINALMILE_HTTP_PORT", "2"}, {"FINALMILE_DRAIN", "2s"}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->Int("http-port"), 3);
  EXPECT_EQ(config->origin("http-port"), "--http-port");
  EXPECT_EQ(config->Duration("drain"), absl::Seconds(2));
  EXPECT_EQ(config->origin("drain"), "FINALMILE_DRAIN");
  EXPECT_EQ(config->Double("share"), 0.25);
  EXPECT_EQ(config->origin("share"), file + ":4");
  EXPECT_EQ(config->source("max-message"), Source::kDefault);
}

TEST_F(ConfigTest, TheEnvironmentMayNameTheFile) {
  const std::string file = Write("c.yaml", "http-port: 7\n");
  const auto config = Load(schema_, {}, {{"FINALMILE_CONFIG", file}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->Int("http-port"), 7);
}

TEST_F(ConfigTest, AnUnknownKeyIsNamedWithItsSource) {
  EXPECT_EQ(Error({{"stroe", "x"}}), "--stroe: there is no such setting; did you mean --store?");
  EXPECT_EQ(Error({}, {{"FINALMILE_STROE", "x"}}),
            "FINALMILE_STROE: there is no such setting; did you mean FINALMILE_STORE?");
  EXPECT_EQ(Error({}, {{"FINALMILE_store", "x"}}),
            "FINALMILE_store: there is no such setting; did you mean FINALMILE_STORE?");
  EXPECT_EQ(Error({}, {{"FINALMILE_COLOUR", "x"}}),
            "FINALMILE_COLOUR: there is no such setting; --help lists them");
  const std::string file = Write("c.yaml", "share: 0.5\n\nhttp-prot: 1\n");
  EXPECT_EQ(Error({{"config", file}}),
            file + ":3: http-prot: there is no such setting; did you mean http-port?");
}

TEST_F(ConfigTest, SettingsOfOpenTelemetryHaveItsNames) {
  schema_.String("otel-service-name", "none", "name");
  const std::string file = Write("c.yaml", "otel-service-name: of the file\n");
  const auto config =
      Load(schema_, {{"config", file}},
           {{"OTEL_SERVICE_NAME", "sales"}, {"OTEL_METRICS_EXPORTER", "none"}, {"OTEL_", ""}});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->Text("otel-service-name"), "sales");
  EXPECT_EQ(config->origin("otel-service-name"), "OTEL_SERVICE_NAME");
  const auto empty = Load(schema_, {{"config", file}}, {{"OTEL_SERVICE_NAME", ""}});
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->Text("otel-service-name"), "of the file") << "by the standard an empty one is unset";
  EXPECT_EQ(Error({}, {{"FINALMILE_OTEL_SERVICE_NAME", "sales"}}),
            "FINALMILE_OTEL_SERVICE_NAME: there is no such setting; did you mean OTEL_SERVICE_NAME?");
}

TEST_F(ConfigTest, ServiceLinksOfKubernetesAreNamed) {
  for (const auto& [variable, text] : Assignments{{"FINALMILE_LEADS_VIP_SERVICE_HOST", "10.96.0.7"},
                                                  {"FINALMILE_LEADS_VIP_SERVICE_PORT", "7000"},
                                                  {"FINALMILE_LEADS_VIP_SERVICE_PORT_GRPC", "7000"},
                                                  {"FINALMILE_PORT", "tcp://10.96.0.7:7000"},
                                                  {"FINALMILE_LEADS_PORT_7000_TCP", "tcp://10.96.0.7:7000"},
                                                  {"FINALMILE_LEADS_PORT_7000_TCP_ADDR", "10.96.0.7"}}) {
    EXPECT_EQ(Error({}, {{variable, text}}),
              variable +
                  ": there is no such setting; it looks like a service link of Kubernetes: write "
                  "enableServiceLinks: false into the pod's specification");
  }
  EXPECT_EQ(Error({}, {{"FINALMILE_HTPP_PORT", "7"}}),
            "FINALMILE_HTPP_PORT: there is no such setting; did you mean FINALMILE_HTTP_PORT?");
}

TEST_F(ConfigTest, ABadValueIsNamedWithItsSourceAndRange) {
  EXPECT_EQ(Error({{"http-port", "65536"}}),
            "--http-port: http-port is \"65536\"; it must be a whole number from 0 to 65535");
  EXPECT_EQ(
      Error({}, {{"FINALMILE_DRAIN", "30"}}),
      "FINALMILE_DRAIN: drain is \"30\"; it must be a duration (such as 250ms, 30s, 1h30m) from 0 to 10m");
  const std::string file = Write("c.yaml", "share: 2\n");
  EXPECT_EQ(Error({{"config", file}}), file + ":1: share is \"2\"; it must be a number from 0 to 1");
}

TEST_F(ConfigTest, AMistakeThatIsOverruledIsStillAMistake) {
  EXPECT_NE(Error({{"http-port", "1"}}, {{"FINALMILE_HTTP_PORT", "x"}}), "");
}

TEST_F(ConfigTest, APasswordIsRefusedAndNotRepeated) {
  const std::string error = Error({{"store", "postgresql://a:hunter2@db/leads"}});
  EXPECT_NE(error.find("--store: store: the address holds a password"), std::string::npos) << error;
  EXPECT_EQ(error.find("hunter2"), std::string::npos);
}

TEST_F(ConfigTest, FilesThatAreNoConfiguration) {
  EXPECT_EQ(Error({{"config", folder_.path() + "/none.yaml"}}),
            "cannot read " + folder_.path() + "/none.yaml: No such file or directory");
  EXPECT_NE(Error({{"config", Write("a.yaml", "- 1\n- 2\n")}}).find("one `setting: value` per line"),
            std::string::npos);
  EXPECT_NE(Error({{"config", Write("b.yaml", "store: x\nhttp-port: {a: 1}\n")}}).find("b.yaml:2: http-port"),
            std::string::npos);
  EXPECT_NE(Error({{"config", Write("c.yaml", "store: [1\n")}}).find("not YAML"), std::string::npos);
  EXPECT_NE(Error({{"config", Write("d.yaml", "fast: on\nfast: off\n")}}).find("d.yaml:2: fast is set twice"),
            std::string::npos);
  EXPECT_NE(Error({{"config", Write("e.yaml", "config: x\n")}}).find("e.yaml:1: config cannot be set"),
            std::string::npos);
  EXPECT_TRUE(Load(schema_, {{"config", Write("f.yaml", "")}}, {}).ok());
}

TEST_F(ConfigTest, WhatIsPrintedCanBeReadAgain) {
  const auto config = Load(schema_, {{"store", "sqlite:a \"b\": #c.db"}, {"fast", "yes"}}, {});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_NE(config->Describe().find("http-port: 8080  # default\n"), std::string::npos) << config->Describe();
  EXPECT_NE(config->Describe().find("fast: yes  # --fast\n"), std::string::npos) << config->Describe();
  const auto again = Load(schema_, {{"config", Write("printed.yaml", config->Describe())}}, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Text("store"), "sqlite:a \"b\": #c.db");
  EXPECT_TRUE(again->Bool("fast"));
}

using ConfigDeathTest = ConfigTest;
TEST_F(ConfigDeathTest, WrongReadsEndTheProcess) {
  const auto config = Load(schema_, {}, {});
  EXPECT_DEATH(config->Int("nothing"), "\"nothing\" was never declared");
  EXPECT_DEATH(config->Int("store"), "another type");
}

}  // namespace
}  // namespace finalmile::config
