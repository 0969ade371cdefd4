#pragma once

#include <string_view>

#include "finalmile/@name@/v1/@event_file@.pb.h"
#include "libs/outbox/aggregates.h"
#include "services/@name@/store/@noun@_store.h"

namespace finalmile::@name@::changes {

// A name is this with an id behind.
inline constexpr std::string_view kCollection = "@nouns@/";

// The one way in which @what@s change, whoever changes them: a call, an event of another service, or time. Each change
// is told by an event.
class @Noun@Batch : public outbox::Aggregates<store::@Noun@Row, v1::@Event@> {
 public:
  // The references outlive it.
  @Noun@Batch(storage::Transaction& transaction, const outbox::EventContext& context)
      : Aggregates(transaction, store::k@Nouns@, kCollection, context), at_(context) {}

  Entry& Create(const domain::@Noun@& content);
  // Does nothing where the content is the same.
  void Update(Entry& entry, const domain::@Noun@& content);
  // Does nothing to one that is deleted.
  void Delete(Entry& entry);

 private:
  void Touch(Entry& entry);

  const outbox::EventContext at_;
};

}  // namespace finalmile::@name@::changes
