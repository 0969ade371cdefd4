#include "services/catalog/domain/life.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/refusal.h"

namespace finalmile::catalog::domain {
namespace {

absl::Status Incomplete(const std::vector<Violation>& missing) {
  if (missing.empty()) return absl::OkStatus();
  std::string text;
  for (const Violation& violation : missing) {
    if (!text.empty()) text += "; ";
    text += ToText(violation);
  }
  return Refuse("ASSET_INCOMPLETE", text);
}

absl::Status CheckReviewer(std::string_view reviewer, std::string_view owner) {
  if (!IsPersonId(reviewer)) {
    return Refuse("REVIEW_MISSING", "name the field reviewer: 1 to 64 characters, no e-mail address");
  }
  if (reviewer == owner) return Refuse("REVIEWER_IS_OWNER", "somebody other than the owner must review it");
  return absl::OkStatus();
}

}  // namespace

void Write(Life& life) {
  ++life.latest_version;
  life.latest = AssetState::kDraft;
  life.reviewer.clear();
  // An asset that was retired before it was ever published begins anew.
  if (life.published_version == 0) life.shelf = AssetState::kUnspecified;
}

absl::Status Submit(Life& life, const std::vector<Violation>& missing) {
  if (life.latest != AssetState::kDraft)
    return Refuse("WRONG_STATE", "only a draft can be submitted for review");
  RETURN_IF_ERROR(Incomplete(missing));
  life.latest = AssetState::kInReview;
  return absl::OkStatus();
}

absl::Status Approve(Life& life, std::string_view reviewer, std::string_view owner) {
  if (life.latest != AssetState::kInReview)
    return Refuse("WRONG_STATE", "submit the newest version for review first");
  RETURN_IF_ERROR(CheckReviewer(reviewer, owner));
  life.reviewer = std::string(reviewer);
  return absl::OkStatus();
}

absl::Status SendBack(Life& life) {
  if (life.latest != AssetState::kInReview)
    return Refuse("WRONG_STATE", "only what is in review can be sent back");
  life.latest = AssetState::kDraft;
  life.reviewer.clear();
  return absl::OkStatus();
}

absl::Status Publish(Life& life, const Publication& publication, std::string_view owner,
                     const std::vector<Violation>& missing, absl::Time now) {
  RETURN_IF_ERROR(Incomplete(missing));
  const std::string& reviewer = publication.reviewer.empty() ? life.reviewer : publication.reviewer;
  if (reviewer.empty()) {
    return Refuse("REVIEW_MISSING",
                  "have the newest version approved by a field reviewer, or name who reviewed it");
  }
  RETURN_IF_ERROR(CheckReviewer(reviewer, owner));
  const absl::Time publish_time = publication.publish_time.value_or(now);
  const absl::Time expire_time = publication.expire_time.value_or(absl::InfiniteFuture());
  if (expire_time <= std::max(publish_time, now)) {
    return Refuse("PUBLISH_WINDOW_EMPTY", "the expire time must be after the publish time and in the future");
  }
  if (publish_time > now && IsLive(life, now)) {
    return Refuse("PUBLISH_WINDOW_GAP",
                  fmt::format("version {} is live; publish when its time has come, or retire it first",
                              life.published_version));
  }
  life.reviewer = reviewer;
  life.latest = AssetState::kPublished;
  life.published_version = life.latest_version;
  life.shelf = AssetState::kPublished;
  life.publish_time = publish_time;
  life.expire_time = expire_time;
  life.review_time = publication.review_time.value_or(now + kReviewEvery);
  life.review_due_emitted = false;
  life.review_overdue_emitted = false;
  return absl::OkStatus();
}

absl::Status Retire(Life& life) {
  if (life.shelf == AssetState::kRetired) return Refuse("WRONG_STATE", "it is retired already");
  life.shelf = AssetState::kRetired;
  return absl::OkStatus();
}

bool IsLive(const Life& life, absl::Time now) {
  return life.shelf == AssetState::kPublished && life.publish_time <= now && now < life.expire_time;
}

bool RepsMayRead(AssetState state, bool published, absl::Time publish_time, absl::Time now) {
  return state == AssetState::kInReview || (published && publish_time <= now);
}

std::vector<Due> Visit(Life& life, absl::Time now) {
  std::vector<Due> due;
  if (life.shelf != AssetState::kPublished) return due;
  if (!life.review_due_emitted && life.review_time <= std::min(now, life.expire_time)) {
    life.review_due_emitted = true;
    due.push_back(Due::kReviewDue);
  }
  if (!life.review_overdue_emitted && life.review_time + kReviewGrace <= std::min(now, life.expire_time)) {
    life.review_overdue_emitted = true;
    due.push_back(Due::kReviewOverdue);
  }
  if (life.expire_time <= now) {
    life.shelf = AssetState::kExpired;
    due.push_back(Due::kExpired);
  }
  return due;
}

absl::Time NextDue(const Life& life) {
  if (life.shelf != AssetState::kPublished) return absl::InfiniteFuture();
  if (!life.review_due_emitted) return std::min(life.expire_time, life.review_time);
  if (!life.review_overdue_emitted) return std::min(life.expire_time, life.review_time + kReviewGrace);
  return life.expire_time;
}

AssetState StateOf(const Life& life, int64_t version) {
  if (version == life.latest_version && life.latest != AssetState::kPublished) {
    const bool retired = life.shelf == AssetState::kRetired && life.published_version == 0;
    return retired ? AssetState::kRetired : life.latest;
  }
  if (version == life.published_version) return life.shelf;
  return AssetState::kRetired;
}

}  // namespace finalmile::catalog::domain
