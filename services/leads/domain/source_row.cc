#include "services/leads/domain/source_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/text.h"
#include "services/leads/domain/lead_rules.h"

namespace finalmile::leads::domain {
namespace {

std::string PermissionPath(const Permission& permission) {
  return fmt::format("permissions.{}.{}", static_cast<int>(permission.channel), permission.purpose);
}

bool IsIn(const std::vector<uint64_t>& digests, uint64_t digest) {
  return std::find(digests.begin(), digests.end(), digest) != digests.end();
}

class Taking {
 public:
  Taking(const ImportPlan& plan, const RowRules& rules, std::string_view identity, const ImportedLead& row,
         const Lead& current, SourceRow last, std::span<const SourceRow* const> others)
      : plan_(plan),
        rules_(rules),
        identity_(identity),
        row_(row),
        others_(others),
        given_(FactsOf(row.lead)),
        current_(FactsOf(current)) {
    taken_.row = std::move(last);
    taken_.lead = current;
  }

  TakenRow Run() {
    taken_.repeated = source().import == rules_.import;
    if (!taken_.repeated) Begin();
    const uint64_t digest = Digest();
    const bool same = taken_.repeated && digest == source().digest;
    if (taken_.repeated) source().repeats = true;
    // An interior row of the file that was imported before has had its effect.
    const bool replaced = IsIn(source().replaced_before, digest);
    if (!same && !replaced) {
      ExternalIds();
      for (const FactColumn& column : plan_.facts()) {
        if (!Unread(column.column)) Fact(column.path);
      }
      Permissions();
    }
    if (!same || !plan_.dates_rows()) Activities();
    // The same words with another date, and nothing else that is new.
    if (plan_.dates_rows() && digest != source().digest && !taken_.ChangesLead() && taken_.activities.empty())
      taken_.known_activities = known_words_;
    if (taken_.repeated && !same && source().replaced.size() < SourceRow::kMaxReplaced)
      source().replaced.push_back(source().digest);
    source().digest = digest;
    return std::move(taken_);
  }

 private:
  SourceRow& source() { return taken_.row; }
  bool Unread(const std::string& column) const {
    return std::any_of(row_.unread.begin(), row_.unread.end(),
                       [&](const Reject& cell) { return cell.column == column; });
  }

  // The first row of the identity in this import.
  void Begin() {
    SourceRow& row = source();
    row.import = rules_.import;
    row.taken_before = row.taken;
    row.told.clear();
    row.replaced_before = std::exchange(row.replaced, {});
    row.repeated_before = std::exchange(row.repeats, false);
  }

  // A digest of what the row says. Times count where the row has them.
  uint64_t Digest() const {
    std::string text;
    for (const auto& [path, value] : given_) text += fmt::format("{}={}\x1f", path, FactText(path, &value));
    for (const Permission& permission : row_.lead.permissions)
      text += fmt::format("{}={}\x1f", PermissionPath(permission), Word(permission));
    for (const ImportedActivity& activity : row_.activities) {
      text += fmt::format("{}={}@{}\x1f", activity.key, activity.total,
                          plan_.dates_rows() ? ToMicros(activity.event_time) : 0);
    }
    return StableHash(text, 3) >> 1;
  }

  void ExternalIds() {
    for (const ExternalId& id : row_.lead.external_ids) {
      auto& ids = taken_.lead.external_ids;
      const auto same = [&](const ExternalId& one) { return one.source == id.source; };
      if (std::none_of(ids.begin(), ids.end(), same)) ids.push_back(id);
    }
  }

  void Fact(const std::string& path) {
    const AttributeValue* said = FactAt(source().said, path);
    const AttributeValue* given = FactAt(given_, path);
    const AttributeValue* current = FactAt(current_, path);
    if (SameFact(said, given)) return;
    if (!SameFact(given, current)) {
      const bool from_a_source = SameFact(said, current) || SaidByOthers(path, current);
      if (given == nullptr && SaidByOthers(path, current)) {
        // Another source still says it.
      } else if (current == nullptr || from_a_source || rules_.prefer_source) {
        taken_.changes.push_back({path, Copy(current), Copy(given)});
        SetFact(taken_.lead, path, given);
      } else {
        taken_.conflicts.push_back({path, FactText(path, current), FactText(path, given)});
        return;
      }
    }
    if (given == nullptr) {
      source().said.erase(path);
    } else {
      source().said[path] = *given;
    }
  }

  bool SaidByOthers(const std::string& path, const AttributeValue* current) const {
    return current != nullptr && std::any_of(others_.begin(), others_.end(), [&](const SourceRow* other) {
             return SameFact(FactAt(other->said, path), current);
           });
  }
  static std::optional<AttributeValue> Copy(const AttributeValue* value) {
    return value == nullptr ? std::nullopt : std::optional(*value);
  }

  bool Dated(const Permission& permission) const { return permission.time != rules_.start_time; }
  // What the source says about a permission, as it is kept.
  std::string Word(const Permission& permission) const {
    return fmt::format("{} {}", static_cast<int>(permission.state),
                       Dated(permission) ? ToMicros(permission.time) : 0);
  }

