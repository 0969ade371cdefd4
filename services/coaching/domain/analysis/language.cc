#include "services/coaching/domain/analysis/language.h"

#include <algorithm>
#include <array>

#include "libs/base/text.h"

namespace finalmile::coaching {
namespace {

// The negators and their phrases are chosen after NegEx for talk instead of findings (Chapman, Bridewell,
// Hanbury, Cooper, Buchanan: A Simple Algorithm for Identifying Negated Findings and Diseases in Discharge
// Summaries, Journal of Biomedical Informatics 34, 2001).
constexpr std::string_view kEnglishPseudo[] = {
    "* only",         "* just",        "* merely",    "not least",     "not to mention",
    "not for profit", "couldnt agree", "no doubt",    "no question",   "no wonder",
    "no problem",     "no matter",     "no worries",  "without doubt", "without a doubt",
    "why *",          "cant wait",     "cannot wait", "can not wait"};
constexpr std::string_view kEnglishFillers[] = {"um",       "uh",     "er",      "ah",     "hmm",
                                                "you know", "i mean", "sort of", "kind of"};
constexpr std::string_view kEnglishRequests[] = {"tell me", "walk me through"};
constexpr std::string_view kGermanPseudo[] = {"* nur",        "* bloss",      "kein zweifel",
                                              "ohne zweifel", "kein problem", "keine frage"};
constexpr std::string_view kGermanFillers[] = {"ah", "ahm", "ehm", "hm"};
constexpr std::string_view kGermanRequests[] = {"erzahlen sie", "erzahl mir"};

constexpr std::array kLanguages = {
    Language{
        .code = "en",
        .negators = "no not never without cannot none nor hardly aint arent cant couldnt didnt doesnt dont "
                    "hadnt hasnt havent isnt mightnt mustnt neednt oughtnt shant shouldnt wasnt werent wont "
                    "wouldnt",
        .scope_ends = "but however though although yet except because",
        .coordinators = "and or so",
        .relatives = "that who which where when while if then",
        .subjects = "i you he she it we they",
        .pseudo_negations = kEnglishPseudo,
        .percent = "percent",
        .fillers = kEnglishFillers,
        .fillers_between_pauses = "like so right well",
        .question_leads = "so and but well ok okay now then um uh er ah hmm yes yeah right alright",
        .open_words = "what how why which who where when",
        .open_words_inside = "what how why",
        .open_requests = kEnglishRequests,
        .auxiliaries = "am is are was were do does did have has had can could will would shall should may "
                       "might must isnt arent wasnt werent dont doesnt didnt havent hasnt hadnt cant "
                       "couldnt wont wouldnt shouldnt",
        .pronouns = "i you he she it we they this that these those there your",
        .abbreviations = "mr mrs ms dr prof vs approx",
    },
    Language{
        .code = "de",
        .negators = "nicht kein keine keinem keinen keiner keines nie niemals ohne weder",
        .scope_ends = "aber sondern jedoch doch obwohl ausser weil",
        .coordinators = "und oder",
        .relatives = "wenn damit wahrend",
        .subjects = "ich du er sie es wir ihr",
        .pseudo_negations = kGermanPseudo,
        .percent = "prozent",
        .fillers = kGermanFillers,
        .fillers_between_pauses = "",
        .question_leads = "und aber also nun ja gut ok okay",
        .open_words = "was wie warum wieso weshalb welche welcher welches welchen wer wo wann",
        .open_words_inside = "was wie warum wieso weshalb",
        .open_requests = kGermanRequests,
        .auxiliaries = "",
        .pronouns = "",
        .abbreviations = "dr prof ca bzw usw hr fr nr",
    },
};

}  // namespace

const Language* FindLanguage(std::string_view tag) {
  const std::string_view primary = tag.substr(0, tag.find('-'));
  const auto found = std::find_if(kLanguages.begin(), kLanguages.end(), [primary](const Language& language) {
    return EqualsIgnoringCase(language.code, primary);
  });
  return found == kLanguages.end() ? nullptr : &*found;
}

bool HasWord(std::string_view list, std::string_view word) {
  if (word.empty()) return false;
  for (size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

}  // namespace finalmile::coaching
