#include "services/finalmile/demo/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string_view>

#include "absl/strings/ascii.h"
#include "libs/base/random.h"

namespace finalmile::cli {
namespace {

using leads::v1::Activity;
using leads::v1::Lead;

constexpr std::array<std::string_view, 24> kGiven = {
    "Ada",   "Ben",   "Chloé", "Daniel", "Elif",  "Femi", "Greta", "Hugo",   "Ines", "Jonas", "Kwame", "Lena",
    "Mateo", "Nadia", "Omar",  "Priya",  "Quinn", "Rosa", "Sören", "Tomoko", "Uwe",  "Vera",  "Wei",   "Zoë"};
constexpr std::array<std::string_view, 24> kFamily = {
    "Adeyemi", "Berger",  "Costa",  "Dubois", "Eriksen", "Fischer", "García", "Hansen",
    "Ito",     "Jansen",  "Keller", "Lopes",  "Müller",  "Novak",   "Okafor", "Patel",
    "Rossi",   "Schmidt", "Tanaka", "Ueda",   "Vogel",   "Weber",   "Yilmaz", "Zhang"};
constexpr std::array<std::string_view, 20> kFirst = {
    "Arc",  "Blue",  "Cedar", "Delta", "Ember", "Fern", "Granite", "Halo",  "Iris",   "Juniper",
    "Kite", "Lumen", "Maple", "North", "Opal",  "Pine", "Quartz",  "River", "Summit", "Tidal"};
constexpr std::array<std::string_view, 10> kSecond = {"works", "soft",      "line",  "metrics", "bank",
                                                      "care",  "logistics", "media", "energy",  "labs"};
// Weighted by repetition; the default policy targets the first ones.
constexpr std::array<std::string_view, 12> kIndustries = {
    "software",   "saas",  "it services", "fintech",       "banking",   "insurance",
    "consulting", "media", "retail",      "manufacturing", "logistics", "education"};
constexpr std::array<std::string_view, 10> kCountries = {"US", "US", "GB", "DE", "FR",
                                                         "NL", "SE", "IN", "BR", "JP"};
constexpr std::array<std::string_view, 8> kTechnologies = {"Salesforce", "HubSpot", "SAP",     "Outreach",
                                                           "Jira",       "Gong",    "Zendesk", "Marketo"};
constexpr std::array<double, 8> kStaff = {4, 12, 35, 80, 240, 900, 3200, 14000};

struct Role {
  std::string_view title;
  std::string_view function;
};
constexpr std::array<Role, 14> kRoles = {{{"Chief Revenue Officer", "revenue"},
                                          {"VP Sales", "sales"},
                                          {"VP Marketing", "marketing"},
                                          {"Director of Sales Enablement", "sales enablement"},
                                          {"Director Marketing", "marketing"},
                                          {"Head of Business Development", "business development"},
                                          {"Sales Manager", "sales"},
                                          {"Marketing Manager", "marketing"},
                                          {"Operations Manager", "operations"},
                                          {"Account Executive", "sales"},
                                          {"Content Specialist", "marketing"},
                                          {"Finance Analyst", "finance"},
                                          {"Software Engineer", "engineering"},
                                          {"Research Assistant", "research"}}};
constexpr std::array<std::string_view, 6> kSources = {"webinar",    "google-ads", "organic-search",
                                                      "trade-fair", "referral",   "newsletter"};
constexpr std::array<std::string_view, 8> kPages = {"pricing", "comparison", "roi",          "security",
                                                    "home",    "features",   "integrations", "blog"};

struct Company {
  std::string name;
  std::string domain;
  std::string industry;
  std::string country;
  double staff = 0;
  std::vector<std::string> technologies;
};

// How a person behaves; set once.
struct Person {
  std::string lead;
  int first_week = 0;
  // Expected activities in the first week, and what is left of that a week later.
  double interest = 0;
  double persistence = 0;
  // How often in a week in which anything is done at all.
  double asks = 0;
};

class Generator {
 public:
  explicit Generator(const SampleOptions& options) : options_(options), rng_(NewSeededRng(options.seed)) {}

  std::vector<SampleDay> Run() {
    for (int i = 0; i < options_.companies; ++i) companies_.push_back(MakeCompany(i));
    days_.resize(static_cast<size_t>(options_.weeks) * 7);
    for (int i = 0; i < options_.people; ++i) {
      const Person person = MakePerson();
      auto& request = days_[static_cast<size_t>(person.first_week) * 7].leads.emplace_back();
      *request.mutable_lead() = MakeLead();
      request.set_lead_id(person.lead.substr(person.lead.find('/') + 1));
      request.set_request_id("sample-" + request.lead_id());
      for (int week = person.first_week; week < options_.weeks; ++week) Act(person, week);
    }
    for (SampleDay& day : days_) {
      std::sort(day.activities.begin(), day.activities.end(), [](const Activity& a, const Activity& b) {
        return std::pair(a.event_time().seconds(), a.activity_id()) <
               std::pair(b.event_time().seconds(), b.activity_id());
      });
    }
    return std::move(days_);
  }

 private:
  template <class List>
  const auto& Pick(const List& list) {
    return list[rng_->Below(list.size())];
  }
  bool Chance(double p) { return rng_->Uniform() < p; }

