#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/answers.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/domain/merge.h"
#include "services/catalog/domain/placeholders.h"

namespace finalmile::catalog::domain {
namespace {

bool HasNumber(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One asset's missing fields; paths are below its details.
class Checker {
 public:
  explicit Checker(const Asset& asset) : asset_(asset) {}

  void Add(std::string_view field, std::string description) {
    missing_.push_back({fmt::format("{}.{}", DetailsName(asset_.details), field), std::move(description)});
  }
  void Need(std::string_view field, std::string_view text) {
    if (Trim(text).empty()) {
      Add(field, "is required");
    } else if (SaysNothing(text)) {
      Add(field, fmt::format("is required, and '{}' says nothing", Trim(text)));
    }
  }
  void NeedNumber(std::string_view field, std::string_view text) {
    if (SaysNothing(text)) {
      Need(field, text);
    } else if (!HasNumber(text)) {
      Add(field, "must hold a number");
    }
  }
  void AtMostWords(size_t most) {
    const size_t words = text::CountWords(ToPlainText(asset_.body).text);
    if (words > most) missing_.push_back({"body", fmt::format("at most {} words, not {}", most, words)});
  }

  // It holds for every kind.
  void Declared() {
    std::set<std::string_view> declared;
    for (const MergeField& field : asset_.merge_fields) declared.insert(field.name);
    for (const std::string& name : MergeFieldsOf(asset_)) {
      if (declared.contains(name)) continue;
      missing_.push_back(
          {"merge_fields",
           fmt::format("{{{{{0}}}}} is not declared; where it is no field, write it as code, `{{{{{0}}}}}`",
                       name)});
    }
  }

  // It holds for what goes to a customer as it is.
  void NoPlaceholders(std::string_view field, std::string_view text, PlaceholdersOf kind) {
    for (const std::string& placeholder : ForeignPlaceholders(text, kind)) {
      missing_.push_back(
          {std::string(field),
           fmt::format("{} is a placeholder of another tool and is not filled; write {{{{name}}}}",
                       placeholder)});
    }
  }

  void operator()(const std::monostate&) {}

  void operator()(const BattleCard& card) {
    Need("competitor", card.competitor);
    const bool answered =
        std::any_of(card.claims.begin(), card.claims.end(), [](const BattleCard::Claim& claim) {
          return !Trim(claim.claim).empty() && !Trim(claim.answer).empty();
        });
    if (!answered) Add("claims", "at least one claim of theirs with our answer is required");
  }

  void operator()(const EmailTemplate& email) {
    Need("subject", email.subject);
    const std::vector<std::string> found = MergeFieldsOf(asset_);
    const std::set<std::string_view> used(found.begin(), found.end());
    for (size_t i = 0; i < asset_.merge_fields.size(); ++i) {
      const std::string& name = asset_.merge_fields[i].name;
      if (!used.contains(name)) {
        missing_.push_back({fmt::format("merge_fields[{}]", i),
                            fmt::format("{{{{{}}}}} stands neither in subject nor body", name)});
      }
    }
    NoPlaceholders("email_template.subject", email.subject, PlaceholdersOf::kLine);
    NoPlaceholders("body", asset_.body, PlaceholdersOf::kBody);
  }

  void operator()(const PhoneScript& script) {
    Need("opening", script.opening);
    if (std::all_of(script.questions.begin(), script.questions.end(),
                    [](const std::string& question) { return Trim(question).empty(); })) {
      Add("questions", "at least one question is required");
    }
    const bool answered = std::any_of(
        script.objections.begin(), script.objections.end(), [](const PhoneScript::Objection& objection) {
          return !Trim(objection.objection).empty() && !Trim(objection.answer).empty();
        });
    if (!answered) Add("objections", "at least one objection with its answer is required");
  }

  void operator()(const VoicemailScript& script) {
    Need("call_back_line", script.call_back_line);
    AtMostWords(kMaxVoicemailWords);
  }

  void operator()(const VitoLetter& letter) {
    NeedNumber("benefit", letter.benefit);
    if (SaysNothing(letter.call_time)) {
      Need("call_time", letter.call_time);
    } else if (MergeFieldsOf(letter.call_time).empty() && !SaysWhen(letter.call_time)) {
      Add("call_time", "must say the day and the time, such as Tuesday, 10:00, or be a merge field");
    }
    NoPlaceholders("body", asset_.body, PlaceholdersOf::kBody);
    AtMostWords(kMaxLetterWords);
  }

  void operator()(const Collateral& collateral) {
    Need("product", collateral.product);
    if (Trim(collateral.link).empty()) {
      Add("link", "is required");
    } else if (!IsLink(collateral.link)) {
      Add("link", "must begin with http:// or https:// and name a host");
    }
  }

  void operator()(const CaseStudy& study) {
    Need("customer", study.customer);
    Need("industry", study.industry);
    Need("before", study.before);
    Need("after", study.after);
    NeedNumber("result", study.result);
  }

  void operator()(const Testimonial& testimonial) {
    Need("quote", testimonial.quote);
    Need("speaker_role", testimonial.speaker_role);
    if (SaysNothing(testimonial.permission)) {
      Need("permission", testimonial.permission);
    } else if (!SaysPermitted(testimonial.permission)) {
      Add("permission", "must say who permitted quoting, and when, such as contract 4711, 2026-02-01");
    }
  }

  void operator()(const AttackPack& pack) {
    Need("competitor", pack.competitor);
    Need("audience", pack.audience);
    if (pack.steps.empty()) Add("steps", "at least one step is required");
    for (size_t i = 0; i < pack.steps.size(); ++i) {
      Need(fmt::format("steps[{}].text", i), pack.steps[i].text);
      if (pack.steps[i].assets.empty()) Add(fmt::format("steps[{}].assets", i), "names no asset");
    }
  }

  void operator()(const MessageTraining& training) {
    Need("audience", training.audience);
    if (std::all_of(training.messages.begin(), training.messages.end(),
                    [](const std::string& message) { return Trim(message).empty(); })) {
      Add("messages", "at least one message is required");
    }
  }

  void operator()(const TalkTrackSource& source) { Need("situation", source.situation); }

  // They are stored with the version and shown in lists.
  std::vector<Violation> Take() {
    if (missing_.size() > kMaxMissing) {
      const size_t more = missing_.size() - kMaxMissing;
      missing_.resize(kMaxMissing);
      missing_.push_back({std::string(DetailsName(asset_.details)), fmt::format("and {} more", more)});
    }
    return std::move(missing_);
  }

 private:
  static bool IsLink(std::string_view link) {
    link = Trim(link);
    for (const std::string_view scheme : {std::string_view("https://"), std::string_view("http://")}) {
      if (link.starts_with(scheme)) {
        return link.size() > scheme.size() && link[scheme.size()] != '/' &&
               link.find_first_of(" \t\r\n") == std::string_view::npos;
      }
    }
    return false;
  }

  const Asset& asset_;
  std::vector<Violation> missing_;
};

}  // namespace

std::vector<Violation> Missing(const Asset& asset) {
  Checker checker(asset);
  std::visit(checker, asset.details);
  checker.Declared();
  return checker.Take();
}

}  // namespace finalmile::catalog::domain
