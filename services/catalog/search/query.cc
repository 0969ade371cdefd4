#include "services/catalog/search/query.h"

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/text/dictionary.h"
#include "libs/text/normal_text.h"
#include "libs/text/stop_words.h"
#include "libs/text/tokens.h"
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
// Shorter words are not taken apart, and are part of the word that a sign links them to.
constexpr size_t kMinSplit = 4;
constexpr size_t kShort = 2;

void AddOnce(std::string text, std::vector<std::string>& texts) {
  if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end())
    texts.push_back(std::move(text));
}

// The tokens of a text, as its words compare, and which of them are stop words.
struct Words {
  std::vector<text::Token> tokens;
  std::vector<std::string> folded;
  std::vector<bool> stops;
};

Words ReadWords(std::string_view normal, size_t most) {
  Words words;
  text::TokenReader reader(normal);
  text::Token token;
  while (words.tokens.size() < most && reader.Next(token)) {
    words.folded.push_back(text::Fold(token.word));
    words.tokens.push_back(token);
  }
  words.stops = text::StopWords(words.folded);
  return words;
}

class Parser {
 public:
  Parser(std::string_view normal, std::span<const std::string> languages, const Vocabulary& vocabulary,
         const Postings& postings, text::Analyzer& analyzer)
      : text_(normal),
        words_(ReadWords(normal, kMaxWords)),
        languages_(languages),
        vocabulary_(vocabulary),
        postings_(postings),
        analyzer_(analyzer) {}

  ParsedQuery Run() {
    std::string corrected;
    size_t copied = 0;
    const std::vector<text::Token>& tokens = words_.tokens;
    for (size_t i = 0, end = 0; i < tokens.size(); i = end) {
      end = UnitEnd(i);
      const bool stops = std::all_of(words_.stops.begin() + Offset(i), words_.stops.begin() + Offset(end),
                                     [](bool stop) { return stop; });
      if (stops) continue;
      if (tokens[i].unspaced) {
        AddRun(text_.substr(tokens[i].begin, tokens[i].end - tokens[i].begin));
      } else if (end - i > 1) {
        AddUnit(i, end);
      } else if (const std::string replacement = AddWord(i); !replacement.empty()) {
        corrected += text_.substr(copied, tokens[i].begin - copied);
        corrected += replacement;
        copied = tokens[i].end;
      }
    }
    if (!corrected.empty()) query_.corrected = corrected + std::string(text_.substr(copied));
    return std::move(query_);
  }

 private:
  static std::ptrdiff_t Offset(size_t index) { return static_cast<std::ptrdiff_t>(index); }

