#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/rpc/client.h"
#include "libs/testing/raw_http2.h"
#include "tests/faults/leads_program.h"

// Row F34 of the fault table: a hostile caller, before and after the token is looked at. The program runs as
// a process of its own, so that its memory can be measured and its end would be seen.
namespace finalmile::faults {

using testing::RawHttp2;
using testing::Socket;

// Memory of its own above what it has idle, in MiB. Of what is freed malloc keeps up to 64.
inline constexpr double kMost = 200;
inline constexpr double kMostAfterwards = 120;

// Sanitizers take some times what they watch over takes, and keep what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMeasured = false;
#else
inline constexpr bool kMeasured = true;
#endif

inline const std::string kService = "/finalmile.leads.v1.LeadService/";

// sha256 of "secret".
inline constexpr char kTokens[] =
    "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b mia manager\n";
inline const RawHttp2::Headers kToken = {{"authorization", "Bearer secret"}};

class HostileRows : public ::testing::Test {
 protected:
  void Start(const std::string& tokens = "") {
    auto program = LeadsProgram::Start(tokens);
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *std::move(program);
    channel_ = rpc::NewGrpcChannel(
        {.target = fmt::format("127.0.0.1:{}", program_->port()), .token = tokens.empty() ? "" : "secret"},
        clock(), *rng_);
    for (int i = 0; i < 3; ++i) Answered();
    idle_ = program_->Own();
    idle_resident_ = program_->PeakResident();
    program_->ResetPeak();
  }

  void TearDown() override {
    if (program_ == nullptr) return;
    EXPECT_TRUE(program_->Lives());
    Answered();
    NewcomerIsAnswered();
    EXPECT_TRUE(program_->Get("/livez").starts_with("HTTP/1.1 200")) << program_->Get("/livez");
    channel_.reset();
    EXPECT_EQ(program_->Terminate(), 0);
  }

  Clock& clock() { return program_->clock(); }

  // A client whose connection stood before is answered.
  void Answered() {
    leads::v1::ListLeadsRequest request;
    request.set_page_size(1);
    const absl::Duration start = clock().Steady();
    const auto answer = channel_->Call<leads::v1::ListLeadsResponse>(
        kService + "ListLeads", request, {.timeout = absl::Seconds(30), .retry = false});
    EXPECT_TRUE(answer.ok()) << answer.status();
    slowest_ = std::max(slowest_, clock().Steady() - start);
  }

  void NewcomerIsAnswered() {
    RawHttp2 newcomer(program_->port());
    EXPECT_EQ(newcomer.Call({.path = kService + "ListLeads", .message = OneLead(), .headers = kToken}).status,
              0);
  }

  static std::string OneLead() {
    leads::v1::ListLeadsRequest request;
    request.set_page_size(1);
    return request.SerializeAsString();
  }

  // Prints what the program took at most since its start or the last report, and what it has now.
  void Report(const std::string& row, const std::string& more = "") {
    Answered();
    std::cout << fmt::format(
        "{}: at most +{:.0f} MiB ({:.0f} idle), resident with the mapped store +{:.0f}; now +{:.0f}; calls "
        "in "
        "{}{}{}\n",
        row, program_->PeakOwn() - idle_, idle_, program_->PeakResident() - idle_resident_,
        program_->Own() - idle_, absl::FormatDuration(slowest_), more.empty() ? "" : "; ", more);
    slowest_ = absl::ZeroDuration();
    program_->ResetPeak();
  }
  // The same, with the bounds on both.
  void ExpectBounded(const std::string& row, const std::string& more = "") {
    if (kMeasured) {
      EXPECT_LE(program_->PeakOwn() - idle_, kMost) << row;
      EXPECT_LE(program_->AwaitOwn(idle_ + kMostAfterwards) - idle_, kMostAfterwards) << row;
    }
    Report(row, more);
  }

  // Leads of 200 kB each, so that a page of them is as large as an answer may be.
  void CreateLargeLeads(int leads) {
    leads::v1::CreateLeadRequest request;
    for (int i = 0; i < 200; ++i) {
      (*request.mutable_lead()->mutable_attributes())[fmt::format("a{}", i)].set_text(
          std::string(1000, static_cast<char>('a' + i % 26)));
    }
    for (int i = 0; i < leads; ++i) {
      request.mutable_lead()->set_company(fmt::format("Example {}", i));
      const auto lead = channel_->Call<leads::v1::Lead>(kService + "CreateLead", request);
      ASSERT_TRUE(lead.ok()) << lead.status();
    }
  }

  static std::string LargePage() {
    leads::v1::ListLeadsRequest request;
    request.set_page_size(1000);
    return request.SerializeAsString();
  }

  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  std::unique_ptr<LeadsProgram> program_;
  std::unique_ptr<rpc::Channel> channel_;
  double idle_ = 0;
  double idle_resident_ = 0;
  absl::Duration slowest_ = absl::ZeroDuration();
};

}  // namespace finalmile::faults
