#include "services/catalog/search/index.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "libs/text/analyzer.h"
#include "services/catalog/search/catalogue.h"
#include "services/catalog/search/packing.h"
#include "services/catalog/search/postings.h"
#include "services/catalog/search/query.h"
#include "services/catalog/search/snippet.h"
#include "services/catalog/search/spelling.h"

namespace finalmile::catalog::search {
namespace {

using storage::Bytes;
using storage::Result;
using storage::Row;
using storage::Transaction;

constexpr std::string_view kSchema[] = {
    "CREATE TABLE IF NOT EXISTS search_meta(analyzer BIGINT NOT NULL)",
    R"sql(
CREATE TABLE IF NOT EXISTS search_documents(
  id INTEGER PRIMARY KEY,
  asset TEXT NOT NULL UNIQUE,
  version BIGINT NOT NULL,
  language TEXT NOT NULL,
  facets {bytes} NOT NULL,
  texts {bytes} NOT NULL,
  terms {bytes} NOT NULL))sql",
    // Each word of a document once, for the vocabulary. The simplest tokenizer does: it cuts at spaces, once
    // it knows the signs that words have.
    R"sql(
CREATE VIRTUAL TABLE IF NOT EXISTS search_words
USING fts5(words, content='', detail='none', columnsize=0, tokenize="ascii tokenchars '+#.'"))sql",
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_vocabulary USING fts5vocab('search_words', 'row')",
};
// And one that there was once.
constexpr std::string_view kTables[] = {"search_vocabulary", "search_words", "search_terms",
                                        "search_documents", "search_meta"};

// Removed documents whose room is worth taking back.
constexpr uint32_t kFewRemoved = 1000;

// The terms and words that a document is indexed by.
struct Analysed {
  DocumentTerms terms;
  std::set<std::string> words;
  std::string joined_words;
};

Analysed Analyse(std::span<const std::string_view, kFields> texts, std::string_view language,
                 text::Analyzer& analyzer) {
  Analysed analysed;
  for (size_t field = 0; field < kFields; ++field) {
    uint32_t place = 0;
    analyzer.ForEach(texts[field], language, [&](std::span<const text::Form> forms, size_t, size_t) {
      for (const text::Form& form : forms) {
        Occurrences& occurrences = analysed.terms.terms[form.indexed];
        occurrences.weight += kFieldWeights[field];
        occurrences.places.push_back(static_cast<uint32_t>(place * kFields + field));
        if (!form.word.empty()) analysed.words.insert(form.word);
      }
      ++place;
    });
    analysed.terms.length += place;
  }
  for (auto& [term, occurrences] : analysed.terms.terms)
    std::sort(occurrences.places.begin(), occurrences.places.end());
  for (const std::string& word : analysed.words) {
    if (!analysed.joined_words.empty()) analysed.joined_words += ' ';
    analysed.joined_words += word;
  }
  return analysed;
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const std::string& blob) {
  ASSIGN_OR_RETURN(const std::string bytes, Decompress(blob));
  ASSIGN_OR_RETURN(std::vector<std::string> texts, Unpack(bytes));
  if (texts.size() != kFields) return absl::DataLossError("a document of the search index is damaged");
  return texts;
}

class MemoryIndex final : public Index {
 public:
  explicit MemoryIndex(storage::Database& database) : database_(database) {}

  absl::Status Load(absl::Duration deadline) {
    State state;
    RETURN_IF_ERROR(database_.Transact({.deadline = deadline}, [&](Transaction& transaction) -> absl::Status {
      state = State();
      RETURN_IF_ERROR(Prepare(transaction));
      RETURN_IF_ERROR(ReadDocuments(transaction, state));
      ASSIGN_OR_RETURN(const Result words, transaction.Execute("SELECT term, doc FROM search_vocabulary"));
      for (const Row& row : words.rows) state.vocabulary.Add(row.Text(0), row.Int(1));
      return absl::OkStatus();
    }));
    const std::lock_guard turn(turn_);
    const std::unique_lock lock(mutex_);
    state_ = std::move(state);
    unknown_ = false;
    return absl::OkStatus();
  }

