// A small program that does by hand what the leads service does with an activity: it is what rows P4, P5 and
// P7 compare the service with. libpq, librdkafka and gRPC alone, on the tables that the service's migrations
// made.
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>

#include <cstdio>
#include <map>
#include <thread>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "tests/bench/by_hand/scorer.h"

namespace finalmile::bench::by_hand {
namespace {

using leads::v1::RecordActivityRequest;
using leads::v1::RecordActivityResponse;

// Answers a call when its record is stored.
class Answer final : public Waiting {
 public:
  explicit Answer(grpc::ServerUnaryReactor* call) : call_(call) {}
  void Delivered() override {
    call_->Finish(grpc::Status::OK);
    delete this;
  }

 private:
  grpc::ServerUnaryReactor* const call_;
};

// What protoc would generate for the one method.
class LeadService final : public grpc::Service {
 public:
  LeadService(std::string topic, Producer& producer) : topic_(std::move(topic)), producer_(producer) {
    AddMethod(new grpc::internal::RpcServiceMethod("/finalmile.leads.v1.LeadService/RecordActivity",
                                                   grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodCallback(
        0, new grpc::internal::CallbackUnaryHandler<RecordActivityRequest, RecordActivityResponse>(
               [this](grpc::CallbackServerContext* context, const RecordActivityRequest* request,
                      RecordActivityResponse*) {
                 grpc::ServerUnaryReactor* const call = context->DefaultReactor();
                 producer_.Produce(topic_, request->activity().lead(),
                                   request->activity().SerializeAsString(), {}, *new Answer(call));
                 return call;
               }));
  }

 private:
  const std::string topic_;
  Producer& producer_;
};

int Main(int argc, char** argv) {
  // The flags of a service; those that it has no use for are passed over.
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  Options options;
  options.store = flags["--store"];
  options.servers = flags["--events"].substr(std::string("kafka://").size());
  options.activities = flags["--activities"];
  options.events = flags["--emitted"];
  options.members = std::stoi(flags["--members"]);

  Leads leads = Load(options);
  Producer producer(options.servers);
  std::vector<std::thread> members;
  for (int member = 0; member < options.members; ++member) {
    members.emplace_back([&, member] { Scorer(options, member, leads, producer).Run(); });
  }
  LeadService service(options.activities, producer);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(flags["--listen"], grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) Fail("cannot listen");
  fmt::print("serving\n");
  std::fflush(stdout);
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace finalmile::bench::by_hand

int main(int argc, char** argv) { return finalmile::bench::by_hand::Main(argc, argv); }
