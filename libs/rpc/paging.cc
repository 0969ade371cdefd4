#include "libs/rpc/paging.h"

#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/signed_token.h"

// A token is signed (signed_token.h). It says: version byte, 8 bytes of the request's digest, then the
// values, each a tag byte and its content.
namespace finalmile::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using storage::Value;

constexpr char kVersion = 2;
constexpr size_t kDigestSize = 8;
constexpr size_t kMaxToken = 8192;

enum Tag : char { kNull, kInt, kReal, kFalse, kTrue, kText, kBytes };

std::string Digest(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return std::string(reinterpret_cast<const char*>(digest), kDigestSize);
}

void AppendFixed(uint64_t bits, std::string& out) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(bits >> (8 * i)));
}

void AppendText(Tag tag, std::string_view text, std::string& out) {
  out.push_back(tag);
  AppendFixed(text.size(), out);
  out.append(text);
}

void Append(const Value& value, std::string& out) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    out.push_back(kInt);
    AppendFixed(static_cast<uint64_t>(*number), out);
  } else if (const auto* real = std::get_if<double>(&value)) {
    out.push_back(kReal);
    AppendFixed(std::bit_cast<uint64_t>(*real), out);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    out.push_back(*boolean ? kTrue : kFalse);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    AppendText(kText, *text, out);
  } else if (const auto* bytes = std::get_if<storage::Bytes>(&value)) {
    AppendText(kBytes, bytes->data, out);
  } else {
    out.push_back(kNull);
  }
}

// Takes eight bytes off `in`.
std::optional<uint64_t> TakeFixed(std::string_view& in) {
  if (in.size() < 8) return std::nullopt;
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  in.remove_prefix(8);
  return bits;
}

std::optional<Value> Take(std::string_view& in) {
  const char tag = in.front();
  in.remove_prefix(1);
  if (tag == kNull) return Value();
  if (tag == kTrue || tag == kFalse) return Value(tag == kTrue);
  const std::optional<uint64_t> bits = TakeFixed(in);
  if (!bits) return std::nullopt;
  if (tag == kInt) return Value(static_cast<int64_t>(*bits));
  if (tag == kReal) return Value(std::bit_cast<double>(*bits));
  if ((tag != kText && tag != kBytes) || *bits > in.size()) return std::nullopt;
  std::string text(in.substr(0, *bits));
  in.remove_prefix(*bits);
  return tag == kText ? Value(std::move(text)) : Value(storage::Bytes{std::move(text)});
}

// Nullopt for a token that was not made with this key for this request.
std::optional<std::vector<Value>> Decode(const std::string& token, std::string_view key,
                                         std::string_view binding) {
  if (token.size() > kMaxToken) return std::nullopt;
  const absl::StatusOr<std::string> opened = OpenToken(token, key);
  if (!opened.ok()) return std::nullopt;
  std::string_view content = *opened;
  if (content.size() <= 1 + kDigestSize || content[0] != kVersion ||
      content.substr(1, kDigestSize) != binding) {
    return std::nullopt;
  }
  content.remove_prefix(1 + kDigestSize);
  std::vector<Value> values;
  while (!content.empty()) {
    std::optional<Value> value = Take(content);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
  }
  return values;
}

std::string BindingOf(const Message& request, const FieldDescriptor* size, const FieldDescriptor* token) {
  const std::unique_ptr<Message> rest(request.New());
  rest->CopyFrom(request);
  rest->GetReflection()->ClearField(rest.get(), size);
  rest->GetReflection()->ClearField(rest.get(), token);
  return Digest(rest->GetDescriptor()->full_name() + DeterministicBytes(*rest));
}

}  // namespace

absl::StatusOr<Page> Page::Of(const AnswerRules& rules, const Message& request, const Cursor& shape,
                              const Sizes& sizes) {
  const FieldDescriptor* size = request.GetDescriptor()->FindFieldByName("page_size");
  const FieldDescriptor* token = request.GetDescriptor()->FindFieldByName("page_token");
  const int asked = request.GetReflection()->GetInt32(request, size);
  if (asked < 0) return InvalidField("page_size", "must not be negative");
  Page page;
  page.size_ = asked == 0 ? sizes.standard : std::min(asked, sizes.most);
  page.piece_ = sizes.piece;
  page.most_bytes_ = rules.most;
  page.key_ = rules.page_key;
  page.binding_ = BindingOf(request, size, token);
  const std::string text = request.GetReflection()->GetString(request, token);
  if (text.empty()) return page;
  std::optional<std::vector<Value>> cursor = Decode(text, page.key_, page.binding_);
  const auto alike = [](const Value& a, const Value& b) { return a.index() == b.index(); };
  if (!cursor || !std::equal(cursor->begin(), cursor->end(), shape.begin(), shape.end(), alike)) {
    return InvalidField("page_token",
                        "was not given out here, or belongs to another request; repeat the request it came "
                        "from, or begin without it");
  }
  page.cursor_ = *std::move(cursor);
  return page;
}

std::string Page::NextToken(const Cursor& cursor) const {
  std::string content = fmt::format("{}{}", kVersion, binding_);
  for (const Value& value : cursor) Append(value, content);
  return SignToken(content, key_);
}

}  // namespace finalmile::rpc
