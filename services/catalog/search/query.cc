#include "services/catalog/search/query.h"

#include <algorithm>

#include "libs/text/words.h"

namespace finalmile::catalog::search {
namespace {

constexpr size_t kMaxWords = 32;
// Words of the vocabulary that the beginning of a word is searched as: all of them would match nearly
// everything.
constexpr size_t kMaxCompletions = 16;
// Words that are looked at as other forms of one word.
constexpr size_t kMaxForms = 256;
// Fewer letters begin too many words to say anything.
constexpr size_t kMinPrefix = 3;

class Parser {
 public:
  Parser(std::span<const std::string> languages, const Vocabulary& vocabulary, text::Analyzer& analyzer)
      : languages_(languages), vocabulary_(vocabulary), analyzer_(analyzer) {}

  ParsedQuery Run(std::string_view text) {
    std::vector<text::WordSpan> spans;
    text::WordReader reader(text);
    text::WordSpan span;
    while (spans.size() < kMaxWords && reader.Next(span)) spans.push_back(span);
    std::string corrected;
    size_t copied = 0;
    for (size_t i = 0; i < spans.size(); ++i) {
      const std::string_view word = text.substr(spans[i].begin, spans[i].end - spans[i].begin);
      if (spans[i].unspaced) {
        AddRun(word);
        continue;
      }
      const bool last = i + 1 == spans.size();
      const std::string replacement = Correction(word, last);
      if (!replacement.empty()) {
        corrected += text.substr(copied, spans[i].begin - copied);
        corrected += replacement;
        copied = spans[i].end;
      }
      AddWord(replacement.empty() ? word : replacement, last);
    }
    if (!corrected.empty()) query_.corrected = corrected + std::string(text.substr(copied));
    return std::move(query_);
  }

 private:
  std::vector<std::string> Stems(std::string_view word) {
    std::vector<std::string> stems;
    const auto add = [&](std::string stem) {
      if (!stem.empty() && std::find(stems.begin(), stems.end(), stem) == stems.end())
        stems.push_back(std::move(stem));
    };
    for (const std::string& language : languages_) add(analyzer_.Stem(word, language));
    if (stems.empty()) add(text::Fold(word));
    return stems;
  }

  // Empty: the word occurs, or nothing is near.
  std::string Correction(std::string_view word, bool last) {
    const std::string folded = text::Fold(word);
    if (vocabulary_.Contains(folded) || (last && vocabulary_.ContainsPrefix(folded))) return "";
    for (const std::string& language : languages_) {
      if (FormOccurs(analyzer_.Stem(word, language), language)) return "";
    }
    return vocabulary_.Nearest(folded);
  }

  // Forms of a word begin alike, but for the last letter of the stem ("policy", "polici").
  bool FormOccurs(const std::string& stem, std::string_view language) {
    if (stem.size() < kMinPrefix) return false;
    const std::vector<std::string> forms = vocabulary_.WithPrefix(stem.substr(0, stem.size() - 1), kMaxForms);
    return std::any_of(forms.begin(), forms.end(),
                       [&](const std::string& form) { return analyzer_.Stem(form, language) == stem; });
  }

  void AddWord(std::string_view word, bool last) {
    std::vector<std::string> terms = Stems(word);
    const std::string prefix = text::Fold(word);
    if (last && prefix.size() >= kMinPrefix) {
      for (const std::string& completion : vocabulary_.WithPrefix(prefix, kMaxCompletions)) {
        // The rest is rarer than the word itself, which is whole then.
        if (completion == prefix) break;
        query_.wanted.prefix = prefix;
        for (std::string& stem : Stems(completion)) {
          if (std::find(terms.begin(), terms.end(), stem) == terms.end()) terms.push_back(std::move(stem));
        }
      }
    }
    if (!terms.empty()) query_.clauses.push_back({Clause::Kind::kAny, terms});
    query_.wanted.groups.push_back(std::move(terms));
  }

  // A run of a script without spaces must occur as it was typed.
  void AddRun(std::string_view run) {
    std::vector<text::Term> pairs = analyzer_.Terms(run, "");
    if (pairs.empty()) return;
    if (pairs.size() == 1) {
      query_.clauses.push_back({Clause::Kind::kBeginning, {pairs[0].indexed}});
      query_.wanted.prefix = pairs[0].indexed;
      query_.wanted.groups.emplace_back();
      return;
    }
    pairs.pop_back();
    std::vector<std::string> group;
    for (const text::Term& pair : pairs) group.push_back(pair.indexed);
    query_.clauses.push_back({Clause::Kind::kPhrase, group});
    query_.wanted.groups.push_back(std::move(group));
  }

  const std::span<const std::string> languages_;
  const Vocabulary& vocabulary_;
  text::Analyzer& analyzer_;
  ParsedQuery query_;
};

}  // namespace

ParsedQuery ParseQuery(std::string_view text, std::span<const std::string> languages,
                       const Vocabulary& vocabulary, text::Analyzer& analyzer) {
  return Parser(languages, vocabulary, analyzer).Run(text);
}

std::map<std::string, std::string> NeedWords(std::string_view need, std::string_view language,
                                             text::Analyzer& analyzer) {
  std::map<std::string, std::string> words;
  analyzer.ForEach(need, language, [&](text::Term&& term) {
    std::string word = term.word.empty() ? term.indexed : std::move(term.word);
    words.emplace(std::move(term.indexed), std::move(word));
  });
  return words;
}

std::vector<std::string> NeedTerms(std::string_view need, std::string_view language,
                                   text::Analyzer& analyzer) {
  std::vector<std::string> terms;
  for (const auto& [term, word] : NeedWords(need, language, analyzer)) terms.push_back(term);
  return terms;
}

}  // namespace finalmile::catalog::search
