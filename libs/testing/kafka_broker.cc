#include "libs/testing/kafka_broker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "libs/base/status.h"

namespace finalmile::testing {
namespace {

// The folder goes when the supervisor ends, which is at the latest when its standard input does.
constexpr const char* kRun = R"("$1" run "$0" --nodes "$2" $3; rm -rf "$0")";

struct Pipe {
  int read = -1;
  int write = -1;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError("cannot make a pipe");
  return Pipe{ends[0], ends[1]};
}

bool Fetched() {
  const char* home = std::getenv("KAFKA_KIT_HOME");
  const std::filesystem::path folder = home != nullptr ? home : FINALMILE_SOURCE_DIR "/.cache/kafka";
  return std::filesystem::is_directory(folder / "jars");
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaBroker>> KafkaBroker::Start(const KafkaOptions& options) {
  if (!Fetched()) return absl::NotFoundError("the Kafka broker is not here: run `make kafka` first");
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-kafka-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));

  ASSIGN_OR_RETURN(const Pipe input, MakePipe());
  ASSIGN_OR_RETURN(const Pipe output, MakePipe());
  std::vector<std::string> command = {"/bin/sh",
                                      "-c",
                                      kRun,
                                      folder,
                                      (FINALMILE_SOURCE_DIR "/deploy/kafka/broker"),
                                      std::to_string(options.nodes),
                                      options.quick ? "--quick" : ""};
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input.read, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write, 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The terminal's Ctrl-C is for us: the supervisor sees its input end.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::unique_ptr<KafkaBroker> broker(new KafkaBroker());
  const int error =
      posix_spawn(&broker->supervisor_, command[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(input.read);
  close(output.write);
  broker->input_ = fdopen(input.write, "w");
  broker->output_ = fdopen(output.read, "r");
  if (error != 0) {
    broker->supervisor_ = -1;
    return absl::InternalError(fmt::format("cannot start {}: {}", command[0], std::strerror(error)));
  }
  ASSIGN_OR_RETURN(broker->bootstrap_, broker->ReadLine());
  return broker;
}

KafkaBroker::~KafkaBroker() {
  if (input_ != nullptr) fclose(input_);
  if (supervisor_ > 0) waitpid(supervisor_, nullptr, 0);
  if (output_ != nullptr) fclose(output_);
}

absl::StatusOr<std::string> KafkaBroker::ReadLine() {
  char line[1024];
  if (std::fgets(line, sizeof(line), output_) == nullptr) {
    return absl::InternalError("the Kafka supervisor has ended; what it said stands on standard error");
  }
  std::string text = line;
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

absl::Status KafkaBroker::Command(std::string_view verb, int node) {
  fmt::print(input_, "{} {}\n", verb, node);
  std::fflush(input_);
  ASSIGN_OR_RETURN(const std::string answer, ReadLine());
  if (answer == "ok") return absl::OkStatus();
  return absl::InternalError(fmt::format("{} {}: {}", verb, node, answer));
}

absl::StatusOr<KafkaBroker*> SharedKafka() {
  static const absl::StatusOr<std::unique_ptr<KafkaBroker>> broker = KafkaBroker::Start({});
  if (!broker.ok()) return broker.status();
  return broker->get();
}

bool KafkaRequired() {
  const char* required = std::getenv("REQUIRE_KAFKA");
  return required != nullptr && std::strcmp(required, "1") == 0;
}

}  // namespace finalmile::testing
