#include "libs/rpc/answer.h"

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A tag and the length of an item that a repeated field holds.
constexpr size_t kItemFrame = 10;

}  // namespace

absl::Status AnswerTooLarge(std::string_view name, size_t size, size_t most) {
  // An item may fit by itself, and not behind the others.
  const std::string message = fmt::format(
      "the answer{}{} would have {}, the limit is {}: ask for less, or raise the server's setting max-answer",
      name.empty() ? "" : " with ", name, size > most ? fmt::format("{} bytes", size) : "more bytes", most);
  if (name.empty()) {
    return Error(absl::StatusCode::kResourceExhausted, "ANSWER_TOO_LARGE", message,
                 {{"limit", std::to_string(most)}});
  }
  return Error(absl::StatusCode::kResourceExhausted, "ANSWER_TOO_LARGE", message,
               {{"resource", std::string(name)}, {"limit", std::to_string(most)}});
}

absl::Status CheckAnswer(const Message& answer, size_t most) {
  const size_t size = answer.ByteSizeLong();
  return size <= most ? absl::OkStatus() : AnswerTooLarge(NameOf(answer), size, most);
}

std::string NameOf(const Message& message) {
  const FieldDescriptor* name = message.GetDescriptor()->FindFieldByName("name");
  if (name != nullptr && !name->is_repeated() && name->type() == FieldDescriptor::TYPE_STRING) {
    return message.GetReflection()->GetString(message, name);
  }
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->message_type() == nullptr) continue;
    if (std::string inner = NameOf(message.GetReflection()->GetMessage(message, field)); !inner.empty())
      return inner;
  }
  return "";
}

bool AnswerRoom::Take(const Message& item) {
  const size_t size = item.ByteSizeLong() + kItemFrame;
  if (size > left_) return false;
  left_ -= size;
  largest_ = std::max(largest_, size);
  return true;
}

int AnswerRoom::Piece(int before) const {
  return static_cast<int>(std::clamp<size_t>(left_ / largest_, 1, 2 * static_cast<size_t>(before)));
}

}  // namespace finalmile::rpc
