#include "services/catalog/search/postings.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "libs/base/status.h"

namespace finalmile::catalog::search {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;

// Numbers as LEB128: seven bits a byte, the lowest first.
void PutNumber(uint32_t number, std::string& bytes) {
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  bytes += static_cast<char>(number);
}

uint32_t TakeNumber(const char*& at) {
  uint32_t number = static_cast<unsigned char>(*at++);
  if (number < 0x80) return number;
  number &= 0x7F;
  for (int shift = 7;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
}

// Whether [at, end) begins with a whole number, which TakeNumber may take.
bool HasNumber(const char* at, const char* end) {
  end = std::min(end, at + 5);
  return std::any_of(at, end, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

// The places have their number of bytes in front, so that who needs none steps over them.
void PutOccurrences(const Occurrences& occurrences, std::string& bytes) {
  PutNumber(occurrences.weight, bytes);
  std::string places;
  uint32_t last = 0;
  for (const uint32_t place : occurrences.places) {
    PutNumber(place - last, places);
    last = place;
  }
  PutNumber(static_cast<uint32_t>(places.size()), bytes);
  bytes += places;
}

}  // namespace

std::string Encode(const DocumentTerms& document) {
  std::string bytes;
  PutNumber(document.length, bytes);
  for (const auto& [term, occurrences] : document.terms) {
    PutNumber(static_cast<uint32_t>(term.size()), bytes);
    bytes += term;
    PutOccurrences(occurrences, bytes);
  }
  return bytes;
}

absl::StatusOr<DocumentTerms> DecodeTerms(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const auto number = [&]() -> absl::StatusOr<uint32_t> {
    if (HasNumber(at, end)) return TakeNumber(at);
    return absl::DataLossError(
        "the terms of a document of the search index are damaged; delete its file, and it "
        "is built anew");
  };
  DocumentTerms document;
  ASSIGN_OR_RETURN(document.length, number());
  while (at < end) {
    ASSIGN_OR_RETURN(const uint32_t size, number());
    std::string term(at, std::min<size_t>(size, static_cast<size_t>(end - at)));
    at += term.size();
    Occurrences occurrences;
    ASSIGN_OR_RETURN(occurrences.weight, number());
    ASSIGN_OR_RETURN(const uint32_t bytes_of_places, number());
    const char* const places_end = at + std::min<size_t>(bytes_of_places, static_cast<size_t>(end - at));
    for (uint32_t last = 0; at < places_end;) {
      ASSIGN_OR_RETURN(const uint32_t difference, number());
      occurrences.places.push_back(last += difference);
    }
    document.terms.emplace_hint(document.terms.end(), std::move(term), std::move(occurrences));
  }
  return document;
}

// Goes through a list.
class Postings::Reader {
 public:
  explicit Reader(const List& list) : at_(list.bytes.data()), end_(at_ + list.bytes.size()) {}

  bool Next() {
    if (at_ == end_) return false;
    document_ += TakeNumber(at_);
    weight_ = TakeNumber(at_);
    const uint32_t bytes = TakeNumber(at_);
    places_at_ = at_;
    at_ += bytes;
    return true;
  }

  // Goes on to `document`, which is not before the present one; false: it is not in the list.
  bool Reach(uint32_t document) {
    while (places_at_ == nullptr || document_ < document) {
      if (!Next()) return false;
    }
    return document_ == document;
  }

  uint32_t document() const { return document_; }
  uint32_t weight() const { return weight_; }
  bool InTitle() const {
    uint32_t place = 0;
    for (const char* at = places_at_; at != at_;) {
      place += TakeNumber(at);
      if (place >= kTitleWords * kFields) return false;
      if (place % kFields == 0) return true;
    }
    return false;
  }
  std::vector<uint32_t> Places() const {
    std::vector<uint32_t> places;
    uint32_t last = 0;
    for (const char* at = places_at_; at != at_;) places.push_back(last += TakeNumber(at));
    return places;
  }

 private:
  const char* at_;
  const char* const end_;
  // Null before the first document.
  const char* places_at_ = nullptr;
  uint32_t document_ = 0;
  uint32_t weight_ = 0;
};

void Postings::Append(uint32_t document, const Occurrences& occurrences, List& list) {
  PutNumber(document - list.last, list.bytes);
  PutOccurrences(occurrences, list.bytes);
  list.last = document;
  ++list.count;
}

uint32_t Postings::Add(const DocumentTerms& document) {
  const uint32_t number = size();
  for (const auto& [term, occurrences] : document.terms) Append(number, occurrences, lists_[term]);
  // A document without terms is present too.
  lengths_.push_back(std::max<uint32_t>(document.length, 1));
  total_length_ += lengths_.back();
  ++present_;
  return number;
}

void Postings::Remove(uint32_t document, const DocumentTerms& terms) {
  for (const auto& [term, occurrences] : terms.terms) {
    if (const auto found = lists_.find(term); found != lists_.end() && --found->second.count == 0)
      lists_.erase(found);
  }
  total_length_ -= lengths_[document];
  lengths_[document] = 0;
  --present_;
}

void Postings::Compact() {
  std::vector<uint32_t> moved(lengths_.size());
  uint32_t next = 0;
  for (size_t i = 0; i < lengths_.size(); ++i) {
    moved[i] = next;
    if (lengths_[i] != 0) ++next;
  }
  for (auto& [term, list] : lists_) {
    List kept;
    for (Reader reader(list); reader.Next();) {
      if (lengths_[reader.document()] == 0) continue;
      Append(moved[reader.document()], {reader.weight(), reader.Places()}, kept);
    }
    kept.bytes.shrink_to_fit();
    list = std::move(kept);
  }
  std::erase(lengths_, 0u);
}

bool Postings::Has(const std::string& term) const {
  const List* list = Lookup(term);
  return list != nullptr && list->count > 0;
}

const Postings::List* Postings::Lookup(const std::string& term) const {
  const auto found = lists_.find(term);
  return found == lists_.end() ? nullptr : &found->second;
}

double Postings::Rarity(size_t documents) const {
  const auto with = static_cast<double>(documents);
  return std::log1p((present_ - with + 0.5) / (with + 0.5));
}

double Postings::Score(double rarity, uint32_t document, uint32_t weight) const {
  const double average = static_cast<double>(total_length_) / present_;
  const double frequency = weight;
  return rarity * frequency * (kK1 + 1) / (frequency + kK1 * (1 - kB + kB * lengths_[document] / average));
}

std::vector<Scored> Postings::Find(const Clause& clause) const {
  std::vector<std::vector<Scored>> parts;
  const auto add = [&](std::vector<Scored> part) {
    if (!part.empty()) parts.push_back(std::move(part));
  };
  for (const std::string& term : clause.terms) {
    if (const List* list = Lookup(term)) add(FindTerm(*list));
  }
  for (const std::vector<std::string>& phrase : clause.phrases) add(FindPhrase(phrase));
  if (!clause.beginning.empty()) {
    for (const auto& [term, list] : lists_) {
      if (term.starts_with(clause.beginning)) add(FindTerm(list));
    }
  }
  if (parts.empty()) return {};
  if (parts.size() == 1) return std::move(parts[0]);
  // The best by document; no score is 0.
  std::vector<Scored> best(lengths_.size());
  for (const std::vector<Scored>& part : parts) {
    for (const Scored& scored : part) {
      Scored& one = best[scored.document];
      one = {scored.document, std::max(one.score, scored.score), 1, std::max(one.in_title, scored.in_title)};
    }
  }
  std::erase_if(best, [](const Scored& scored) { return scored.score == 0; });
  return best;
}

std::vector<Scored> Postings::FindTerm(const List& list) const {
  std::vector<Scored> found;
  const double rarity = Rarity(list.count);
  found.reserve(list.count);
  for (Reader reader(list); reader.Next();) {
    if (lengths_[reader.document()] == 0) continue;
    found.push_back({reader.document(), Score(rarity, reader.document(), reader.weight()), 1,
                     reader.InTitle() ? 1u : 0u});
  }
  return found;
}

std::vector<Scored> Postings::FindPhrase(std::span<const std::string> terms) const {
  std::vector<Reader> readers;
  size_t rarest = 0;
  for (const std::string& term : terms) {
    const List* list = Lookup(term);
    if (list == nullptr) return {};
    if (list->count < Lookup(terms[rarest])->count) rarest = readers.size();
    readers.emplace_back(*list);
  }
  std::vector<Scored> found;
  while (readers[rarest].Next()) {
    const uint32_t document = readers[rarest].document();
    if (lengths_[document] == 0) continue;
    if (!std::all_of(readers.begin(), readers.end(), [&](Reader& reader) { return reader.Reach(document); }))
      continue;
    std::vector<uint32_t> begins = readers[0].Places();
    for (size_t i = 1; i < readers.size() && !begins.empty(); ++i) {
      const std::vector<uint32_t> places = readers[i].Places();
      std::erase_if(begins, [&](uint32_t begin) {
        return !std::binary_search(places.begin(), places.end(), begin + static_cast<uint32_t>(i * kFields));
      });
    }
    uint32_t weight = 0;
    uint32_t in_title = 0;
    for (const uint32_t begin : begins) {
      weight += kFieldWeights[begin % kFields];
      if (begin % kFields == 0 && begin < kTitleWords * kFields) in_title = 1;
    }
    if (weight > 0) found.push_back({document, static_cast<double>(weight), 1, in_title});
  }
  const double rarity = Rarity(found.size());
  for (Scored& scored : found)
    scored.score = Score(rarity, scored.document, static_cast<uint32_t>(scored.score));
  return found;
}

std::vector<Scored> MeetAll(std::span<const std::vector<Scored>> clauses) {
  if (clauses.empty()) return {};
  std::vector<Scored> found = clauses[0];
  for (const std::vector<Scored>& one : clauses.subspan(1)) {
    auto kept = found.begin();
    auto other = one.begin();
    for (const Scored& scored : found) {
      while (other != one.end() && other->document < scored.document) ++other;
      if (other == one.end()) break;
      if (other->document == scored.document)
        *kept++ = {scored.document, scored.score + other->score, scored.clauses + 1,
                   scored.in_title + other->in_title};
    }
    found.erase(kept, found.end());
  }
  return found;
}

std::vector<Scored> MeetAny(std::span<const std::vector<Scored>> clauses) {
  std::vector<Scored> found;
  for (const std::vector<Scored>& one : clauses) {
    std::vector<Scored> joined;
    joined.reserve(found.size() + one.size());
    std::merge(found.begin(), found.end(), one.begin(), one.end(), std::back_inserter(joined),
               [](const Scored& a, const Scored& b) { return a.document < b.document; });
    found.clear();
    for (const Scored& scored : joined) {
      if (found.empty() || found.back().document != scored.document) {
        found.push_back(scored);
      } else {
        found.back().score += scored.score;
        found.back().clauses += scored.clauses;
        found.back().in_title += scored.in_title;
      }
    }
  }
  return found;
}

void KeepMost(std::vector<Scored>& found) {
  uint32_t most = 0;
  for (const Scored& scored : found) most = std::max(most, scored.clauses);
  KeepMeeting((most + 1) / 2, found);
}

void KeepMeeting(size_t least, std::vector<Scored>& found) {
  std::erase_if(found, [least](const Scored& scored) { return scored.clauses < least; });
}

void WeighShares(size_t clauses, std::vector<Scored>& found) {
  const auto asked = static_cast<double>(clauses);
  for (Scored& scored : found) scored.score *= scored.clauses / asked * (1 + scored.in_title / asked);
}

}  // namespace finalmile::catalog::search
