#include "services/coaching/domain/analysis/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "libs/text/words.h"
#include "services/coaching/domain/analysis/delivery.h"
#include "services/coaching/domain/analysis/matcher.h"
#include "services/coaching/domain/analysis/negation.h"
#include "services/coaching/domain/analysis/pattern.h"
#include "services/coaching/domain/analysis/questions.h"

namespace finalmile::coaching {
namespace {

// A cue or phrase, and what is looked for.
struct Wording {
  std::string_view text;
  Pattern pattern;
};

// A match of one of several wordings.
struct Mention {
  Match match;
  size_t wording = 0;
  std::optional<uint32_t> negator;
};

// The order of mentions: the earliest, then the shortest, then one without a fuzzy word.
bool Earlier(const Mention& a, const Mention& b) {
  return std::tuple(a.match.first, a.match.last, a.negator.has_value(), a.match.fuzzy, a.wording) <
         std::tuple(b.match.first, b.match.last, b.negator.has_value(), b.match.fuzzy, b.wording);
}

class Analyzer {
 public:
  // `speech` holds the rep's turns.
  Analyzer(const AnalysisTrack& track, std::span<const Turn> turns, Speech& speech)
      : track_(track), turns_(turns), speech_(speech), matcher_(speech, steps_) {}

  absl::StatusOr<Analysis> Run() {
    FindMessages();
    FindAvoided();
    FindQuestions();
    Score();
    analysis_.delivery = DeliveryOf(track_.bands, turns_, speech_);
    Note();
    analysis_.steps = steps_.taken();
    if (steps_.left()) return std::move(analysis_);
    return absl::ResourceExhaustedError(
        "the words of the cues are repeated too often to analyse this; give fewer and shorter cues, or a "
        "part of the transcript");
  }

 private:
  std::vector<Wording> WordingsOf(const KeyMessage& message) {
    std::vector<Wording> wordings;
    for (const std::string& cue : message.cues) wordings.push_back({cue, CuePattern(cue, speech_)});
    if (message.cues.empty()) wordings.push_back({message.text, CuePattern(message.text, speech_)});
    return wordings;
  }

  std::vector<Mention> MentionsOf(const std::vector<Wording>& wordings) {
    std::vector<Mention> mentions;
    for (size_t i = 0; i < wordings.size(); ++i) {
      const Pattern& pattern = wordings[i].pattern;
      for (const Match& match : matcher_.Find(pattern)) {
        mentions.push_back(
            {match, i, pattern.negates ? std::nullopt : NegatorOf(speech_, match.first, match.last)});
      }
    }
    std::sort(mentions.begin(), mentions.end(), &Earlier);
    const auto same = [](const Mention& a, const Mention& b) {
      return a.match.first == b.match.first && a.match.last == b.match.last;
    };
    mentions.erase(std::unique(mentions.begin(), mentions.end(), same), mentions.end());
    return mentions;
  }

  void FindMessages() {
    for (const KeyMessage& message : track_.key_messages) {
      const std::vector<Wording> wordings = WordingsOf(message);
      std::vector<Mention> mentions = MentionsOf(wordings);
      std::stable_partition(mentions.begin(), mentions.end(),
                            [](const Mention& mention) { return !mention.negator; });
      MessageFinding found;
      found.id = message.id;
      found.covered = !mentions.empty() && !mentions[0].negator;
      first_mentions_.push_back(found.covered ? std::optional(mentions[0].match.first) : std::nullopt);
      if (mentions.size() > kMaxMentions) mentions.resize(kMaxMentions);
      for (const Mention& mention : mentions)
        found.mentions.push_back(FindingOf(wordings[mention.wording], mention));
      if (mentions.empty()) FindNearest(wordings, found);
      analysis_.messages.push_back(std::move(found));
    }
  }

  void FindNearest(const std::vector<Wording>& wordings, MessageFinding& found) {
    std::optional<Match> best;
    Wording nearest;
    for (const Wording& wording : wordings) {
      const Pattern near = NearPattern(wording.pattern);
      const size_t words = near.words.size();
      for (const Match& match : matcher_.Find(near)) {
        // The share of the cue's words that is there, crosswise.
        const size_t share = match.words * (best ? nearest.pattern.words.size() : 0);
        const size_t best_share = best ? best->words * words : 0;
        if (best && (share < best_share || (share == best_share && match.first >= best->first))) continue;
        best = match;
        nearest = {wording.text, near};
      }
    }
    if (!best) return;
    found.nearest = FindingOf(nearest, {*best, 0, std::nullopt});
    std::vector<bool> there(nearest.pattern.words.size());
    for (const MatchedWord& word : matcher_.WordsOf(nearest.pattern, *best)) there[word.word] = true;
    for (size_t i = 0; i < there.size(); ++i) {
      if (!there[i]) found.nearest_lacks.push_back(speech_.words()[nearest.pattern.words[i]].text);
    }
  }

  void FindAvoided() {
    std::vector<Wording> wordings;
    for (const std::string& phrase : track_.avoid)
      wordings.push_back({phrase, ExactPattern(phrase, speech_)});
    std::vector<bool> said(wordings.size());
    for (const Mention& mention : MentionsOf(wordings)) {
      if (!mention.negator) said[mention.wording] = true;
      std::vector<Finding>& list = mention.negator ? analysis_.negated_avoided : analysis_.avoided;
      if (list.size() < kMaxFindings) list.push_back(FindingOf(wordings[mention.wording], mention));
    }
    analysis_.avoided_phrases = static_cast<size_t>(std::count(said.begin(), said.end(), true));
  }

