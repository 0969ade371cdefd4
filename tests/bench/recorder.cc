#include "tests/bench/recorder.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

namespace finalmile::bench {
namespace {

constexpr int kConnections = 4;
constexpr int64_t kLimitSeconds = 10;

}  // namespace

struct Recorder::Stub {
  explicit Stub(std::shared_ptr<grpc::Channel> channel) : rpc(std::move(channel)) {}
  grpc::TemplatedGenericStub<leads::v1::RecordActivityRequest, leads::v1::RecordActivityResponse> rpc;
};

struct Recorder::Call {
  grpc::ClientContext context;
  leads::v1::RecordActivityRequest request;
  leads::v1::RecordActivityResponse response;
};

Recorder::Recorder(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  for (int i = 0; i < kConnections; ++i) {
    stubs_.push_back(std::make_unique<Stub>(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
  }
}

Recorder::~Recorder() = default;

void Recorder::Start(leads::v1::Activity activity, Done done) {
  auto call = std::make_shared<Call>();
  *call->request.mutable_activity() = std::move(activity);
  call->context.set_deadline(gpr_time_from_seconds(kLimitSeconds, GPR_TIMESPAN));
  stubs_[next_++ % stubs_.size()]->rpc.UnaryCall(
      &call->context, "/finalmile.leads.v1.LeadService/RecordActivity", {}, &call->request, &call->response,
      [call, done = std::move(done)](const grpc::Status& status) {
        done(absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message()));
      });
}

}  // namespace finalmile::bench
