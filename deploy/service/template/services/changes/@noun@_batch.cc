#include "services/@name@/changes/@noun@_batch.h"

#include <string>
#include <vector>

namespace finalmile::@name@::changes {

@Noun@Batch::Entry& @Noun@Batch::Create(const domain::@Noun@& content) {
  Entry& entry = Add(domain::@Noun@Id(NewUuid(at_.clock, at_.rng)), Id::kFresh);
  entry.row.content = content;
  entry.row.create_time = entry.row.update_time = at_.now;
  Emit(entry).mutable_@noun@_created()->set_title(content.title);
  return entry;
}

void @Noun@Batch::Update(Entry& entry, const domain::@Noun@& content) {
  const std::vector<std::string_view> changes = domain::Changes(entry.row.content, content);
  if (changes.empty()) return;
  entry.row.content = content;
  Touch(entry);
  v1::@Noun@Updated& updated = *Emit(entry).mutable_@noun@_updated();
  for (const std::string_view change : changes) updated.add_changed(std::string(change));
}

void @Noun@Batch::Delete(Entry& entry) {
  if (entry.row.deleted) return;
  entry.row.content = {};
  entry.row.deleted = true;
  Touch(entry);
  Emit(entry).mutable_@noun@_deleted();
}

void @Noun@Batch::Touch(Entry& entry) {
  entry.row.update_time = at_.now;
  ++entry.row.version;
}

}  // namespace finalmile::@name@::changes
