#include "libs/events/kafka/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <string>

#include "libs/base/status.h"
#include "libs/events/kafka/facts.h"

namespace finalmile::events::kafka {
namespace {

constexpr int32_t kWantedCopies = 3;
const std::vector<std::string_view> kSettings = {"min.insync.replicas", "retention.ms", "cleanup.policy",
                                                 "max.message.bytes"};

using Topics = std::vector<const TopicFacts*>;
// What is wrong with a topic; empty: nothing.
using Fault = std::function<std::string(const TopicFacts&)>;

void Check(std::string_view check, const Topics& topics, Verdict verdict, const Fault& fault,
           const std::string& fine, const std::string& advice, std::vector<Finding>& findings) {
  std::vector<std::string> faults;
  std::set<std::string> kinds;
  for (const TopicFacts* topic : topics) {
    const std::string found = fault(*topic);
    if (found.empty()) continue;
    faults.push_back(fmt::format("{} {}", topic->name, found));
    kinds.insert(found);
  }
  if (topics.size() > 1 && faults.size() == topics.size() && kinds.size() == 1)
    faults = {fmt::format("each of {} topics {}", topics.size(), *kinds.begin())};
  if (faults.empty()) {
    findings.push_back({Verdict::kOk, std::string(check), fine});
  } else {
    findings.push_back({verdict, std::string(check), fmt::format("{}", fmt::join(faults, ", ")), advice});
  }
}

int64_t Number(const TopicFacts& topic, std::string_view setting) {
  int64_t number = 0;
  if (const auto found = topic.settings->find(setting); found != topic.settings->end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::string Setting(const TopicFacts& topic, std::string_view setting) {
  const auto found = topic.settings->find(setting);
  return found == topic.settings->end() ? "" : found->second;
}

const TopicSpec& SpecOf(const LogNeeds& needs, const TopicFacts& topic) {
  return *std::find_if(needs.topics.begin(), needs.topics.end(),
                       [&](const TopicSpec& spec) { return spec.name == topic.name; });
}

int64_t WantedRetention(const TopicSpec& spec) {
  return spec.retention == absl::InfiniteDuration() ? -1 : absl::ToInt64Milliseconds(spec.retention);
}

std::string Names(const Topics& topics) {
  std::vector<std::string> names;
  for (const TopicFacts* topic : topics) names.push_back(topic->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Whether all that are needed are there, missing, or not for us to see; returns those that are there.
Topics JudgeExistence(const Facts& facts, const std::string& user, std::vector<Finding>& findings) {
  Topics there;
  Topics missing;
  Topics hidden;
  for (const TopicFacts& topic : facts.topics) {
    if (topic.described.ok()) {
      there.push_back(&topic);
    } else if (absl::IsNotFound(topic.described)) {
      missing.push_back(&topic);
    } else if (absl::IsPermissionDenied(topic.described)) {
      hidden.push_back(&topic);
    } else {
      findings.push_back({VerdictOf(topic.described), "topics", std::string(topic.described.message())});
    }
  }
  if (!missing.empty()) {
    findings.push_back({Verdict::kFail, "topics",
                        fmt::format("{} {} missing", Names(missing), missing.size() == 1 ? "is" : "are"),
                        "run `finalmile topics apply`, or have your operator of Kafka make it"});
  }
  if (!hidden.empty()) {
    findings.push_back(
        {Verdict::kFail, "topics",
         fmt::format("user {} is not permitted to describe {}, so that whether it exists cannot be seen",
                     user, Names(hidden)),
         fmt::format("grant it, with Read or Write as the service needs: kafka-acls --add --allow-principal "
                     "User:{} --operation Describe --topic NAME",
                     user)});
  }
  if (there.size() == facts.topics.size())
    findings.push_back({Verdict::kOk, "topics", fmt::format("all {} topics are there", there.size())});
  return there;
}

// Why the settings of some of the topics are not known.
std::string WhyUnread(const Topics& topics, const std::string& user) {
  Topics hidden;
  for (const TopicFacts* topic : topics) {
    if (absl::IsPermissionDenied(topic->settings.status())) hidden.push_back(topic);
    if (!topic->settings.ok() && hidden.empty()) return std::string(topic->settings.status().message());
  }
  return fmt::format("user {} may not read the settings of {} (operation DescribeConfigs)", user,
                     Names(hidden));
}

void JudgeShape(const Topics& topics, const LogNeeds& needs, std::vector<Finding>& findings) {
  Check(
      "leaders", topics, Verdict::kFail,
      [](const TopicFacts& topic) {
        return topic.leaderless == 0 ? ""
                                     : fmt::format("has {} partitions without a leader", topic.leaderless);
      },
      "every partition has a leader", "a broker is away: start it, or move its partitions", findings);
  const bool alike = std::all_of(topics.begin(), topics.end(), [&](const TopicFacts* topic) {
    return topic->partitions == topics.front()->partitions;
  });
  Check(
      "partitions", topics, Verdict::kWarn,
      [&](const TopicFacts& topic) {
        const int32_t wanted = SpecOf(needs, topic).partitions;
        return alike || topic.partitions == wanted
                   ? ""
                   : fmt::format("has {} partitions, not {}", topic.partitions, wanted);
      },
      alike ? fmt::format("every topic has {} partitions", topics.front()->partitions)
            : "every topic has as many partitions as its contract says",
      "the count is fixed, because the order per key depends on it; make further topics with the same one",
      findings);
  Check(
      "replication", topics, Verdict::kWarn,
      [](const TopicFacts& topic) {
        if (topic.replication >= kWantedCopies) return std::string();
        return fmt::format("has {} {}", topic.replication, topic.replication == 1 ? "copy" : "copies");
      },
      fmt::format("every partition has at least {} copies", kWantedCopies),
      "with fewer than 3 copies the loss of a broker loses events or stops the service; for production run "
      "three brokers, and make topics by `finalmile topics apply --replication 3`",
      findings);
}

void JudgeSettings(const Topics& topics, const LogNeeds& needs, int64_t max_message_bytes,
                   std::vector<Finding>& findings) {
  const std::string alter = "kafka-configs --alter --entity-type topics --entity-name NAME --add-config ";
  const auto in_sync = [](const TopicFacts& topic) { return Number(topic, "min.insync.replicas"); };
  const bool unwritable = std::any_of(topics.begin(), topics.end(), [&](const TopicFacts* topic) {
    return in_sync(*topic) > topic->replication;
  });
  Check(
      "min.insync.replicas", topics, unwritable ? Verdict::kFail : Verdict::kWarn,
      [&](const TopicFacts& topic) {
        const int64_t needed = in_sync(topic);
        if (needed > topic.replication)
          return fmt::format("needs {} copies in sync and has {}, so that it takes no event", needed,
                             topic.replication);
        if (topic.replication > 1 && needed == topic.replication)
          return fmt::format("needs all of its {} copies in sync, so that no broker may be away", needed);
        const bool lone = topic.replication >= kWantedCopies && needed < 2;
        return lone ? fmt::format("needs {} copy in sync, so that an event may be lost", needed) : "";
      },
      "min.insync.replicas fits the number of copies",
      alter + "min.insync.replicas=N, one less than the copies", findings);
  Check(
      "retention.ms", topics, Verdict::kWarn,
      [&](const TopicFacts& topic) {
        const int64_t wanted = WantedRetention(SpecOf(needs, topic));
        const std::string has = Setting(topic, "retention.ms");
        return has == std::to_string(wanted)
                   ? ""
                   : fmt::format("has retention.ms {}, its contract says {}", has, wanted);
      },
      "every topic keeps its records as long as its contract says",
      alter + "retention.ms=…; a consumer that is away for longer loses what it has not read", findings);
  Check(
      "cleanup.policy", topics, Verdict::kFail,
      [](const TopicFacts& topic) {
        const std::string policy = Setting(topic, "cleanup.policy");
        return policy.find("compact") == std::string::npos ? ""
                                                           : fmt::format("has cleanup.policy {}", policy);
      },
      "no topic drops events of a key for later ones", alter + "cleanup.policy=delete", findings);
  const int64_t needed = max_message_bytes + kFramingBytes;
  Check(
      "max.message.bytes", topics, Verdict::kFail,
      [&](const TopicFacts& topic) {
        const int64_t most = Number(topic, "max.message.bytes");
        return most >= needed
                   ? ""
                   : fmt::format("takes messages of {} bytes, services send up to {}", most, needed);
      },
      fmt::format("every topic takes messages of {} bytes", needed),
      fmt::format("{}max.message.bytes={}; a larger event would stay in the outbox", alter, needed),
      findings);
}

Finding JudgeGroup(const GroupFacts& group, const std::string& user) {
  if (absl::IsPermissionDenied(group.described)) {
    return {Verdict::kFail, "groups",
            fmt::format("user {} is not permitted to describe the group {}", user, group.name),
            fmt::format("grant it: kafka-acls --add --allow-principal User:{} --operation Read --group {}",
                        user, group.name)};
  }
  if (!group.described.ok())
    return {VerdictOf(group.described), "groups", std::string(group.described.message())};
  const std::string members = group.members == 1 ? "1 member" : fmt::format("{} members", group.members);
  if (!group.lag)
    return {Verdict::kOk, "groups", fmt::format("{}: {}, nothing consumed yet", group.name, members)};
  const std::string text = fmt::format("{}: {}, {} records to consume", group.name, members, *group.lag);
  if (group.members > 0 || *group.lag == 0) return {Verdict::kOk, "groups", text};
  return {Verdict::kWarn, "groups", text, "nobody consumes: start the service, or see its log"};
}

// The value of a librdkafka property in the address.
std::string PropertyOf(const Config& config, std::string_view name, std::string_view fallback) {
  for (const auto& [property, value] : config.properties) {
    if (property == name) return value;
  }
  return std::string(fallback);
}

}  // namespace

std::vector<Finding> Judge(const Facts& facts, const LogNeeds& needs, const std::string& user,
                           int64_t max_message_bytes) {
  std::vector<Finding> findings;
  const Topics there = JudgeExistence(facts, user, findings);
  Topics readable;
  for (const TopicFacts* topic : there) {
    if (topic->settings.ok()) readable.push_back(topic);
  }
  if (there.empty()) {
    Skip({"leaders", "partitions", "replication"}, "no topic is there to be seen", findings);
  } else {
    JudgeShape(there, needs, findings);
  }
  if (!readable.empty()) JudgeSettings(readable, needs, max_message_bytes, findings);
  if (there.empty()) {
    Skip(kSettings, "no topic is there to be seen", findings);
  } else if (readable.size() < there.size()) {
    Skip(kSettings, WhyUnread(there, user), findings);
  }
  for (const GroupFacts& group : facts.groups) findings.push_back(JudgeGroup(group, user));
  return findings;
}

std::vector<Finding> Diagnose(std::string_view url, Clock& clock, const LogNeeds& needs,
                              absl::Duration patience) {
  std::vector<Finding> findings;
  const auto unreached = [&](Verdict verdict, const absl::Status& status) {
    findings.push_back({verdict, "reach", std::string(status.message())});
    Skip({"topics", "leaders", "partitions", "replication", "min.insync.replicas", "retention.ms",
          "cleanup.policy", "max.message.bytes", "groups"},
         "Kafka was not reached", findings);
    return findings;
  };
  const absl::StatusOr<Config> config = ParseUrl(url);
  if (!config.ok()) return unreached(Verdict::kFail, config.status());
  AdminClient admin(*config, clock, clock.Steady() + patience);
  if (const absl::Status opened = admin.Open(); !opened.ok()) return unreached(Verdict::kFail, opened);
  const absl::StatusOr<Facts> facts = GetFacts(admin, needs, patience);
  if (!facts.ok())
    return unreached(admin.trouble().refused() ? Verdict::kFail : VerdictOf(facts.status()), facts.status());

  const std::string security = PropertyOf(*config, "security.protocol", "plaintext");
  const std::string user = PropertyOf(*config, "sasl.username", "ANONYMOUS");
  findings.push_back(
      {Verdict::kOk, "reach",
       fmt::format("Kafka answers at {}, {} {}, {}, as user {}", config->servers, facts->brokers,
                   facts->brokers == 1 ? "broker" : "brokers", security, user)});
  for (Finding& finding : Judge(*facts, needs, user, config->max_message_bytes))
    findings.push_back(std::move(finding));
  return findings;
}

}  // namespace finalmile::events::kafka