  // As a UUIDv7, though of the sample's own time.
  std::string NewId(int week) {
    const uint64_t millis = static_cast<uint64_t>(week) * 604'800'000 + 1;
    const uint64_t a = rng_->Next();
    const uint64_t b = rng_->Next();
    return fmt::format("{:08x}-{:04x}-7{:03x}-{:x}{:03x}-{:012x}", millis >> 16, millis & 0xffff, a & 0xfff,
                       8 + (a >> 12 & 3), a >> 14 & 0xfff, b & 0xffff'ffff'ffff);
  }

  Company MakeCompany(int index) {
    Company company;
    const auto i = static_cast<size_t>(index);
    const std::string first(kFirst[i % kFirst.size()]);
    const std::string second(kSecond[(i / kFirst.size() + i) % kSecond.size()]);
    company.name = first + second;
    company.domain = absl::AsciiStrToLower(company.name) + ".example";
    company.industry = Pick(kIndustries);
    company.country = Pick(kCountries);
    company.staff = std::round(Pick(kStaff) * (0.7 + 0.6 * rng_->Uniform()));
    for (uint64_t n = rng_->Below(3); n > 0; --n) company.technologies.emplace_back(Pick(kTechnologies));
    return company;
  }

  Person MakePerson() {
    Person person;
    // More of them early, so that the quarter has a past.
    person.first_week =
        static_cast<int>(static_cast<double>(options_.weeks) * rng_->Uniform() * rng_->Uniform());
    person.lead = "leads/" + NewId(person.first_week);
    const double keen = rng_->Uniform();
    person.interest = keen > 0.9 ? 4 : keen > 0.6 ? 2.5 : 1.2;
    person.persistence = keen > 0.9 ? 0.95 : keen > 0.6 ? 0.75 : 0.45;
    person.asks = keen > 0.9 ? 0.06 : keen > 0.6 ? 0.015 : 0.002;
    return person;
  }

  Lead MakeLead() {
    const Company& company = Pick(companies_);
    const Role& role = Pick(kRoles);
    Lead lead;
    lead.set_given_name(std::string(Pick(kGiven)));
    lead.set_family_name(std::string(Pick(kFamily)));
    const bool work_mail = Chance(0.8);
    lead.set_email(fmt::format("person{}@{}", ++mails_, work_mail ? company.domain : "gmail.com"));
    if (Chance(0.5)) lead.set_phone(fmt::format("+1 555 01{:02}", rng_->Below(100)));
    lead.set_company(company.name);
    lead.set_company_domain(company.domain);
    lead.set_lead_source(std::string(Pick(kSources)));
    auto& attributes = *lead.mutable_attributes();
    attributes["industry"].set_text(company.industry);
    attributes["country"].set_text(company.country);
    attributes["staff"].set_number(company.staff);
    attributes["title"].set_text(std::string(role.title));
    attributes["function"].set_text(std::string(role.function));
    for (const std::string& technology : company.technologies) {
      attributes["technologies"].mutable_list()->add_values(technology);
    }
    if (Chance(0.15)) attributes["project"].set_boolean(true);
    return lead;
  }

  void Act(const Person& person, int week) {
    const double expected = person.interest * std::pow(person.persistence, week - person.first_week);
    int count = static_cast<int>(expected);
    if (Chance(expected - count)) ++count;
    for (int i = 0; i < count; ++i) Browse(NewActivity(person, week));
    if (count > 0 && Chance(person.asks))
      NewActivity(person, week).set_type(Chance(0.7) ? "demo_request" : "positive_reply");
  }

  // In the working hours of a working day.
  Activity& NewActivity(const Person& person, int week) {
    const int64_t day = int64_t{week} * 7 + static_cast<int64_t>(rng_->Below(5));
    Activity& activity = days_[static_cast<size_t>(day)].activities.emplace_back();
    activity.set_lead(person.lead);
    activity.set_source("web");
    activity.set_activity_id(fmt::format("sample-{}-{}", options_.seed, ++activities_));
    const absl::Time time = options_.start + day * absl::Hours(24) + absl::Hours(8) +
                            absl::Seconds(static_cast<int64_t>(rng_->Below(10 * 3600)));
    activity.mutable_event_time()->set_seconds(absl::ToUnixSeconds(time));
    return activity;
  }

  void Browse(Activity& activity) {
    const double what = rng_->Uniform();
    if (what < 0.55) {
      activity.set_type("page_view");
      activity.set_subject(std::string(Pick(kPages)));
    } else if (what < 0.7) {
      activity.set_type("email_click");
      activity.set_subject("newsletter");
    } else if (what < 0.9) {
      const bool study = Chance(0.5);
      activity.set_type("asset_view");
      activity.set_subject(
          fmt::format("assets/{}-{}", study ? "case-study" : "product-sheet", 1 + rng_->Below(6)));
      activity.set_seconds(static_cast<double>(5 + rng_->Below(180)));
      (*activity.mutable_properties())["kind"] = study ? "case_study" : "product_sheet";
    } else if (what < 0.99) {
      activity.set_type(Chance(0.5) ? "webinar_attended" : "webinar_registered");
      activity.set_subject(fmt::format("webinars/{}", 1 + rng_->Below(5)));
    } else {
      activity.set_type("trial_started");
    }
  }

  const SampleOptions options_;
  const std::unique_ptr<Rng> rng_;
  std::vector<Company> companies_;
  std::vector<SampleDay> days_;
  int64_t activities_ = 0;
  int mails_ = 0;
};

}  // namespace

std::vector<SampleDay> GenerateSample(const SampleOptions& options) { return Generator(options).Run(); }

}  // namespace finalmile::cli
