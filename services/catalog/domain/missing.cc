#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/domain/merge.h"

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
    if (Trim(text).empty()) Add(field, "is required");
  }
  void NeedNumber(std::string_view field, std::string_view text) {
    if (Trim(text).empty()) {
      Add(field, "is required");
    } else if (!HasNumber(text)) {
      Add(field, "must hold a number");
    }
  }
  void AtMostWords(size_t most) {
    const size_t words = text::CountWords(ToPlainText(asset_.body).text);
    if (words > most) missing_.push_back({"body", fmt::format("at most {} words, not {}", most, words)});
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
    std::set<std::string_view> declared;
    for (const MergeField& field : asset_.merge_fields) declared.insert(field.name);
    for (const std::string& name : found) {
      if (!declared.contains(name))
        missing_.push_back({"merge_fields", fmt::format("{{{{{}}}}} is not declared", name)});
    }
    for (size_t i = 0; i < asset_.merge_fields.size(); ++i) {
      const std::string& name = asset_.merge_fields[i].name;
      if (!used.contains(name)) {
        missing_.push_back({fmt::format("merge_fields[{}]", i),
                            fmt::format("{{{{{}}}}} stands neither in subject nor body", name)});
      }
    }
    for (std::string_view part : {std::string_view(email.subject), std::string_view(asset_.body)}) {
      for (const std::string& wrong : WrongMergeFieldsOf(part)) {
        missing_.push_back(
            {"merge_fields", wrong + " is no merge field: write [a-z][a-z0-9_]* between the braces"});
      }
    }
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
    Need("call_time", letter.call_time);
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
    Need("permission", testimonial.permission);
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
  return checker.Take();
}

}  // namespace finalmile::catalog::domain
