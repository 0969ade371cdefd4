#include "services/coaching/domain/tracks/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "services/coaching/domain/analysis/track.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(1);

Example Staged() {
  return {"First call",
          Provenance::kStaged,
          "",
          absl::InfiniteFuture(),
          {{"Kim", Role::kRep, "How many trucks?", {}, {}}, {"Ana", Role::kGuest, "Forty.", {}, {}}},
          ""};
}
std::vector<std::string> Wrong(const std::function<void(Example&)>& change) {
  Example example = Staged();
  change(example);
  Normalise(example);
  std::vector<std::string> fields;
  for (const Violation& violation : Validate(example, kNow)) fields.push_back(violation.field);
  return fields;
}
void Consent(Example& example) {
  example.provenance = Provenance::kConsented;
  example.consent_reference = "contract 4711";
  example.expire_time = kNow + absl::Microseconds(1);
}

TEST(Example, AStagedOneNeedsNoConsent) {
  EXPECT_THAT(Wrong([](Example&) {}), IsEmpty());
  EXPECT_THAT(Wrong([](Example& example) { example.consent_reference = "x"; }),
              ElementsAre("consent_reference"));
}

TEST(Example, AConsentedOneSaysWhereTheConsentIsAndWhenItEnds) {
  EXPECT_THAT(Wrong(Consent), IsEmpty());
  EXPECT_THAT(Wrong([](Example& example) { example.provenance = Provenance::kConsented; }),
              ElementsAre("consent_reference", "expire_time"));
  EXPECT_THAT(Wrong([](Example& example) { example.provenance = Provenance::kUnspecified; }),
              ElementsAre("provenance"));
}

TEST(Example, ItEndsInTheFuture) {
  const auto at = [](absl::Duration after) {
    return Wrong([&](Example& example) { example.expire_time = kNow + after; });
  };
  EXPECT_THAT(at(absl::Microseconds(-1)), ElementsAre("expire_time"));
  EXPECT_THAT(at(absl::ZeroDuration()), ElementsAre("expire_time"));
  EXPECT_THAT(at(absl::Microseconds(1)), IsEmpty());
}

TEST(Example, ItHasTwoSpeakers) {
  EXPECT_THAT(Wrong([](Example& example) { example.turns[1].speaker = " Kim"; }), ElementsAre("turns"));
  EXPECT_THAT(Wrong([](Example& example) { example.turns.clear(); }), ElementsAre("turns"));
  EXPECT_THAT(Wrong([](Example& example) { example.turns[0].role = Role::kGuest; }), ElementsAre("turns"))
      << "nobody tells the track";
}

TEST(Example, LimitsOfTexts) {
  struct Case {
    const char* field;
    size_t most;
    std::function<void(Example&, std::string)> set;
  };
  for (const Case& one :
       {Case{"title", 200, [](Example&example, std::string text) { example.title = text; }},
        Case{"audio_uri", 2'000,
             [](Example&example, std::string text) { example.audio_uri = "https://" + text.substr(8); }},
        Case{"turns[1].speaker", 200,
             [](Example&example, std::string text) { example.turns[1].speaker = text; }},
        Case{"consent_reference", 200, [](Example&example, std::string text) {
               Consent(example);
               example.consent_reference = text;
             }}}) {
    const auto with = [&](size_t characters) {
      return Wrong([&](Example& example) { one.set(example, std::string(characters, 'x')); });
    };
    EXPECT_THAT(with(one.most - 1), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most), IsEmpty()) << one.field;
    EXPECT_THAT(with(one.most + 1), ElementsAre(one.field));
  }
  EXPECT_THAT(Wrong([](Example& example) { example.title = " "; }), ElementsAre("title"));
  EXPECT_THAT(Wrong([](Example& example) { example.audio_uri = "ftp://x"; }), ElementsAre("audio_uri"));
}

TEST(Example, LimitsOfTurns) {
  const auto with = [](size_t turns, size_t bytes) {
    return Wrong([&](Example& example) {
      while (example.turns.size() < turns) example.turns.push_back({"Ana", Role::kGuest, "", {}, {}});
      size_t said = 0;
      for (const Turn& turn : example.turns) said += turn.text.size();
      example.turns[1].text += std::string(bytes - said, 'x');
    });
  };
  EXPECT_THAT(with(kMaxTurns - 1, 100), IsEmpty());
  EXPECT_THAT(with(kMaxTurns, 100), IsEmpty());
  EXPECT_THAT(with(kMaxTurns + 1, 100), ElementsAre("turns"));
  EXPECT_THAT(with(2, kMaxTranscriptBytes - 1), IsEmpty());
  EXPECT_THAT(with(2, kMaxTranscriptBytes), IsEmpty());
  EXPECT_THAT(with(2, kMaxTranscriptBytes + 1), ElementsAre("turns"));
}

}  // namespace
}  // namespace finalmile::coaching
