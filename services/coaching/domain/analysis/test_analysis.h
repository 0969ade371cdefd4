#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "services/coaching/domain/analysis/analysis.h"

// Tests of the analysis share these.
namespace finalmile::coaching {

inline Turn Says(Role role, std::string text) {
  Turn turn;
  turn.role = role;
  turn.text = std::move(text);
  return turn;
}

// A track of one message with the cues.
inline AnalysisTrack TrackOf(std::vector<std::string> cues, std::string language = "en") {
  AnalysisTrack track;
  track.language = std::move(language);
  KeyMessage message;
  message.id = "message";
  message.text = "the message";
  message.cues = std::move(cues);
  track.key_messages.push_back(std::move(message));
  return track;
}

inline std::string ToText(const Finding& finding) {
  std::string text = fmt::format("{}:{}-{} \"{}\" by \"{}\" of {}", finding.turn, finding.range.begin,
                                 finding.range.end, finding.words, finding.cue, finding.cue_words);
  for (const Range& range : finding.matched) text += fmt::format(" {}-{}", range.begin, range.end);
  if (finding.fuzzy) text += " fuzzy";
  if (!finding.negated_by.empty()) {
    text += fmt::format(" negated by \"{}\" at {}-{}", finding.negated_by, finding.negated_at.begin,
                        finding.negated_at.end);
  }
  if (finding.in_question) text += " in a question";
  return text + "\n";
}

// Everything that an analysis says, numbers to the last bit.
inline std::string ToText(const Analysis& analysis) {
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.17g}", *value) : std::string("none");
  };
  std::string text;
  for (const MessageFinding& message : analysis.messages) {
    text += fmt::format("{} {}\n", message.id, message.covered ? "covered" : "not covered");
    for (const Finding& mention : message.mentions) text += "  " + ToText(mention);
    if (message.nearest) text += "  nearest " + ToText(*message.nearest);
    for (const std::string& word : message.nearest_lacks) text += "  lacks " + word + "\n";
  }
  for (const Finding& finding : analysis.avoided) text += "avoided " + ToText(finding);
  for (const Finding& finding : analysis.negated_avoided) text += "denied " + ToText(finding);
  for (const Question& question : analysis.questions)
    text += (question.open ? "open question " : "question ") + ToText(question.finding);
  text += fmt::format("coverage {} order {} score {} of {} avoided {} questions {} open {} steps {}\n",
                      number(analysis.coverage), number(analysis.order), number(analysis.score),
                      number(analysis.uncapped_score), analysis.avoided_phrases, analysis.question_count,
                      analysis.open_question_count, analysis.steps);
  if (analysis.delivery) {
    const Delivery& delivery = *analysis.delivery;
    text += fmt::format("share {} by {} pace {} fillers {} monologue {}\n", number(delivery.talk_share),
                        delivery.basis == Delivery::Basis::kTime ? "time" : "words",
                        number(delivery.words_per_minute), number(delivery.fillers_per_100_words),
                        number(delivery.longest_monologue_seconds));
    for (const std::string& note : delivery.notes) text += "note " + note + "\n";
  }
  for (const std::string& note : analysis.notes) text += "note " + note + "\n";
  return text;
}

}  // namespace finalmile::coaching
