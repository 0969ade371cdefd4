#include "services/@name@/handlers/@noun@_handlers.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "services/@name@/changes/@noun@_batch.h"

namespace finalmile::@name@::handlers {
namespace {

using storage::Transaction;
using Rows = changes::@Noun@Batch;
using changes::kCollection;

constexpr std::string_view kUpdatable[] = {"title", "description", "lead", "expire_time"};

v1::@Noun@ ToProto(const store::@Noun@Row& row) {
  v1::@Noun@ @noun@;
  @noun@.set_name(fmt::format("{}{}", kCollection, row.id));
  @noun@.set_title(row.content.title);
  @noun@.set_description(row.content.description);
  @noun@.set_lead(row.content.lead.text());
  if (row.content.expire_time != absl::InfiniteFuture())
    *@noun@.mutable_expire_time() = rpc::ToTimestamp(row.content.expire_time);
  *@noun@.mutable_create_time() = rpc::ToTimestamp(row.create_time);
  *@noun@.mutable_update_time() = rpc::ToTimestamp(row.update_time);
  @noun@.set_etag(rpc::Etag(row.version));
  return @noun@;
}

// Normalised and valid, or INVALID_ARGUMENT with all that is wrong.
absl::StatusOr<domain::@Noun@> FromProto(const v1::@Noun@& @noun@) {
  domain::@Noun@ content{@noun@.title(), @noun@.description(), domain::LeadName(@noun@.lead())};
  // The store keeps microseconds.
  if (@noun@.has_expire_time()) content.expire_time = FromMicros(ToMicros(rpc::FromTimestamp(@noun@.expire_time())));
  domain::Normalise(content);
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "@noun@"));
  return content;
}

// Locks one; NOT_FOUND, ABORTED where `etag` is not its own.
absl::StatusOr<Rows::Entry*> Lock(Rows& rows, const domain::@Noun@Id& id, std::string_view name,
                                    std::string_view etag) {
  RETURN_IF_ERROR(rows.Lock({id}));
  Rows::Entry* entry = rows.Find(id);
  if (entry == nullptr || entry->row.deleted) return rpc::NotFound(name, "@noun@");
  RETURN_IF_ERROR(rpc::CheckEtag(etag, entry->row.version, name));
  return entry;
}

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{{"title", FilterType::kText, "title"},
                                                      {"lead", FilterType::kText, "lead"},
                                                      {"expire_time", FilterType::kTimestamp, "due_time"},
                                                      {"create_time", FilterType::kTimestamp, "create_time"},
                                                      {"update_time", FilterType::kTimestamp, "update_time"}}};
  return schema;
}

}  // namespace

absl::StatusOr<v1::@Noun@> @Noun@Handlers::Create@Noun@(rpc::CallContext& context, const v1::Create@Noun@Request& request) {
  ASSIGN_OR_RETURN(const domain::@Noun@ content, FromProto(request.@noun@()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::@Noun@>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::@Noun@> {
        Rows rows(transaction, {d_.clock, d_.rng, now, cause});
        const Rows::Entry& entry = rows.Create(content);
        RETURN_IF_ERROR(rows.Write());
        return ToProto(entry.row);
      });
}

absl::StatusOr<v1::@Noun@> @Noun@Handlers::Get@Noun@(rpc::CallContext& context, const v1::Get@Noun@Request& request) {
  const domain::@Noun@Id id(rpc::IdIn(request.name()));
  return outbox::Read<v1::@Noun@>(context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::@Noun@> {
    ASSIGN_OR_RETURN(const std::vector<store::@Noun@Row> rows, store::Read@Nouns@(transaction, {id}));
    if (rows.empty()) return rpc::NotFound(request.name(), "@noun@");
    return ToProto(rows.front());
  });
}

absl::StatusOr<v1::List@Nouns@Response> @Noun@Handlers::List@Nouns@(rpc::CallContext& context,
                                                               const v1::List@Nouns@Request& request) {
  using Entries = std::vector<rpc::PageEntry<v1::@Noun@>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {std::string()}));
  ASSIGN_OR_RETURN(const storage::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  return outbox::Read<v1::List@Nouns@Response>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::List@Nouns@Response> {
        v1::List@Nouns@Response response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_@table@(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const domain::@Noun@Id after(cursor.empty() ? "" : std::get<std::string>(cursor[0]));
                        ASSIGN_OR_RETURN(const std::vector<store::@Noun@Row> rows,
                                         store::List@Nouns@(transaction, condition, after, count));
                        Entries entries;
                        for (const store::@Noun@Row& row : rows) entries.push_back({ToProto(row), {row.id.text()}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::@Noun@> @Noun@Handlers::Update@Noun@(rpc::CallContext& context, const v1::Update@Noun@Request& request) {
  const domain::@Noun@Id id(rpc::IdIn(request.@noun@().name()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::@Noun@>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::@Noun@> {
        Rows rows(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(Rows::Entry * entry, Lock(rows, id, request.@noun@().name(), request.@noun@().etag()));
        v1::@Noun@ merged = ToProto(entry->row);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, request.@noun@(), merged));
        ASSIGN_OR_RETURN(const domain::@Noun@ content, FromProto(merged));
        rows.Update(*entry, content);
        RETURN_IF_ERROR(rows.Write());
        return ToProto(entry->row);
      });
}

absl::StatusOr<google::protobuf::Empty> @Noun@Handlers::Delete@Noun@(rpc::CallContext& context,
                                                                 const v1::Delete@Noun@Request& request) {
  const domain::@Noun@Id id(rpc::IdIn(request.name()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<google::protobuf::Empty>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<google::protobuf::Empty> {
        Rows rows(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(Rows::Entry * entry, Lock(rows, id, request.name(), request.etag()));
        rows.Delete(*entry);
        RETURN_IF_ERROR(rows.Write());
        return google::protobuf::Empty();
      });
}

}  // namespace finalmile::@name@::handlers
