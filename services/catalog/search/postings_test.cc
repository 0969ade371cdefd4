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
  const double rarity = std::log(1 + (present - with + 0.5) / (with + 0.5));
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

rc::Gen<Clause> AnyClause() {
  return rc::gen::exec([] {
    const auto words =
        *rc::gen::resize(3, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(Term())));
    Clause clause;
    const int parts = *rc::gen::inRange(1, 8);
    if ((parts & 1) != 0) clause.terms = words;
    if ((parts & 2) != 0) clause.phrases.push_back(words);
    if ((parts & 4) != 0) clause.beginning = words[0];
    return clause;
  });
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
  std::vector<uint32_t> clauses(numbers.size());
  std::vector<uint32_t> in_title(numbers.size());
  std::vector<std::vector<Scored>> met;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    const Clause clause = *AnyClause();
    std::vector<std::vector<std::string>> alternatives = clause.phrases;
    for (const std::string& term : clause.terms) alternatives.push_back({term});
    for (const std::string term : {"a", "b", "bc", "c", "d"}) {
      if (!clause.beginning.empty() && term.starts_with(clause.beginning)) alternatives.push_back({term});
    }
    std::vector<double> best(numbers.size());
    for (const auto& alternative : alternatives) {
      const std::vector<double> scores = ScoresOf(documents, alternative);
      for (size_t n = 0; n < best.size(); ++n) best[n] = std::max(best[n], scores[n]);
    }
    for (size_t n = 0; n < best.size(); ++n) {
      clauses[n] += best[n] > 0 ? 1 : 0;
      const Fields title = {(*documents[numbers[n]])[0]};
      in_title[n] += std::any_of(alternatives.begin(), alternatives.end(),
                                 [&](const auto& terms) { return WeightOf(title, terms) > 0; })
                         ? 1
                         : 0;
      expected[n] += best[n];
    }
    met.push_back(postings.Find(clause));
  }
  const auto check = [&](const std::vector<Scored>& found, uint32_t least) {
    size_t next = 0;
    for (size_t n = 0; n < numbers.size(); ++n) {
      if (clauses[n] < least) continue;
      RC_ASSERT(next < found.size());
      RC_ASSERT(found[next].document == numbers[n]);
      RC_ASSERT(found[next].clauses == clauses[n]);
      RC_ASSERT(found[next].in_title == in_title[n]);
      RC_ASSERT(std::abs(found[next].score - expected[n]) < 1e-9);
      ++next;
    }
    RC_ASSERT(next == found.size());
  };
  check(MeetAll(met), static_cast<uint32_t>(count));
  std::vector<Scored> any = MeetAny(met);
  check(any, 1);
  KeepMost(any);
  const uint32_t most = clauses.empty() ? 0 : *std::max_element(clauses.begin(), clauses.end());
  check(any, std::max(1u, (most + 1) / 2));
  KeepMeeting(most, any);
  check(any, std::max(1u, most));
  std::vector<Scored> weighed = any;
  WeighShares(static_cast<size_t>(count), weighed);
  for (size_t i = 0; i < any.size(); ++i) {
    const double factor = any[i].clauses * (1.0 + any[i].in_title / static_cast<double>(count)) / count;
    RC_ASSERT(std::abs(weighed[i].score - any[i].score * factor) < 1e-9);
    RC_ASSERT(any[i].in_title <= any[i].clauses);
  }
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

TEST(PostingsTest, ATitleEndsSomewhere) {
  for (const uint32_t place : {Postings::kTitleWords - 1, Postings::kTitleWords}) {
    Postings postings;
    std::vector<std::string> title(place, "other");
    title.emplace_back("a");
    postings.Add(TermsOf({title}));
    for (const Clause& clause : {Clause{{"a"}, {}, ""}, Clause{{}, {{"a"}}, ""}})
      EXPECT_EQ(postings.Find(clause)[0].in_title, place < Postings::kTitleWords ? 1u : 0u);
  }
}

TEST(PostingsTest, NoClauseFindsNothing) {
  EXPECT_TRUE(MeetAll({}).empty());
  EXPECT_TRUE(MeetAny({}).empty());
}

// A word that half of a small shelf has still tells which page is about it.
TEST(PostingsTest, ACommonWordCounts) {
  Postings postings;
  postings.Add(TermsOf({{"a"}}));
  postings.Add(TermsOf({{"b"}}));
  const std::vector<Scored> found = postings.Find({.terms = {"a"}, .phrases = {}, .beginning = ""});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].score, std::log(2) * 10 * 2.2 / (10 + 1.2), 1e-12);
}

}  // namespace
}  // namespace finalmile::catalog::search