  absl::Status Apply(std::span<const Change> changes, absl::Duration deadline) override {
    for (const Change& change : changes) {
      if (change.document.asset.empty())
        return absl::InvalidArgumentError("a document needs its asset's name");
    }
    if (unknown_) RETURN_IF_ERROR(Load(deadline));
    Batch batch;
    const absl::Status status =
        database_.Transact({.deadline = deadline, .repeatable = true}, [&](Transaction& transaction) {
          batch = Batch();
          return Write(transaction, changes, batch);
        });
    unknown_ = status.code() == absl::StatusCode::kUnknown;
    RETURN_IF_ERROR(status);
    const std::lock_guard turn(turn_);
    const std::unique_lock lock(mutex_);
    for (const Batch::Act& act : batch.acts) {
      const uint32_t document = act.added != nullptr ? state_.postings.Add(act.analysed.terms)
                                                     : *state_.catalogue.Find(act.removed);
      if (act.added != nullptr) {
        state_.catalogue.Add(*act.added);
      } else {
        state_.postings.Remove(document, act.analysed.terms);
        state_.catalogue.Remove(document);
      }
      for (const std::string& word : act.analysed.words)
        state_.vocabulary.Add(word, act.added != nullptr ? 1 : -1);
    }
    if (state_.postings.removed() > kFewRemoved && state_.postings.removed() > state_.postings.size() / 2) {
      state_.postings.Compact();
      state_.catalogue.Compact();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Answer> Search(const Query& query, absl::Duration deadline) const override {
    text::Analyzer analyzer;
    Answer answer;
    const Wanted wanted = Find(query, analyzer, answer);
    if (answer.hits.empty()) return answer;
    RETURN_IF_ERROR(database_.Transact(
        {.deadline = deadline, .read_only = true}, [&](Transaction& transaction) -> absl::Status {
          for (Hit& hit : answer.hits) {
            ASSIGN_OR_RETURN(
                const Result found,
                transaction.Execute("SELECT texts, language FROM search_documents WHERE asset = $1",
                                    {hit.asset}));
            // It went a moment ago.
            if (found.rows.empty()) continue;
            ASSIGN_OR_RETURN(const std::vector<std::string> texts, ReadTexts(found.rows[0].Blob(0)));
            hit.snippet = SnippetOf(texts, found.rows[0].Text(1), wanted, analyzer);
          }
          return absl::OkStatus();
        }));
    return answer;
  }

  bool HasTerm(const std::string& term) const override {
    const std::shared_lock lock(mutex_);
    return state_.postings.Has(term);
  }

  int64_t VersionOf(std::string_view asset) const override {
    const std::shared_lock lock(mutex_);
    const auto document = state_.catalogue.Find(asset);
    return document ? state_.catalogue.at(*document).version : 0;
  }

  size_t size() const override {
    const std::shared_lock lock(mutex_);
    return state_.catalogue.size();
  }

 private:
  // Postings and catalogue number the documents alike.
  struct State {
    Postings postings;
    Catalogue catalogue;
    Vocabulary vocabulary;
  };
  // The acts of one transaction, which are done to the state once it is committed.
  struct Batch {
    struct Act {
      // Null: `removed` is removed.
      const Document* added = nullptr;
      std::string removed;
      Analysed analysed;
    };
    std::vector<Act> acts;
    // The versions of the assets that it has touched; 0: none.
    std::map<std::string, int64_t, std::less<>> versions;
  };

  static absl::Status Prepare(Transaction& transaction) {
    for (const std::string_view statement : kSchema) RETURN_IF_ERROR(transaction.Execute(statement).status());
    ASSIGN_OR_RETURN(const Result meta, transaction.Execute("SELECT analyzer FROM search_meta"));
    if (meta.rows.size() == 1 && meta.rows[0].Int(0) == text::kAnalyzerVersion) return absl::OkStatus();
    for (const std::string_view table : kTables) {
      RETURN_IF_ERROR(transaction.Execute("DROP TABLE IF EXISTS " + std::string(table)).status());
    }
    for (const std::string_view statement : kSchema) RETURN_IF_ERROR(transaction.Execute(statement).status());
    return transaction
        .Execute("INSERT INTO search_meta(analyzer) VALUES ($1)", {int64_t{text::kAnalyzerVersion}})
        .status();
  }

  static absl::Status ReadDocuments(Transaction& transaction, State& state) {
    for (int64_t after = 0;;) {
      ASSIGN_OR_RETURN(const Result documents, transaction.Execute(R"sql(
SELECT id, asset, version, language, facets, terms FROM search_documents
WHERE id > $1
ORDER BY id
LIMIT 1000)sql",
                                                                   {after}));
      if (documents.rows.empty()) return absl::OkStatus();
      for (const Row& row : documents.rows) {
        after = row.Int(0);
        Document document;
        document.asset = row.Text(1);
        document.version = row.Int(2);
        document.language = row.Text(3);
        ASSIGN_OR_RETURN(const std::vector<std::string> facets, Unpack(row.Blob(4)));
        for (size_t i = 0; i + 1 < facets.size(); i += 2)
          document.facets.push_back({facets[i], facets[i + 1]});
        ASSIGN_OR_RETURN(const DocumentTerms terms, DecodeTerms(row.Blob(5)));
        state.postings.Add(terms);
        state.catalogue.Add(document);
      }
    }
  }

  absl::Status Write(Transaction& transaction, std::span<const Change> changes, Batch& batch) {
    for (const Change& change : changes) {
      const Document& document = change.document;
      const auto touched = batch.versions.find(document.asset);
      const int64_t version = touched != batch.versions.end() ? touched->second : VersionOf(document.asset);
      if (version != 0) {
        if (!change.removed && document.version <= version) continue;
        RETURN_IF_ERROR(Delete(transaction, document.asset, batch));
      }
      batch.versions[document.asset] = 0;
      if (change.removed) continue;
      batch.versions[document.asset] = document.version;
      RETURN_IF_ERROR(Insert(transaction, document, batch));
    }
    return absl::OkStatus();
  }

  absl::Status Insert(Transaction& transaction, const Document& document, Batch& batch) {
    const std::string_view texts[kFields] = {document.title, document.tags, document.summary, document.body};
    std::vector<std::string_view> facets;
    for (const Facet& facet : document.facets) facets.insert(facets.end(), {facet.field, facet.value});
    Analysed analysed = Analyse(texts, document.language, analyzer_);
    ASSIGN_OR_RETURN(
        const Result inserted,
        transaction.Execute(R"sql(
INSERT INTO search_documents(asset, version, language, facets, texts, terms)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id)sql",
                            {document.asset, document.version, document.language, Bytes{Pack(facets)},
                             Bytes{Compress(Pack(texts))}, Bytes{Encode(analysed.terms)}}));
    RETURN_IF_ERROR(transaction
                        .Execute("INSERT INTO search_words(rowid, words) VALUES ($1, $2)",
                                 {inserted.rows[0].Int(0), analysed.joined_words})
                        .status());
    batch.acts.push_back({&document, "", std::move(analysed)});
    return absl::OkStatus();
  }

