#include "services/@name@/handlers/@noun@_handlers.h"

#include <fmt/format.h>

#include <optional>

#include "finalmile/@name@/v1/@noun@_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "services/@name@/store/@noun@_store.h"

namespace finalmile::@name@::handlers {
namespace {

using storage::Transaction;

constexpr std::string_view kPrefix = "@nouns@/";

v1::@Noun@ ToProto(const store::@Noun@Row& row) {
  v1::@Noun@ @noun@;
  @noun@.set_name(fmt::format("{}{}", kPrefix, row.id));
  @noun@.set_title(row.content.title);
  *@noun@.mutable_create_time() = rpc::ToTimestamp(row.create_time);
  return @noun@;
}

}  // namespace

absl::StatusOr<v1::@Noun@> @Noun@Handlers::Create@Noun@(rpc::CallContext& context, const v1::Create@Noun@Request& request) {
  domain::@Noun@ content{request.@noun@().title()};
  domain::Normalise(content);
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "@noun@"));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::@Noun@>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::@Noun@> {
        store::@Noun@Row row{.id = NewUuid(d_.clock, d_.rng), .content = content, .create_time = now};
        const v1::@Noun@ @noun@ = ToProto(row);
        auto event = outbox::NewEvent<v1::@Noun@Event>({d_.clock, d_.rng, now, cause}, @noun@.name(), ++row.seq);
        event.mutable_@noun@_created()->set_title(content.title);
        RETURN_IF_ERROR(store::Insert@Noun@(transaction, row));
        RETURN_IF_ERROR(outbox::WriteEvents<v1::@Noun@Event>(transaction, cause, k@Name@EventsTopic, {event}));
        return @noun@;
      });
}

absl::StatusOr<v1::@Noun@> @Noun@Handlers::Get@Noun@(rpc::CallContext& context, const v1::Get@Noun@Request& request) {
  const std::string_view name = request.name();
  if (!name.starts_with(kPrefix)) return rpc::InvalidField("name", "must be @nouns@/{@noun@}");
  return outbox::Read<v1::@Noun@>(context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::@Noun@> {
    ASSIGN_OR_RETURN(const std::optional<store::@Noun@Row> row,
                     store::Read@Noun@(transaction, name.substr(kPrefix.size())));
    if (!row) return rpc::NotFound(name, "@noun@");
    return ToProto(*row);
  });
}

}  // namespace finalmile::@name@::handlers
