#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/catalog/import/matter.h"
#include "services/catalog/import/page.h"

namespace finalmile::catalog::import {

// The keys of site generators that speak of publication, as Fold of front_matter.h gives them, and what is
// said with them: draft, private, unlisted, hidden and archived (anything but a no withholds the page);
// published, publish, public, routable, render and permalink (a no withholds it; `published` may be a time,
// and any other word withholds it); status and visibility (draft, private, archived and their like withhold
// it); publish date and expiry date by their several names, and a date, which says from when it is published
// unless a publish date does.
class PublicationReader {
 public:
  // False: the key says nothing of publication.
  bool Take(std::string_view folded, const Matter::Entry& entry);
  // Times in a form that is not known; they withhold the page.
  const std::vector<Problem>& unread() const { return unread_; }
  Publication Done();

 private:
  void Withhold(const Matter::Entry& entry);
  void TakeTime(const Matter::Entry& entry, bool until);

  Publication said_;
  std::optional<absl::Time> date_;
  std::vector<Problem> unread_;
};

// A time as people write it: 2031-01-05, with or without a clock and a zone, 2031/01/05, "Jan 5, 2031",
// 05/01/2031. A day is UTC's and begins at midnight. Where day and month may be either, the later reading, or
// with `earlier` the earlier one. Absent: it cannot be read.
std::optional<absl::Time> ParseWhen(std::string_view text, bool earlier);

}  // namespace finalmile::catalog::import
