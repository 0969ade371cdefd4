#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "libs/base/status.h"
#include "services/finalmile/flags.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// The flags of a verb that lists by filter.
struct ListFlags {
  int64_t limit = 50;
  std::string filter;

  // `fields` tells what the filter is over.
  void Declare(Flags& flags, const std::string& fields) {
    flags.Number("--limit", limit, 0, 100'000'000, "at most so many; 0: all");
    flags.Text("--filter", "EXPR", filter, fields);
  }
};

// The items of a list, page by page, until `limit` of them have come (0: all). With --json each is written as
// it comes and none is kept: a whole store need not fit into memory. A note says that there are more, or
// `none` where there is nothing. `items` reads them from a page: &ListAssetsResponse::assets.
template <class Request, class Response, class Item>
absl::StatusOr<std::vector<Item>> ReadList(
    Session& session, std::string_view method, const Request& request, int64_t limit,
    const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const, std::string_view none) {
  std::vector<Item> kept;
  int64_t count = 0;
  ASSIGN_OR_RETURN(const bool more,
                   session.EachPage<Response>(method, request, limit, [&](const Response& page) -> int64_t {
                     for (const Item& item : (page.*items)()) {
                       if (session.output.json()) {
                         session.output.Json(item);
                       } else {
                         kept.push_back(item);
                       }
                     }
                     count += (page.*items)().size();
                     return (page.*items)().size();
                   }));
  if (more) session.output.Note("There are more; --limit 0 shows all.");
  if (count == 0) session.output.Note(none);
  return kept;
}

}  // namespace finalmile::cli
