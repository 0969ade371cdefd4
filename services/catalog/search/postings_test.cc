#include "services/catalog/search/postings.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace finalmile::catalog::search {
namespace {

// Texts of few terms, so that they meet often: fields of places of terms.
using Fields = std::vector<std::vector<std::string>>;

DocumentTerms TermsOf(const Fields& fields) {
  DocumentTerms document;
  for (size_t field = 0; field < fields.size(); ++field) {
    for (size_t place = 0; place < fields[field].size(); ++place) {
      Occurrences& occurrences = document.terms[fields[field][place]];
      occurrences.weight += kFieldWeights[field];
      occurrences.places.push_back(static_cast<uint32_t>(place * kFields + field));
      ++document.length;
    }
  }
  for (auto& [term, occurrences] : document.terms)
    std::sort(occurrences.places.begin(), occurrences.places.end());
  return document;
}

// The weight of `terms` in a document, side by side.
uint32_t WeightOf(const Fields& fields, const std::vector<std::string>& terms) {
  uint32_t weight = 0;
  for (size_t field = 0; field < fields.size(); ++field) {
    for (auto at = fields[field].begin(); at != fields[field].end(); ++at) {
      if (static_cast<size_t>(fields[field].end() - at) >= terms.size() &&
          std::equal(terms.begin(), terms.end(), at)) {
        weight += kFieldWeights[field];
      }
    }
  }
  return weight;
}

// By document that is there: BM25 of one list of terms, straight from its definition; 0: it has none.
std::vector<double> ScoresOf(const std::vector<std::optional<Fields>>& documents,
                             const std::vector<std::string>& terms) {
  double present = 0;
  double length = 0;
  double with = 0;
  for (const auto& fields : documents) {
    if (!fields) continue;
    ++present;
    length += std::max<uint32_t>(TermsOf(*fields).length, 1);
    if (WeightOf(*fields, terms) > 0) ++with;
  }
  const double rarity = std::max(1e-6, std::log((present - with + 0.5) / (with + 0.5)));
  std::vector<double> scores;
  for (const auto& fields : documents) {
    if (!fields) continue;
    const double weight = WeightOf(*fields, terms);
    const double relative = std::max<uint32_t>(TermsOf(*fields).length, 1) / (length / present);
    scores.push_back(rarity * weight * 2.2 / (weight + 1.2 * (0.25 + 0.75 * relative)));
  }
  return scores;
}

rc::Gen<std::string> Term() { return rc::gen::element<std::string>("a", "b", "bc", "c", "d"); }
rc::Gen<Fields> AnyDocument() {
  return rc::gen::resize(
      6, rc::gen::container<Fields>(kFields, rc::gen::container<std::vector<std::string>>(Term())));
}

RC_GTEST_PROP(PostingsTest, FindsWhatTheDefinitionFinds, ()) {
  Postings postings;
  std::vector<std::optional<Fields>> documents;
  for (const Fields& fields : *rc::gen::container<std::vector<Fields>>(AnyDocument())) {
    RC_ASSERT(postings.Add(TermsOf(fields)) == documents.size());
    documents.emplace_back(fields);
    if (*rc::gen::arbitrary<bool>()) continue;
    const auto gone = *rc::gen::inRange<size_t>(0, documents.size());
    if (!documents[gone]) continue;
    postings.Remove(static_cast<uint32_t>(gone), TermsOf(*documents[gone]));
    documents[gone].reset();
  }
  if (*rc::gen::arbitrary<bool>()) {
    postings.Compact();
    std::erase(documents, std::nullopt);
    RC_ASSERT(postings.size() == documents.size());
    RC_ASSERT(postings.removed() == 0u);
  }
  std::vector<uint32_t> numbers;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (documents[i]) numbers.push_back(static_cast<uint32_t>(i));
  }

  std::vector<double> expected(numbers.size());
  std::vector<bool> matches(numbers.size(), true);
  std::vector<Clause> clauses;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    const auto kind = *rc::gen::element(Clause::Kind::kAny, Clause::Kind::kPhrase, Clause::Kind::kBeginning);
    Clause clause{
        kind, *rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(Term())))};
    if (kind == Clause::Kind::kAny) {
      std::sort(clause.terms.begin(), clause.terms.end());
      clause.terms.erase(std::unique(clause.terms.begin(), clause.terms.end()), clause.terms.end());
    }
    std::vector<std::vector<std::string>> alternatives;
    if (kind == Clause::Kind::kPhrase) {
      alternatives = {clause.terms};
    } else if (kind == Clause::Kind::kAny) {
      for (const std::string& term : clause.terms) alternatives.push_back({term});
    } else {
      for (const std::string term : {"a", "b", "bc", "c", "d"}) {
        if (term.starts_with(clause.terms.front())) alternatives.push_back({term});
      }
    }
    std::vector<double> sums(numbers.size());
    for (const auto& alternative : alternatives) {
      const std::vector<double> scores = ScoresOf(documents, alternative);
      for (size_t n = 0; n < sums.size(); ++n) sums[n] += scores[n];
    }
    for (size_t n = 0; n < sums.size(); ++n) {
      matches[n] = matches[n] && sums[n] > 0;
      expected[n] += sums[n];
    }
    clauses.push_back(std::move(clause));
  }
  const std::vector<Scored> found = postings.Find(clauses);
  size_t next = 0;
  for (size_t n = 0; n < numbers.size(); ++n) {
    if (!matches[n]) continue;
    RC_ASSERT(next < found.size());
    RC_ASSERT(found[next].document == numbers[n]);
    RC_ASSERT(std::abs(found[next].score - expected[n]) < 1e-9);
    ++next;
  }
  RC_ASSERT(next == found.size());
}

RC_GTEST_PROP(PostingsTest, TermsComeBackFromBytes, ()) {
  const Fields fields = *AnyDocument();
  DocumentTerms document = TermsOf(fields);
  document.terms["long"].weight = *rc::gen::inRange<uint32_t>(1, 1u << 30);
  const std::string bytes = Encode(document);
  const auto decoded = DecodeTerms(bytes);
  RC_ASSERT(decoded.ok());
  RC_ASSERT(decoded->length == document.length);
  RC_ASSERT(Encode(*decoded) == bytes);
}

RC_GTEST_PROP(PostingsTest, OtherBytesAreAnErrorOrTerms, ()) {
  const std::string bytes = *rc::gen::string<std::string>();
  const auto decoded = DecodeTerms(bytes);
  RC_ASSERT(decoded.ok() || decoded.status().code() == absl::StatusCode::kDataLoss);
}

TEST(PostingsTest, NoClauseFindsNothing) {
  Postings postings;
  postings.Add(TermsOf({{"a"}}));
  EXPECT_TRUE(postings.Find({}).empty());
}

}  // namespace
}  // namespace finalmile::catalog::search
