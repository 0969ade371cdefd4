#include <bit>
#include <cstring>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/paging.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

leads::v1::ListLeadsRequest Request(std::string_view token) {
  leads::v1::ListLeadsRequest request;
  request.set_filter("owner = ada");
  request.set_page_token(std::string(token));
  return request;
}

bool AnyToken(std::string_view bytes) {
  const auto page = rpc::Page::Of({}, Request(bytes), {std::string()});
  if (!page.ok()) {
    Require(absl::IsInvalidArgument(page.status()), "a refused token is an invalid argument");
  } else {
    Require(page->first() == bytes.empty(), "a token is not the first page");
  }
  return page.ok();
}

std::vector<storage::Value> Values(std::string_view bytes) {
  std::vector<storage::Value> values;
  for (size_t i = 0; i + 9 <= bytes.size() && values.size() < 20; i += 9) {
    int64_t number = 0;
    std::memcpy(&number, bytes.data() + i + 1, sizeof number);
    switch (static_cast<unsigned char>(bytes[i]) % 6) {
      case 0:
        values.emplace_back(number);
        break;
      case 1:
        // NaN is no value that equals itself.
        values.emplace_back(static_cast<double>(number) / 3);
        break;
      case 2:
        values.emplace_back(number % 2 == 0);
        break;
      case 3:
        values.emplace_back(std::string(bytes.substr(i)));
        break;
      case 4:
        values.emplace_back(storage::Bytes{std::string(bytes.substr(i, 4))});
        break;
      default:
        values.emplace_back();
    }
  }
  return values;
}

void OwnToken(std::string_view bytes) {
  const std::vector<storage::Value> cursor = Values(bytes);
  if (cursor.empty()) return;
  const std::string token = rpc::Page::Of({}, Request(""), cursor).value().NextToken(cursor);
  const auto page = rpc::Page::Of({}, Request(token), cursor);
  if (token.size() <= 8192)
    Require(page.ok() && page->cursor() == cursor, "a token reads back as its cursor");
  if (page.ok() && rpc::Page::Of({}, Request(token), {std::string()}).ok()) {
    Require(cursor.size() == 1 && std::holds_alternative<std::string>(cursor[0]), "a cursor has its shape");
  }
  leads::v1::ListLeadsRequest other = Request(token);
  other.set_filter("owner = bob");
  Require(!rpc::Page::Of({}, other, cursor).ok(), "a token serves no other request");
}

bool Run(std::string_view bytes) {
  const bool taken = AnyToken(bytes);
  OwnToken(bytes);
  const absl::Status etag = rpc::CheckEtag(bytes, 7, "leads/1");
  Require(etag.ok() == (bytes.empty() || bytes == rpc::Etag(7)), "an etag is that of its version");
  return taken;
}

std::vector<std::string> Seeds() {
  const rpc::Page page = rpc::Page::Of({}, Request(""), {}).value();
  return {"", rpc::Etag(7), page.NextToken({int64_t{1}, 2.5, std::string("leads/1")}),
          page.NextToken({true, storage::Value(), storage::Bytes{"x"}}),
          std::string("\0"
                      "12345678"
                      "\3"
                      "abcdefgh"
                      "\1"
                      "87654321",
                      27)};
}

}  // namespace

Target PageToken() { return {"page_token", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
