#include "services/catalog/search/index.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "services/catalog/search/analyzer.h"
#include "services/catalog/search/catalogue.h"
#include "services/catalog/search/packing.h"
#include "services/catalog/search/query.h"
#include "services/catalog/search/snippet.h"
#include "services/catalog/search/spelling.h"

namespace finalmile::catalog::search {
namespace {

using storage::Bytes;
using storage::Result;
using storage::Row;
using storage::Transaction;

// The tables are fed with analysed terms, so the simplest tokenizer does: it cuts at spaces.
constexpr std::string_view kSchema[] = {
    "CREATE TABLE IF NOT EXISTS search_meta(analyzer BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS search_documents(id INTEGER PRIMARY KEY, asset TEXT NOT NULL UNIQUE, version "
    "BIGINT NOT "
    "NULL, language TEXT NOT NULL, facets {bytes} NOT NULL, texts {bytes} NOT NULL)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_terms USING fts5(title, tags, summary, body, content='', "
    "tokenize='ascii')",
    // Each word of a document once, for the vocabulary.
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5(words, content='', detail='none', "
    "columnsize=0, "
    "tokenize='ascii')",
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_vocabulary USING fts5vocab('search_words', 'row')",
};
constexpr std::string_view kTables[] = {"search_vocabulary", "search_words", "search_terms",
                                        "search_documents", "search_meta"};

constexpr size_t kFields = 4;

// What the index tables hold of a document.
struct Analysed {
  std::string fields[kFields];
  std::set<std::string> words;
  std::string joined_words;
};

Analysed Analyse(std::span<const std::string_view, kFields> texts, std::string_view language,
                 Analyzer& analyzer) {
  Analysed analysed;
  for (size_t i = 0; i < kFields; ++i) {
    analyzer.ForEach(texts[i], language, [&](Term&& term) {
      if (!analysed.fields[i].empty()) analysed.fields[i] += ' ';
      analysed.fields[i] += term.indexed;
      if (!term.word.empty()) analysed.words.insert(std::move(term.word));
    });
  }
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

class Fts5Index final : public Index {
 public:
  explicit Fts5Index(storage::Database& database) : database_(database) {}

  absl::Status Load(absl::Duration deadline) {
    Catalogue catalogue;
    Vocabulary vocabulary;
    std::vector<int64_t> ids;
    RETURN_IF_ERROR(database_.Transact({.deadline = deadline}, [&](Transaction& transaction) -> absl::Status {
      catalogue = Catalogue();
      vocabulary = Vocabulary();
      ids.clear();
      RETURN_IF_ERROR(Prepare(transaction));
      ASSIGN_OR_RETURN(
          const Result documents,
          transaction.Execute("SELECT id, asset, version, language, facets FROM search_documents"));
      for (const Row& row : documents.rows) {
        Document document;
        document.asset = row.Text(1);
        document.version = row.Int(2);
        document.language = row.Text(3);
        ASSIGN_OR_RETURN(const std::vector<std::string> facets, Unpack(row.Blob(4)));
        for (size_t i = 0; i + 1 < facets.size(); i += 2)
          document.facets.push_back({facets[i], facets[i + 1]});
        catalogue.Add(row.Int(0), document);
        ids.push_back(row.Int(0));
      }
      ASSIGN_OR_RETURN(const Result words, transaction.Execute("SELECT term, doc FROM search_vocabulary"));
      for (const Row& row : words.rows) vocabulary.Add(row.Text(0), row.Int(1));
      return absl::OkStatus();
    }));
    const std::unique_lock lock(mutex_);
    catalogue_ = std::move(catalogue);
    catalogue_.Commit(ids, {}, searches_);
    vocabulary_ = std::move(vocabulary);
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
          Withdraw(batch);
          batch = Batch();
          return Write(transaction, changes, batch);
        });
    if (!status.ok()) {
      unknown_ = status.code() == absl::StatusCode::kUnknown;
      Withdraw(batch);
      return status;
    }
    const std::unique_lock lock(mutex_);
    catalogue_.Commit(batch.added, batch.removed, searches_);
    for (const auto& [word, documents] : batch.words) vocabulary_.Add(word, documents);
    return absl::OkStatus();
  }

  absl::StatusOr<Answer> Search(const Query& query, absl::Duration deadline) const override {
    const uint64_t epoch = searches_.Enter();
    Answer answer;
    const absl::Status status =
        database_.Transact({.deadline = deadline, .read_only = true}, [&](Transaction& transaction) {
          answer = Answer();
          return Find(transaction, query, answer);
        });
    searches_.Leave(epoch);
    if (!status.ok()) return status;
    return answer;
  }

  int64_t VersionOf(std::string_view asset) const override {
    const std::shared_lock lock(mutex_);
    const Catalogue::Entry* entry = catalogue_.Find(catalogue_.IdOf(asset));
    return entry == nullptr ? 0 : entry->version;
  }

  size_t size() const override {
    const std::shared_lock lock(mutex_);
    return catalogue_.size();
  }

 private:
  struct Current {
    int64_t id = 0;
    int64_t version = 0;
  };
  // What one transaction does.
  struct Batch {
    std::vector<int64_t> added;
    std::vector<int64_t> removed;
    std::map<std::string, int64_t> words;
    // Assets it has touched; id 0: removed.
    std::map<std::string, Current, std::less<>> current;
  };

  static absl::Status Prepare(Transaction& transaction) {
    for (const std::string_view statement : kSchema) RETURN_IF_ERROR(transaction.Execute(statement).status());
    ASSIGN_OR_RETURN(const Result meta, transaction.Execute("SELECT analyzer FROM search_meta"));
    if (meta.rows.size() == 1 && meta.rows[0].Int(0) == kAnalyzerVersion) return absl::OkStatus();
    for (const std::string_view table : kTables) {
      RETURN_IF_ERROR(transaction.Execute("DROP TABLE " + std::string(table)).status());
    }
    for (const std::string_view statement : kSchema) RETURN_IF_ERROR(transaction.Execute(statement).status());
    return transaction.Execute("INSERT INTO search_meta(analyzer) VALUES ($1)", {int64_t{kAnalyzerVersion}})
        .status();
  }

  void Withdraw(const Batch& batch) {
    const std::unique_lock lock(mutex_);
    for (const int64_t id : batch.added) catalogue_.Withdraw(id);
  }

  Current CurrentOf(const std::string& asset, const Batch& batch) const {
    if (const auto touched = batch.current.find(asset); touched != batch.current.end())
      return touched->second;
    const std::shared_lock lock(mutex_);
    const int64_t id = catalogue_.IdOf(asset);
    return id == 0 ? Current() : Current{id, catalogue_.Find(id)->version};
  }

  absl::Status Write(Transaction& transaction, std::span<const Change> changes, Batch& batch) {
    for (const Change& change : changes) {
      const Document& document = change.document;
      const Current current = CurrentOf(document.asset, batch);
      if (current.id != 0) {
        if (!change.removed && document.version <= current.version) continue;
        RETURN_IF_ERROR(Delete(transaction, current.id, batch));
      }
      batch.current[document.asset] = {};
      if (change.removed) continue;
      const int64_t id = MakeKnown(document);
      batch.added.push_back(id);
      batch.current[document.asset] = {id, document.version};
      RETURN_IF_ERROR(Insert(transaction, id, document, batch));
    }
    return absl::OkStatus();
  }

  int64_t MakeKnown(const Document& document) {
    const std::unique_lock lock(mutex_);
    const int64_t id = catalogue_.highest_id() + 1;
    catalogue_.Add(id, document);
    return id;
  }

  absl::Status Insert(Transaction& transaction, int64_t id, const Document& document, Batch& batch) {
    const std::string_view texts[kFields] = {document.title, document.tags, document.summary, document.body};
    std::vector<std::string_view> facets;
    for (const Facet& facet : document.facets) facets.insert(facets.end(), {facet.field, facet.value});
    RETURN_IF_ERROR(
        transaction
            .Execute("INSERT INTO search_documents(id, asset, version, language, facets, texts) VALUES "
                     "($1, $2, $3, $4, $5, $6)",
                     {id, document.asset, document.version, document.language, Bytes{Pack(facets)},
                      Bytes{Compress(Pack(texts))}})
            .status());
    Analysed analysed = Analyse(texts, document.language, analyzer_);
    for (const std::string& word : analysed.words) ++batch.words[word];
    RETURN_IF_ERROR(
        transaction
            .Execute("INSERT INTO search_terms(rowid, title, tags, summary, body) VALUES ($1, $2, $3, $4, "
                     "$5)",
                     {id, std::move(analysed.fields[0]), std::move(analysed.fields[1]),
                      std::move(analysed.fields[2]), std::move(analysed.fields[3])})
            .status());
    return transaction
        .Execute("INSERT INTO search_words(rowid, words) VALUES ($1, $2)",
                 {id, std::move(analysed.joined_words)})
        .status();
  }

  // A table without content forgets a row only when it is told what the row was.
  absl::Status Delete(Transaction& transaction, int64_t id, Batch& batch) {
    ASSIGN_OR_RETURN(
        const Result found,
        transaction.Execute("DELETE FROM search_documents WHERE id = $1 RETURNING language, texts", {id}));
    if (found.rows.empty()) return absl::DataLossError("a document of the search index is missing");
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, ReadTexts(found.rows[0].Blob(1)));
    const std::string_view views[kFields] = {texts[0], texts[1], texts[2], texts[3]};
    Analysed analysed = Analyse(views, found.rows[0].Text(0), analyzer_);
    for (const std::string& word : analysed.words) --batch.words[word];
    batch.removed.push_back(id);
    RETURN_IF_ERROR(
        transaction
            .Execute("INSERT INTO search_terms(search_terms, rowid, title, tags, summary, body) VALUES "
                     "('delete', $1, $2, $3, $4, $5)",
                     {id, std::move(analysed.fields[0]), std::move(analysed.fields[1]),
                      std::move(analysed.fields[2]), std::move(analysed.fields[3])})
            .status());
    return transaction
        .Execute("INSERT INTO search_words(search_words, rowid, words) VALUES ('delete', $1, $2)",
                 {id, std::move(analysed.joined_words)})
        .status();
  }