  void Permissions() {
    const auto& words = row_.lead.permissions;
    for (const Permission& column : plan_.permissions()) {
      const bool spoken = std::any_of(words.begin(), words.end(), [&](const Permission& word) {
        return PermissionPath(word) == PermissionPath(column);
      });
      if (!spoken && !Unread(plan_.ColumnOf(column))) Silence(PermissionPath(column));
    }
    for (const Permission& word : words) {
      const std::string path = PermissionPath(word);
      const AttributeValue value = Word(word);
      if (SameFact(FactAt(source().said, path), &value)) continue;
      source().said[path] = value;
      Apply(word);
    }
  }

  // The source says nothing of a permission any more: what it allowed is not known, what it denied stands.
  void Silence(const std::string& path) {
    if (source().said.erase(path) == 0) return;
    std::vector<Permission>& permissions = taken_.lead.permissions;
    const auto own = std::find_if(permissions.begin(), permissions.end(), [&](const Permission& p) {
      return PermissionPath(p) == path && p.source == plan_.source() && p.state == PermissionState::kAllowed;
    });
    if (own == permissions.end()) return;
    if (!taken_.permissions_before) taken_.permissions_before = permissions;
    permissions.erase(own);
  }

  void Apply(const Permission& word) {
    std::vector<Permission>& permissions = taken_.lead.permissions;
    const auto same = std::find_if(permissions.begin(), permissions.end(), [&](const Permission& p) {
      return p.channel == word.channel && p.purpose == word.purpose;
    });
    if (same != permissions.end() && same->state == word.state &&
        (word.state == PermissionState::kAllowed || word.time <= same->time)) {
      return;
    }
    if (same != permissions.end() && !MayReplace(*same, word, Dated(word))) {
      taken_.kept_denials += same->state == PermissionState::kDenied;
      return;
    }
    if (!taken_.permissions_before) taken_.permissions_before = permissions;
    if (same == permissions.end()) {
      permissions.push_back(word);
    } else {
      *same = word;
    }
  }

  bool IsEvent() const { return plan_.log() || taken_.row.repeats || taken_.row.repeated_before; }

  void Activities() {
    const bool dated_event = IsEvent() && plan_.dates_rows();
    for (const ImportedActivity& activity : row_.activities) {
      const double told_before = std::exchange(Told(activity.key), Told(activity.key) + activity.total);
      if (dated_event) {
        Add(activity, activity.total, activity.total);
        double& taken = source().taken[activity.key];
        taken = std::max(taken, Told(activity.key));
      } else {
        Grow(activity, told_before);
      }
    }
    // A word that the cell ceased to hold counts again when it comes back. A cell that is not read may hold
    // it.
    if (!IsEvent() && row_.unread.empty()) {
      std::erase_if(source().taken,
                    [&](const auto& entry) { return IsWord(entry.first) && IsSilent(entry.first); });
    }
  }
  double& Told(const std::string& key) { return source().told[key]; }
  bool IsSilent(const std::string& key) const {
    return std::none_of(row_.activities.begin(), row_.activities.end(),
                        [&](const ImportedActivity& activity) { return activity.key == key; });
  }

  // Takes what the total has grown by since the last import.
  void Grow(const ImportedActivity& activity, double told_before) {
    const auto found = source().taken_before.find(activity.key);
    const double base = found == source().taken_before.end() ? 0 : found->second;
    const double told = Told(activity.key);
    const double growth = told - std::max(base, told_before);
    double& taken = source().taken[activity.key];
    // More rows may follow of an identity that repeats.
    taken = IsEvent() ? std::max(taken, told) : told;
    if (growth > 0) {
      Add(activity, growth, plan_.dates_rows() ? activity.total : told);
    } else if (!activity.counter) {
      ++known_words_;
    } else if (told < base && !IsEvent()) {
      ++taken_.fallen_counters;
    }
  }
  void Add(const ImportedActivity& from, double growth, double total) {
    Activity activity = from;
    if (from.seconds > 0 && from.counter) {
      activity.seconds = growth;
    } else if (from.counter) {
      activity.count = static_cast<int32_t>(std::min<double>(growth, kMaxActivityCount));
    }
    const std::string key = fmt::format("{}\x1f{}\x1f{}\x1f{}", identity_, from.key, total,
                                        plan_.dates_rows() ? ToMicros(activity.event_time) : rules_.import);
    activity.activity_id = fmt::format("{:016x}{:016x}", StableHash(key, 1), StableHash(key, 2));
    taken_.growth[from.key] += growth;
    taken_.activities.push_back(std::move(activity));
  }

  const ImportPlan& plan_;
  const RowRules& rules_;
  const std::string_view identity_;
  const ImportedLead& row_;
  const std::span<const SourceRow* const> others_;
  const Facts given_;
  const Facts current_;
  TakenRow taken_;
  int64_t known_words_ = 0;
};

}  // namespace

TakenRow TakeRow(const ImportPlan& plan, const RowRules& rules, std::string_view identity,
                 const ImportedLead& row, const Lead& current, SourceRow last,
                 std::span<const SourceRow* const> others) {
  return Taking(plan, rules, identity, row, current, std::move(last), others).Run();
}

bool MayReplace(const Permission& current, const Permission& word, bool dated) {
  if (current.state != PermissionState::kDenied) return word.time >= current.time;
  return word.state == PermissionState::kAllowed ? dated && word.time > current.time : true;
}

}  // namespace finalmile::leads::domain
