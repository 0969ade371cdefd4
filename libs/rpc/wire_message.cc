#include "libs/rpc/wire_message.h"

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <string_view>

#include "libs/base/status.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/edge.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::Message;
using grpc::ByteBuffer;

// The bytes of a large answer with their share of the budget.
struct Outgoing {
  Outgoing(std::shared_ptr<MemoryBudget> of, size_t size)
      : budget(std::move(of)), size(static_cast<int64_t>(size)), bytes(new uint8_t[size]) {}
  ~Outgoing() { budget->GiveBack(size); }

  const std::shared_ptr<MemoryBudget> budget;
  const int64_t size;
  const std::unique_ptr<uint8_t[]> bytes;
};

}  // namespace

absl::Status TakeRoom(const ByteBuffer& bytes, const ServerOptions& options, MemoryShare& memory) {
  RETURN_IF_ERROR(CheckSize(bytes.Length(), options.max_message_bytes));
  const bool small = bytes.Length() <= kSmallMessage;
  // Twice: its pieces are put together.
  return small || memory.Take(2 * static_cast<int64_t>(bytes.Length())) ? absl::OkStatus()
                                                                        : Overloaded(options);
}

ByteBuffer SerialiseLarge(const Message& message, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t size = message.ByteSizeLong();
  auto* outgoing = new Outgoing(budget, size);
  message.SerializeWithCachedSizesToArray(outgoing->bytes.get());
  grpc::Slice slice(
      outgoing->bytes.get(), size, [](void* written) { delete static_cast<Outgoing*>(written); }, outgoing);
  return ByteBuffer(&slice, 1);
}

ByteBuffer SerialiseSmall(const Message& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return ByteBuffer(&slice, 1);
}

bool IsSmall(const Message& message) { return message.ByteSizeLong() <= kSmallMessage; }

ByteBuffer Share(const SharedBytes& bytes) {
  auto* holder = new SharedBytes(bytes);
  grpc::Slice slice(
      const_cast<char*>(bytes->data()), bytes->size(),
      [](void* shared) { delete static_cast<SharedBytes*>(shared); }, holder);
  return ByteBuffer(&slice, 1);
}

absl::Status Parse(const ByteBuffer& bytes, const ServedMethod& method, const ServerOptions& options,
                   MemoryShare& memory, Message& request) {
  grpc::Slice whole;
  // Several pieces, or what is compressed, become one.
  if (!bytes.TrySingleSlice(&whole).ok() && !bytes.DumpToSingleSlice(&whole).ok()) {
    return absl::InvalidArgumentError("the request message cannot be decompressed");
  }
  const std::string_view view(reinterpret_cast<const char*>(whole.begin()), whole.size());
  if (view.size() > kSmallMessage) {
    const int64_t most = kMostGrowth * static_cast<int64_t>(options.max_message_bytes);
    const int64_t parsed = method.shape->ParsedBytes(view, most);
    RETURN_IF_ERROR(CheckParsedSize(view.size(), parsed, most));
    if (!memory.Take(parsed)) return Overloaded(options);
  }
  return ParseRequest(view, request);
}

}  // namespace finalmile::rpc
