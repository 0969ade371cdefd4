#include "tests/bench/catalog_world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "services/catalog/wiring.h"

namespace finalmile::bench {
namespace {

constexpr const char* kLoadProgram = "/usr/bin/h2load";
constexpr std::string_view kSource = "bench";
// Connections, and calls under way on each.
constexpr int kConnections = 4;
constexpr int kCallsEach = 32;

constexpr size_t kFrameHeader = 5;

// A message as gRPC sends it: not compressed, the length, the bytes.
std::string Framed(const google::protobuf::Message& message) {
  const std::string bytes = message.SerializeAsString();
  const auto size = static_cast<uint32_t>(bytes.size());
  std::string framed(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) framed.push_back(static_cast<char>(size >> shift));
  return framed + bytes;
}

}  // namespace

std::string AssetName(size_t i) { return fmt::format("assets/{}_p{}", kSource, i); }

absl::StatusOr<std::unique_ptr<CatalogWorld>> CatalogWorld::Start(World& world) {
  std::unique_ptr<CatalogWorld> catalog(new CatalogWorld());
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));
  catalog->folder_ = folder;
  ASSIGN_OR_RETURN(catalog->redis_, testing::RedisServer::Start());
  ASSIGN_OR_RETURN(const std::string name, world.postgres().CreateDatabase());
  const std::string url = world.postgres().url(name);
  {
    ASSIGN_OR_RETURN(const auto store, storage::Open(url, world.clock(), {}));
    RETURN_IF_ERROR(app::MigrateStore(catalog::kModule, *store, world.clock()));
  }
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, app::TopicsOf({&catalog::kModule}));
  RETURN_IF_ERROR(world.events().ApplyTopics(topics, world.clock().Steady() + absl::Seconds(30)));
  ASSIGN_OR_RETURN(catalog->service_,
                   Replica::Start(world, FINALMILE_CATALOG_BINARY, url,
                                  {"--catalog-cache", catalog->redis_->url(), "--catalog-cache-ttl", "1h",
                                   "--catalog-index", catalog->index_path()}));
  return catalog;
}

CatalogWorld::~CatalogWorld() {
  service_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

absl::Status CatalogWorld::Publish(size_t count, const std::function<std::string(size_t)>& page) {
  const auto channel = service_->NewChannel();
  const auto stream =
      channel->Open(std::string(kCatalogService) + "ImportAssets", {.timeout = absl::Minutes(30)});
  std::thread writer([&] {
    catalog::v1::ImportAssetsRequest request;
    request.mutable_header()->set_source(std::string(kSource));
    request.mutable_header()->set_default_owner("bench");
    request.mutable_header()->set_publish(true);
    request.mutable_header()->set_reviewer("kim");
    bool open = stream->Write(request);
    for (size_t i = 0; open && i < count; ++i) {
      request.mutable_page()->set_path(fmt::format("p{}.md", i));
      request.mutable_page()->set_content(page(i));
      open = stream->Write(request);
    }
    request.mutable_end();
    if (open) stream->Write(request);
    stream->WritesDone();
  });
  int64_t published = 0;
  for (catalog::v1::ImportAssetsResponse response; stream->Read(response);) {
    published = response.summary().published();
  }
  writer.join();
  RETURN_IF_ERROR(stream->Finish());
  if (published == static_cast<int64_t>(count)) return absl::OkStatus();
  return absl::DataLossError(fmt::format("{} of {} assets were published", published, count));
}

Load::Load(CatalogWorld& world, std::string method, const google::protobuf::Message& request,
           size_t reply_bytes)
    : world_(world),
      method_(std::move(method)),
      body_path_(world.folder() + "/request-" + std::to_string(std::hash<std::string>()(method_))),
      reply_bytes_(reply_bytes) {
  std::ofstream(body_path_, std::ios::binary) << Framed(request);
}

absl::StatusOr<Sample> Load::Run(int64_t calls) {
  if (access(kLoadProgram, X_OK) != 0) {
    return absl::NotFoundError("h2load is not installed (Debian: apt-get install nghttp2-client)");
  }
  const double cpu = world_.service().Cpu();
  ASSIGN_OR_RETURN(const auto process,
                   testing::Process::Start(
                       {kLoadProgram, "--requests", std::to_string(calls), "--clients",
                        std::to_string(kConnections), "--max-concurrent-streams", std::to_string(kCallsEach),
                        "--header", "content-type: application/grpc", "--header", "te: trailers", "--data",
                        body_path_, fmt::format("http://{}{}", world_.service().address(), method_)},
                       ""));
  double rate = 0;
  int64_t succeeded = 0;
  int64_t bytes = -1;
  for (auto line = process->ReadLine(); line.ok(); line = process->ReadLine()) {
    std::sscanf(line->c_str(), "finished in %*[^,], %lf req/s", &rate);
    std::sscanf(line->c_str(), "requests: %*d total, %*d started, %*d done, %ld succeeded", &succeeded);
    std::sscanf(line->c_str(), "traffic: %*s (%*d) total, %*s (%*d) headers (%*[^)]), %*s (%ld) data",
                &bytes);
  }
  const double used = world_.service().Cpu() - cpu;
  const int64_t expected = calls * static_cast<int64_t>(kFrameHeader + reply_bytes_);
  if (succeeded != calls || bytes != expected) {
    return absl::DataLossError(fmt::format("{} of {} calls of {} were answered, with {} of {} bytes",
                                           succeeded, calls, method_, bytes, expected));
  }
  return Sample{{"rate", rate}, {"cpu", used * 1e6 / static_cast<double>(calls)}};
}

}  // namespace finalmile::bench
