#include "services/catalog/assets/kind_details.h"

namespace finalmile::catalog::assets {
namespace {

void Set(const domain::BattleCard& from, v1::Asset& asset) {
  v1::BattleCard& to = *asset.mutable_battle_card();
  to.set_competitor(from.competitor);
  for (const auto& claim : from.claims) {
    v1::BattleCard::Claim& into = *to.add_claims();
    into.set_claim(claim.claim);
    into.set_answer(claim.answer);
  }
}

void Set(const domain::EmailTemplate& from, v1::Asset& asset) {
  asset.mutable_email_template()->set_subject(from.subject);
}

void Set(const domain::PhoneScript& from, v1::Asset& asset) {
  v1::PhoneScript& to = *asset.mutable_phone_script();
  to.set_opening(from.opening);
  Assign(from.questions, *to.mutable_questions());
  for (const auto& objection : from.objections) {
    v1::PhoneScript::Objection& into = *to.add_objections();
    into.set_objection(objection.objection);
    into.set_answer(objection.answer);
  }
}

void Set(const domain::VoicemailScript& from, v1::Asset& asset) {
  asset.mutable_voicemail_script()->set_call_back_line(from.call_back_line);
}

void Set(const domain::VitoLetter& from, v1::Asset& asset) {
  v1::VitoLetter& to = *asset.mutable_vito_letter();
  to.set_benefit(from.benefit);
  to.set_call_time(from.call_time);
}

void Set(const domain::Collateral& from, v1::Asset& asset) {
  v1::Collateral& to = *asset.mutable_collateral();
  to.set_product(from.product);
  to.set_link(from.link);
}

void Set(const domain::CaseStudy& from, v1::Asset& asset) {
  v1::CaseStudy& to = *asset.mutable_case_study();
  to.set_customer(from.customer);
  to.set_industry(from.industry);
  to.set_before(from.before);
  to.set_after(from.after);
  to.set_result(from.result);
}

void Set(const domain::Testimonial& from, v1::Asset& asset) {
  v1::Testimonial& to = *asset.mutable_testimonial();
  to.set_quote(from.quote);
  to.set_speaker_role(from.speaker_role);
  to.set_permission(from.permission);
}

void Set(const domain::AttackPack& from, v1::Asset& asset) {
  v1::AttackPack& to = *asset.mutable_attack_pack();
  to.set_competitor(from.competitor);
  to.set_audience(from.audience);
  for (const auto& step : from.steps) {
    v1::AttackPack::Step& into = *to.add_steps();
    into.set_text(step.text);
    Assign(step.assets, *into.mutable_assets());
  }
}

void Set(const domain::MessageTraining& from, v1::Asset& asset) {
  v1::MessageTraining& to = *asset.mutable_message_training();
  to.set_audience(from.audience);
  Assign(from.messages, *to.mutable_messages());
}

void Set(const domain::TalkTrackSource& from, v1::Asset& asset) {
  asset.mutable_talk_track_source()->set_situation(from.situation);
}

void Set(std::monostate, v1::Asset& asset) { asset.clear_details(); }

domain::BattleCard From(const v1::BattleCard& from) {
  domain::BattleCard to{from.competitor(), {}};
  for (const auto& claim : from.claims()) to.claims.push_back({claim.claim(), claim.answer()});
  return to;
}

domain::PhoneScript From(const v1::PhoneScript& from) {
  domain::PhoneScript to{from.opening(), Strings(from.questions()), {}};
  for (const auto& objection : from.objections()) {
    to.objections.push_back({objection.objection(), objection.answer()});
  }
  return to;
}

domain::AttackPack From(const v1::AttackPack& from) {
  domain::AttackPack to{from.competitor(), from.audience(), {}};
  for (const auto& step : from.steps()) to.steps.push_back({step.text(), Strings(step.assets())});
  return to;
}

}  // namespace

domain::Details DetailsFrom(const v1::Asset& asset) {
  switch (asset.details_case()) {
    case v1::Asset::kBattleCard:
      return From(asset.battle_card());
    case v1::Asset::kEmailTemplate:
      return domain::EmailTemplate{asset.email_template().subject()};
    case v1::Asset::kPhoneScript:
      return From(asset.phone_script());
    case v1::Asset::kVoicemailScript:
      return domain::VoicemailScript{asset.voicemail_script().call_back_line()};
    case v1::Asset::kVitoLetter:
      return domain::VitoLetter{asset.vito_letter().benefit(), asset.vito_letter().call_time()};
    case v1::Asset::kCollateral:
      return domain::Collateral{asset.collateral().product(), asset.collateral().link()};
    case v1::Asset::kCaseStudy: {
      const v1::CaseStudy& from = asset.case_study();
      return domain::CaseStudy{from.customer(), from.industry(), from.before(), from.after(), from.result()};
    }
    case v1::Asset::kTestimonial: {
      const v1::Testimonial& from = asset.testimonial();
      return domain::Testimonial{from.quote(), from.speaker_role(), from.permission()};
    }
    case v1::Asset::kAttackPack:
      return From(asset.attack_pack());
    case v1::Asset::kMessageTraining:
      return domain::MessageTraining{asset.message_training().audience(),
                                     Strings(asset.message_training().messages())};
    case v1::Asset::kTalkTrackSource:
      return domain::TalkTrackSource{asset.talk_track_source().situation()};
    case v1::Asset::DETAILS_NOT_SET:
      break;
  }
  return std::monostate();
}

void SetDetails(const domain::Details& details, v1::Asset& asset) {
  std::visit([&](const auto& of) { Set(of, asset); }, details);
}

}  // namespace finalmile::catalog::assets
