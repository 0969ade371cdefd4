#pragma once

#include <vector>

namespace finalmile::catalog::store {

// The records as a storage::Table writes them. They outlive the result.
template <class Record>
std::vector<const Record*> Pointers(const std::vector<Record>& records) {
  std::vector<const Record*> pointers;
  pointers.reserve(records.size());
  for (const Record& record : records) pointers.push_back(&record);
  return pointers;
}

}  // namespace finalmile::catalog::store