  void FindQuestions() {
    for (const Sentence& sentence : speech_.sentences()) {
      const Asking asking = AskingOf(speech_, sentence);
      if (asking == Asking::kNot) continue;
      const bool open = asking == Asking::kOpen;
      ++analysis_.question_count;
      if (open) ++analysis_.open_question_count;
      if (analysis_.questions.size() < kMaxFindings)
        analysis_.questions.push_back({Place(sentence.first, sentence.last - 1), open});
    }
  }

  void Score() {
    if (track_.key_messages.empty()) return;
    double weights = 0;
    double covered = 0;
    bool held = false;
    for (size_t i = 0; i < track_.key_messages.size(); ++i) {
      const KeyMessage& message = track_.key_messages[i];
      const bool there = analysis_.messages[i].covered;
      weights += message.weight;
      if (there) covered += message.weight;
      held = held || (message.required && !there);
    }
    analysis_.coverage = covered / weights;
    analysis_.uncapped_score = ScoreOf(*analysis_.coverage, analysis_.avoided_phrases);
    analysis_.score =
        held ? std::min(*analysis_.uncapped_score, kMaxScoreWithoutRequired) : *analysis_.uncapped_score;
    analysis_.order = Order();
  }

  std::optional<double> Order() const {
    size_t pairs = 0;
    size_t in_order = 0;
    const auto& messages = track_.key_messages;
    for (size_t i = 0; i < messages.size(); ++i) {
      for (size_t j = 0; j < messages.size(); ++j) {
        const bool pair = messages[i].order > 0 && messages[i].order < messages[j].order &&
                          first_mentions_[i] && first_mentions_[j];
        if (!pair) continue;
        ++pairs;
        if (*first_mentions_[i] <= *first_mentions_[j]) ++in_order;
      }
    }
    if (pairs == 0) return std::nullopt;
    return static_cast<double>(in_order) / static_cast<double>(pairs);
  }

  void Note() {
    if (!speech_.has_stems())
      analysis_.notes.push_back(
          fmt::format("stems are not known in {}: words count as they are written", track_.language));
    if (speech_.language() == nullptr) {
      analysis_.notes.push_back(
          fmt::format("negation is not known in {}: what was denied counts as said", track_.language));
      analysis_.notes.push_back(
          fmt::format("fillers and open questions are not known in {}", track_.language));
    }
  }

  // Tokens [`first`, `last`], both counted.
  Finding Place(uint32_t first, uint32_t last) const {
    const Sentence& sentence = speech_.sentences()[speech_.tokens()[first].sentence];
    Finding finding;
    finding.turn = sentence.turn;
    finding.range = {speech_.tokens()[first].range.begin, speech_.tokens()[last].range.end};
    finding.words = Words(sentence.turn, finding.range);
    finding.in_question = sentence.question;
    return finding;
  }

  Finding FindingOf(const Wording& wording, const Mention& mention) {
    Finding finding = Place(mention.match.first, mention.match.last);
    for (const MatchedWord& word : matcher_.WordsOf(wording.pattern, mention.match))
      finding.matched.push_back(speech_.tokens()[word.token].range);
    finding.cue = wording.text;
    finding.cue_words = wording.pattern.words.size();
    finding.fuzzy = mention.match.fuzzy;
    if (mention.negator) {
      finding.negated_at = speech_.tokens()[*mention.negator].range;
      finding.negated_by = Words(finding.turn, finding.negated_at);
    }
    return finding;
  }

  std::string Words(size_t turn, Range range) const {
    const std::string_view words =
        std::string_view(turns_[turn].text).substr(range.begin, range.end - range.begin);
    return std::string(words.substr(0, words.size() <= kMaxFindingBytes ? words.size() : Cut(words)));
  }

  static size_t Cut(std::string_view words) {
    size_t end = 0;
    for (size_t next = 0; next <= kMaxFindingBytes; next += text::CharacterBytes(words, next)) end = next;
    return end;
  }

  const AnalysisTrack& track_;
  const std::span<const Turn> turns_;
  Speech& speech_;
  Steps steps_{kMaxSteps};
  Matcher matcher_;
  // The tokens at which the first mentions that cover the messages begin.
  std::vector<std::optional<uint32_t>> first_mentions_;
  Analysis analysis_;
};

}  // namespace

absl::StatusOr<Analysis> Analyze(const AnalysisTrack& track, std::span<const Turn> turns) {
  Speech speech(track.language);
  for (size_t turn = 0; turn < turns.size(); ++turn) {
    if (turns[turn].role == Role::kRep) speech.Add(turns[turn].text, turn);
  }
  return Analyzer(track, turns, speech).Run();
}

absl::StatusOr<Analysis> AnalyzeWritten(const AnalysisTrack& track, std::string_view written) {
  Turn turn;
  turn.role = Role::kRep;
  turn.text = written;
  absl::StatusOr<Analysis> analysis = Analyze(track, {&turn, 1});
  if (analysis.ok()) analysis->delivery.reset();
  return analysis;
}

double ScoreOf(double coverage, size_t avoided_phrases) {
  return 1 + 9 * std::max(0.0, coverage - .1 * static_cast<double>(avoided_phrases));
}

}  // namespace finalmile::coaching