  absl::Status Find(Transaction& transaction, const Query& query, Answer& answer) const {
    Analyzer analyzer;
    const ParsedQuery parsed = [&] {
      const std::shared_lock lock(mutex_);
      return ParseQuery(query.text, catalogue_.Languages(), vocabulary_, analyzer);
    }();
    answer.corrected = parsed.corrected;
    if (parsed.match.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        const Result matches,
        transaction.Execute("SELECT rowid, bm25(search_terms, 10.0, 5.0, 3.0, 1.0) FROM search_terms WHERE "
                            "search_terms MATCH $1",
                            {parsed.match}));
    std::vector<Scored> rows;
    rows.reserve(matches.rows.size());
    // FTS5's best score is the least.
    for (const Row& row : matches.rows) rows.push_back({row.Int(0), -row.Real(1)});
    std::vector<std::string> languages;
    std::vector<int64_t> ids;
    {
      const std::shared_lock lock(mutex_);
      catalogue_.Filter(query.filters, rows);
      answer.total = static_cast<int64_t>(rows.size());
      answer.facets = catalogue_.CountFacets(rows);
      const size_t end = std::min(rows.size(), query.offset + std::min(query.limit, rows.size()));
      catalogue_.SortBest(end, rows);
      for (size_t i = query.offset; i < end; ++i) {
        const Catalogue::Entry& entry = *catalogue_.Find(rows[i].id);
        answer.hits.push_back({entry.asset, entry.version, rows[i].score, ""});
        languages.push_back(entry.language);
        ids.push_back(rows[i].id);
      }
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      ASSIGN_OR_RETURN(const Result found,
                       transaction.Execute("SELECT texts FROM search_documents WHERE id = $1", {ids[i]}));
      if (found.rows.empty()) return absl::DataLossError("a document of the search index is missing");
      ASSIGN_OR_RETURN(const std::vector<std::string> texts, ReadTexts(found.rows[0].Blob(0)));
      std::string& snippet = answer.hits[i].snippet;
      snippet = MakeSnippet(texts[3], languages[i], parsed.wanted, analyzer);
      if (snippet.find(kMarkBegin) == std::string::npos) {
        std::string summary = MakeSnippet(texts[2], languages[i], parsed.wanted, analyzer);
        if (summary.find(kMarkBegin) != std::string::npos) snippet = std::move(summary);
      }
    }
    return absl::OkStatus();
  }

  storage::Database& database_;
  mutable Searches searches_;
  // Guards the catalogue and the vocabulary, never while the database is asked.
  mutable std::shared_mutex mutex_;
  Catalogue catalogue_;
  Vocabulary vocabulary_;
  // Of Apply.
  Analyzer analyzer_;
  bool unknown_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Index>> Index::Open(storage::Database& database, absl::Duration deadline) {
  auto index = std::make_unique<Fts5Index>(database);
  RETURN_IF_ERROR(index->Load(deadline));
  return index;
}

}  // namespace finalmile::catalog::search
