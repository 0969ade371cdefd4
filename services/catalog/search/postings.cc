#include "services/catalog/search/postings.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "libs/base/status.h"

namespace finalmile::catalog::search {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
// The rarity of terms that most documents have, which still order by frequency.
constexpr double kLeastRarity = 1e-6;

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

// The low bit of the weight says whether places follow.
void PutOccurrences(const Occurrences& occurrences, std::string& bytes) {
  PutNumber(occurrences.weight << 1 | (occurrences.places.empty() ? 0 : 1), bytes);
  if (occurrences.places.empty()) return;
  PutNumber(static_cast<uint32_t>(occurrences.places.size()), bytes);
  uint32_t last = 0;
  for (const uint32_t place : occurrences.places) {
    PutNumber(place - last, bytes);
    last = place;
  }
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
    ASSIGN_OR_RETURN(const uint32_t weight, number());
    Occurrences occurrences{weight >> 1, {}};
    uint32_t places = 0;
    if ((weight & 1) != 0) {
      ASSIGN_OR_RETURN(places, number());
    }
    for (uint32_t last = 0; places > 0; --places) {
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
    const uint32_t weight = TakeNumber(at_);
    weight_ = weight >> 1;
    places_ = (weight & 1) != 0 ? TakeNumber(at_) : 0;
    places_at_ = at_;
    for (uint32_t i = 0; i < places_; ++i) TakeNumber(at_);
    return true;
  }

  uint32_t document() const { return document_; }
  uint32_t weight() const { return weight_; }
  std::vector<uint32_t> Places() const {
    std::vector<uint32_t> places;
    const char* at = places_at_;
    uint32_t last = 0;
    for (uint32_t i = 0; i < places_; ++i) places.push_back(last += TakeNumber(at));
    return places;
  }

 private:
  const char* at_;
  const char* const end_;
  const char* places_at_ = nullptr;
  uint32_t document_ = 0;
  uint32_t weight_ = 0;
  uint32_t places_ = 0;
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
  return std::max(kLeastRarity, std::log((present_ - with + 0.5) / (with + 0.5)));
}

double Postings::Score(double rarity, uint32_t document, uint32_t weight) const {
  const double average = static_cast<double>(total_length_) / present_;
  const double frequency = weight;
  return rarity * frequency * (kK1 + 1) / (frequency + kK1 * (1 - kB + kB * lengths_[document] / average));
}

std::vector<Scored> Postings::Find(std::span<const Clause> clauses) const {
  std::vector<Scored> found;
  for (size_t i = 0; i < clauses.size(); ++i) {
    std::vector<Scored> one = FindOne(clauses[i]);
    if (i == 0) {
      found = std::move(one);
      continue;
    }
    auto kept = found.begin();
    auto other = one.begin();
    for (const Scored& scored : found) {
      while (other != one.end() && other->document < scored.document) ++other;
      if (other == one.end()) break;
      if (other->document == scored.document) *kept++ = {scored.document, scored.score + other->score};
    }
    found.erase(kept, found.end());
  }
  return found;
}

std::vector<Scored> Postings::FindOne(const Clause& clause) const {
  if (clause.kind == Clause::Kind::kPhrase) return FindPhrase(clause.terms);
  std::vector<const List*> lists;
  if (clause.kind == Clause::Kind::kBeginning) {
    for (const auto& [term, list] : lists_) {
      if (term.starts_with(clause.terms.front())) lists.push_back(&list);
    }
  } else {
    for (const std::string& term : clause.terms) {
      if (const List* list = Lookup(term)) lists.push_back(list);
    }
  }
  return FindAny(lists);
}

std::vector<Scored> Postings::FindAny(const std::vector<const List*>& lists) const {
  std::vector<Scored> found;
  if (lists.size() == 1) {
    const double rarity = Rarity(lists[0]->count);
    found.reserve(lists[0]->count);
    for (Reader reader(*lists[0]); reader.Next();) {
      if (lengths_[reader.document()] == 0) continue;
      found.push_back({reader.document(), Score(rarity, reader.document(), reader.weight())});
    }
    return found;
  }
  if (lists.empty()) return found;
  // Added up by document; no score is 0.
  std::vector<double> scores(lengths_.size());
  for (const List* list : lists) {
    const double rarity = Rarity(list->count);
    for (Reader reader(*list); reader.Next();) {
      if (lengths_[reader.document()] == 0) continue;
      scores[reader.document()] += Score(rarity, reader.document(), reader.weight());
    }
  }
  for (uint32_t document = 0; document < scores.size(); ++document) {
    if (scores[document] > 0) found.push_back({document, scores[document]});
  }
  return found;
}

std::vector<Scored> Postings::FindPhrase(std::span<const std::string> terms) const {
  std::vector<Reader> readers;
  for (const std::string& term : terms) {
    const List* list = Lookup(term);
    if (list == nullptr) return {};
    readers.emplace_back(*list);
  }
  std::vector<Scored> found;
  while (readers[0].Next()) {
    const uint32_t document = readers[0].document();
    std::vector<uint32_t> begins = readers[0].Places();
    for (size_t i = 1; i < readers.size() && !begins.empty(); ++i) {
      // The first reader begins before its first document.
      while (readers[i].weight() == 0 || readers[i].document() < document) {
        if (!readers[i].Next()) break;
      }
      const std::vector<uint32_t> places =
          readers[i].document() == document ? readers[i].Places() : std::vector<uint32_t>();
      std::erase_if(begins, [&](uint32_t begin) {
        return !std::binary_search(places.begin(), places.end(), begin + static_cast<uint32_t>(i * kFields));
      });
    }
    if (begins.empty() || lengths_[document] == 0) continue;
    uint32_t weight = 0;
    for (const uint32_t begin : begins) weight += kFieldWeights[begin % kFields];
    found.push_back({document, static_cast<double>(weight)});
  }
  const double rarity = Rarity(found.size());
  for (Scored& scored : found)
    scored.score = Score(rarity, scored.document, static_cast<uint32_t>(scored.score));
  return found;
}

}  // namespace finalmile::catalog::search
