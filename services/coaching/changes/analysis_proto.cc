#include "services/coaching/changes/analysis_proto.h"

#include <string>

namespace finalmile::coaching::changes {
namespace {

void Assign(const Range& from, v1::ByteRange& to) {
  to.set_begin(static_cast<int32_t>(from.begin));
  to.set_end(static_cast<int32_t>(from.end));
}

void Assign(const Finding& from, v1::Finding& to) {
  to.set_turn(static_cast<int32_t>(from.turn));
  Assign(from.range, *to.mutable_range());
  to.set_words(from.words);
  for (const Range& range : from.matched) Assign(range, *to.add_matched());
  to.set_cue(from.cue);
  to.set_cue_words(static_cast<int32_t>(from.cue_words));
  to.set_fuzzy(from.fuzzy);
  to.set_negated_by(from.negated_by);
  if (!from.negated_by.empty()) Assign(from.negated_at, *to.mutable_negated_at());
  to.set_in_question(from.in_question);
}

void Assign(const MessageFinding& from, v1::MessageFinding& to) {
  to.set_message(from.id);
  to.set_covered(from.covered);
  for (const Finding& mention : from.mentions) Assign(mention, *to.add_mentions());
  if (from.nearest) Assign(*from.nearest, *to.mutable_nearest());
  for (const std::string& word : from.nearest_lacks) to.add_nearest_lacks(word);
}

void Assign(const Delivery& from, v1::Delivery& to) {
  if (from.talk_share) to.set_talk_share(*from.talk_share);
  to.set_basis(from.basis == Delivery::Basis::kTime ? v1::Delivery::BASIS_TIME : v1::Delivery::BASIS_WORDS);
  if (from.words_per_minute) to.set_words_per_minute(*from.words_per_minute);
  if (from.fillers_per_100_words) to.set_fillers_per_100_words(*from.fillers_per_100_words);
  if (from.longest_monologue_seconds) to.set_longest_monologue_seconds(*from.longest_monologue_seconds);
  for (const std::string& note : from.notes) to.add_notes(note);
}

Role RoleFrom(v1::Turn::Role role) {
  switch (role) {
    case v1::Turn::ROLE_REP:
      return Role::kRep;
    case v1::Turn::ROLE_GUEST:
      return Role::kGuest;
    default:
      return Role::kOther;
  }
}

v1::Turn::Role RoleTo(Role role) {
  switch (role) {
    case Role::kRep:
      return v1::Turn::ROLE_REP;
    case Role::kGuest:
      return v1::Turn::ROLE_GUEST;
    case Role::kOther:
      break;
  }
  return v1::Turn::ROLE_OTHER;
}

}  // namespace

std::vector<Turn> FromProto(const google::protobuf::RepeatedPtrField<v1::Turn>& turns) {
  std::vector<Turn> result;
  result.reserve(static_cast<size_t>(turns.size()));
  for (const v1::Turn& turn : turns) {
    Turn& to = result.emplace_back();
    to.speaker = turn.speaker();
    to.role = RoleFrom(turn.role());
    to.text = turn.text();
    if (turn.has_start()) to.start = turn.start();
    if (turn.has_end()) to.end = turn.end();
  }
  return result;
}

v1::Turn ToProto(const Turn& turn) {
  v1::Turn to;
  to.set_speaker(turn.speaker);
  to.set_role(RoleTo(turn.role));
  to.set_text(turn.text);
  if (turn.start) to.set_start(*turn.start);
  if (turn.end) to.set_end(*turn.end);
  return to;
}

AnalysisTrack SpokenFromProto(const v1::TalkTrack& track) {
  AnalysisTrack spoken;
  spoken.language = track.language();
  for (const v1::KeyMessage& message : track.key_messages()) {
    spoken.key_messages.push_back({message.id(),
                                   message.text(),
                                   message.weight(),
                                   message.required(),
                                   {message.cues().begin(), message.cues().end()},
                                   message.order()});
  }
  spoken.avoid.assign(track.avoid().begin(), track.avoid().end());
  const v1::Bands& bands = track.bands();
  if (bands.has_max_talk_share()) spoken.bands.max_talk_share = bands.max_talk_share();
  if (bands.has_min_words_per_minute()) spoken.bands.min_words_per_minute = bands.min_words_per_minute();
  if (bands.has_max_words_per_minute()) spoken.bands.max_words_per_minute = bands.max_words_per_minute();
  if (bands.has_max_fillers_per_100_words())
    spoken.bands.max_fillers_per_100_words = bands.max_fillers_per_100_words();
  if (bands.has_max_monologue_seconds()) spoken.bands.max_monologue_seconds = bands.max_monologue_seconds();
  return spoken;
}

void SetSpoken(const AnalysisTrack& spoken, v1::TalkTrack& track) {
  track.set_language(spoken.language);
  for (const KeyMessage& message : spoken.key_messages) {
    v1::KeyMessage& to = *track.add_key_messages();
    to.set_id(message.id);
    to.set_text(message.text);
    to.set_weight(message.weight);
    to.set_required(message.required);
    for (const std::string& cue : message.cues) to.add_cues(cue);
    to.set_order(message.order);
  }
  for (const std::string& phrase : spoken.avoid) track.add_avoid(phrase);
  v1::Bands& bands = *track.mutable_bands();
  bands.set_max_talk_share(spoken.bands.max_talk_share);
  bands.set_min_words_per_minute(spoken.bands.min_words_per_minute);
  bands.set_max_words_per_minute(spoken.bands.max_words_per_minute);
  bands.set_max_fillers_per_100_words(spoken.bands.max_fillers_per_100_words);
  bands.set_max_monologue_seconds(spoken.bands.max_monologue_seconds);
}

v1::Analysis ToProto(const Analysis& analysis) {
  v1::Analysis to;
  for (const MessageFinding& message : analysis.messages) Assign(message, *to.add_messages());
  if (analysis.coverage) to.set_coverage(*analysis.coverage);
  if (analysis.order) to.set_order(*analysis.order);
  for (const Finding& finding : analysis.avoided) Assign(finding, *to.add_avoided());
  for (const Finding& finding : analysis.negated_avoided) Assign(finding, *to.add_negated_avoided());
  to.set_avoided_phrases(static_cast<int32_t>(analysis.avoided_phrases));
  for (const Question& question : analysis.questions) {
    v1::Question& asked = *to.add_questions();
    asked.set_turn(static_cast<int32_t>(question.finding.turn));
    Assign(question.finding.range, *asked.mutable_range());
    asked.set_words(question.finding.words);
    asked.set_open(question.open);
  }
  to.set_question_count(static_cast<int32_t>(analysis.question_count));
  to.set_open_question_count(static_cast<int32_t>(analysis.open_question_count));
  if (analysis.score) to.set_score(*analysis.score);
  if (analysis.uncapped_score) to.set_uncapped_score(*analysis.uncapped_score);
  if (analysis.delivery) Assign(*analysis.delivery, *to.mutable_delivery());
  for (const std::string& note : analysis.notes) to.add_notes(note);
  to.set_analyzer_version(analysis.analyzer_version);
  return to;
}

}  // namespace finalmile::coaching::changes