  // A table without content deletes a row only when the row is given to it.
  absl::Status Delete(Transaction& transaction, const std::string& asset, Batch& batch) {
    ASSIGN_OR_RETURN(
        const Result found,
        transaction.Execute("DELETE FROM search_documents WHERE asset = $1 RETURNING id, language, texts",
                            {asset}));
    if (found.rows.empty()) return absl::DataLossError("a document of the search index is missing");
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, ReadTexts(found.rows[0].Blob(2)));
    const std::string_view views[kFields] = {texts[0], texts[1], texts[2], texts[3]};
    Analysed analysed = Analyse(views, found.rows[0].Text(1), analyzer_);
    RETURN_IF_ERROR(
        transaction
            .Execute("INSERT INTO search_words(search_words, rowid, words) VALUES ('delete', $1, $2)",
                     {found.rows[0].Int(0), analysed.joined_words})
            .status());
    batch.acts.push_back({nullptr, asset, std::move(analysed)});
    return absl::OkStatus();
  }

  // Everything but the snippets.
  Wanted Find(const Query& query, text::Analyzer& analyzer, Answer& answer) const {
    std::unique_lock turn(turn_);
    const std::shared_lock lock(mutex_);
    turn.unlock();
    const Catalogue& catalogue = state_.catalogue;
    ParsedQuery parsed =
        ParseQuery(query.text, catalogue.Languages(), state_.vocabulary, state_.postings, analyzer);
    answer.corrected = std::move(parsed.corrected);
    std::vector<std::vector<Scored>> met;
    for (const Clause& clause : parsed.clauses) met.push_back(state_.postings.Find(clause));
    std::vector<Scored> found = MeetAll(met);
    catalogue.Filter(query.filters, found);
    const bool none = found.empty();
    // A table of contents often has all words, and the page that answers all but one.
    if (met.size() >= (none ? 2 : kWordsThatMayMiss) && found.size() < kFew) {
      found = MeetAny(met);
      catalogue.Filter(query.filters, found);
      none ? KeepMost(found) : KeepMeeting(met.size() - 1, found);
      answer.partial = none && !found.empty();
    }
    WeighShares(met.size(), found);
    answer.total = static_cast<int64_t>(found.size());
    answer.facets = catalogue.CountFacets(found);
    const size_t end = std::min(found.size(), query.offset + std::min(query.limit, found.size()));
    catalogue.SortBest(end, found);
    for (size_t i = query.offset; i < end; ++i) {
      const Catalogue::Entry& entry = catalogue.at(found[i].document);
      answer.hits.push_back({entry.asset, entry.version, found[i].score, ""});
    }
    return std::move(parsed.wanted);
  }

  static std::string SnippetOf(const std::vector<std::string>& texts, const std::string& language,
                               const Wanted& wanted, text::Analyzer& analyzer) {
    const std::string& summary = texts[2];
    const std::string& body = texts[3];
    std::string of_body = MakeSnippet(body, language, wanted, analyzer);
    if (of_body.find(kMarkBegin) != std::string::npos) return of_body;
    std::string of_summary = MakeSnippet(summary, language, wanted, analyzer);
    return of_summary.find(kMarkBegin) != std::string::npos ? of_summary : of_body;
  }

  storage::Database& database_;
  // Guards the state, never while the database is asked.
  mutable std::shared_mutex mutex_;
  // Held while a lock is waited for, so that searches that overlap without end do not keep Apply out.
  mutable std::mutex turn_;
  State state_;
  // Only Apply uses these two.
  text::Analyzer analyzer_;
  bool unknown_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Index>> Index::Open(storage::Database& database, absl::Duration deadline) {
  auto index = std::make_unique<MemoryIndex>(database);
  RETURN_IF_ERROR(index->Load(deadline));
  return index;
}

}  // namespace finalmile::catalog::search