  // Whether a token says too little to be searched apart from what it is linked to.
  bool Weak(size_t i) const {
    const std::string& word = words_.folded[i];
    return words_.stops[i] || Characters(word) <= kShort ||
           std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  // Where the tokens end that are one word together, from `begin` on.
  size_t UnitEnd(size_t begin) const {
    size_t end = begin + 1;
    if (words_.tokens[begin].unspaced) return end;
    while (end < words_.tokens.size() && words_.tokens[end].linked && (Weak(end - 1) || Weak(end))) ++end;
    return end;
  }

  // The stems of a word of the vocabulary, in all languages.
  std::vector<std::string> Stems(std::string_view word) {
    std::vector<std::string> stems;
    for (const std::string& language : languages_) AddOnce(analyzer_.Stem(word, language), stems);
    if (stems.empty()) AddOnce(text::Fold(word), stems);
    return stems;
  }

  std::vector<std::string> TermsOf(const text::Token& token) {
    if (const std::string name = "." + text::Fold(token.word); token.dotted && vocabulary_.Contains(name))
      return {name};
    std::vector<std::string> terms;
    for (const std::string& language : languages_) {
      for (text::Form& form : analyzer_.Forms(token, language)) AddOnce(std::move(form.indexed), terms);
    }
    if (terms.empty()) AddOnce(text::Fold(token.word), terms);
    return terms;
  }

  // Words side by side, in each language.
  void AddPhrases(std::span<const std::string> words, Clause& clause) {
    for (const std::string& language : languages_) {
      std::vector<std::string> phrase;
      for (const std::string& word : words) phrase.push_back(analyzer_.Stem(word, language));
      if (std::find(clause.phrases.begin(), clause.phrases.end(), phrase) == clause.phrases.end())
        clause.phrases.push_back(std::move(phrase));
    }
  }

  // As which the vocabulary has both words of a query; false: it does not.
  bool AddJoined(const std::string& joined, Clause& clause) {
    if (!vocabulary_.Contains(joined)) return false;
    for (std::string& stem : Stems(joined)) AddOnce(std::move(stem), clause.terms);
    return true;
  }

  // Whether the token and the one behind it may be one word: "battle card", "set up", but not "in form".
  bool MayJoin(size_t i) const {
    return i + 1 < words_.tokens.size() && !words_.folded[i].empty() && !words_.folded[i + 1].empty() &&
           (!words_.stops[i] || words_.tokens[i + 1].linked);
  }

  // As two words of the vocabulary.
  void AddSplits(const std::string& word, Clause& clause) {
    if (word.size() < kMinSplit) return;
    for (size_t at = text::CharacterBytes(word, 0); at < word.size(); at += text::CharacterBytes(word, at)) {
      const std::string halves[] = {word.substr(0, at), word.substr(at)};
      if (!vocabulary_.Contains(halves[0]) || !OccursInAnyForm(halves[1])) continue;
      AddPhrases(halves, clause);
    }
  }

  void AddCompletions(const std::string& prefix, Clause& clause) {
    if (prefix.size() < kMinPrefix) return;
    for (const std::string& completion : vocabulary_.WithPrefix(prefix, kMaxCompletions)) {
      // The rest is rarer than the word itself, which is whole then.
      if (completion == prefix) break;
      query_.wanted.prefix = prefix;
      for (std::string& stem : Stems(completion)) AddOnce(std::move(stem), clause.terms);
    }
  }

  bool Occurs(const text::Token& token, const std::string& folded) {
    if (vocabulary_.Contains(folded)) return true;
    return std::any_of(languages_.begin(), languages_.end(), [&](const std::string& language) {
      for (const text::Form& form : analyzer_.Forms(token, language)) {
        if (vocabulary_.Contains(form.word) || FormOccurs(form.indexed, language)) return true;
      }
      return false;
    });
  }

  bool OccursInAnyForm(const std::string& word) {
    return vocabulary_.Contains(word) ||
           std::any_of(languages_.begin(), languages_.end(), [&](const std::string& language) {
             return FormOccurs(analyzer_.Stem(word, language), language);
           });
  }

  // Forms of a word begin alike, but for the last letter of the stem ("policy", "polici").
  bool FormOccurs(const std::string& stem, std::string_view language) {
    if (stem.size() < kMinPrefix) return false;
    const std::vector<std::string> forms = vocabulary_.WithPrefix(stem.substr(0, stem.size() - 1), kMaxForms);
    return std::any_of(forms.begin(), forms.end(),
                       [&](const std::string& form) { return analyzer_.Stem(form, language) == stem; });
  }

  // Gives what it was corrected to; empty: it was not.
  std::string AddWord(size_t i) {
    const text::Token& token = words_.tokens[i];
    const std::string& folded = words_.folded[i];
    const bool last = i + 1 == words_.tokens.size();
    Clause clause;
    clause.terms = TermsOf(token);
    bool known = Occurs(token, folded) || (last && vocabulary_.ContainsPrefix(folded));
    if (i > 0 && MayJoin(i - 1)) known |= AddJoined(words_.folded[i - 1] + folded, clause);
    if (MayJoin(i)) known |= AddJoined(folded + words_.folded[i + 1], clause);
    AddSplits(folded, clause);
    known = known || !postings_.Find({{}, clause.phrases, ""}).empty();
    if (last) AddCompletions(folded, clause);
    std::string replacement;
    if (!known && !text::IsEnglishWord(folded)) replacement = vocabulary_.Nearest(folded);
    if (!replacement.empty()) clause.terms = Stems(replacement);
    Add(std::move(clause));
    return replacement;
  }

  void AddUnit(size_t begin, size_t end) {
    const std::span parts = std::span(words_.folded).subspan(begin, end - begin);
    std::string joined;
    for (const std::string& part : parts) joined += part;
    Clause clause;
    AddJoined(joined, clause);
    AddPhrases(parts, clause);
    if (end == words_.tokens.size()) AddCompletions(joined, clause);
    Add(std::move(clause));
  }

  // A run of a script without spaces must occur as it was typed.
  void AddRun(std::string_view run) {
    std::vector<std::string> pairs;
    for (text::Term& term : analyzer_.Terms(run, "")) pairs.push_back(std::move(term.forms[0].indexed));
    if (pairs.empty()) return;
    Clause clause;
    if (pairs.size() == 1) {
      clause.beginning = pairs[0];
      query_.wanted.prefix = pairs[0];
    } else {
      pairs.pop_back();
      clause.phrases.push_back(std::move(pairs));
    }
    Add(std::move(clause));
  }

  void Add(Clause clause) {
    query_.wanted.groups.push_back({clause.terms, clause.phrases});
    query_.clauses.push_back(std::move(clause));
  }

  const std::string_view text_;
  const Words words_;
  const std::span<const std::string> languages_;
  const Vocabulary& vocabulary_;
  const Postings& postings_;
  text::Analyzer& analyzer_;
  ParsedQuery query_;
};

}  // namespace

ParsedQuery ParseQuery(std::string_view text, std::span<const std::string> languages,
                       const Vocabulary& vocabulary, const Postings& postings, text::Analyzer& analyzer) {
  const text::NormalText normal(text);
  return Parser(normal.text(), languages, vocabulary, postings, analyzer).Run();
}

std::vector<std::string> NeedTerms(std::string_view need, std::string_view language,
                                   text::Analyzer& analyzer) {
  std::vector<text::Term> terms = analyzer.Terms(need, language);
  std::vector<std::string> words;
  for (const text::Term& term : terms) words.push_back(term.forms[0].word);
  const std::vector<bool> stops = text::StopWords(words);
  std::set<std::string> sorted;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!stops[i]) sorted.insert(std::move(terms[i].forms[0].indexed));
  }
  return {sorted.begin(), sorted.end()};
}

}  // namespace finalmile::catalog::search
