#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/rpc/client.h"

namespace finalmile::cli {

// The service's side of ImportAssets: a page of the same bytes is unchanged, one that begins with "bad" is
// rejected at line 3, and of one that begins with "odd" everything is said that can be said of a page.
class FakeAssetImport {
 public:
  // Answers come for so many pages at once, and at the end.
  size_t answer_after = 1;
  // The stream breaks before so many pages are taken; -1: never.
  int break_after = -1;

  std::vector<catalog::v1::ImportAssetsRequest::Header> headers;
  std::map<std::string, std::string> pages;
  std::vector<bool> completes;

  std::unique_ptr<rpc::Stream> Open() { return std::make_unique<Call>(*this); }

 private:
  using Response = catalog::v1::ImportAssetsResponse;

  class Call final : public rpc::Stream {
   public:
    explicit Call(FakeAssetImport& server) : server_(server) {}
    bool Write(const google::protobuf::Message& message) override {
      if (!status_.ok()) return false;
      const auto& request = static_cast<const catalog::v1::ImportAssetsRequest&>(message);
      if (request.has_header()) server_.headers.push_back(request.header());
      if (request.has_end()) {
        server_.completes.push_back(request.end().complete());
        *answer_.mutable_summary() = summary_;
        answers_.push_back(answer_);
      }
      return request.has_page() ? Take(request.page()) : true;
    }
    void WritesDone() override {}
    bool Read(google::protobuf::Message& reply) override {
      if (answers_.empty()) return false;
      static_cast<Response&>(reply) = answers_.front();
      answers_.pop_front();
      return true;
    }
    absl::Status Finish() override { return status_; }

   private:
    bool Take(const catalog::v1::ImportAssetsRequest::Page& page) {
      if (server_.break_after >= 0 && taken_ == server_.break_after) {
        status_ = absl::UnavailableError("connection lost");
        return false;
      }
      ++taken_;
      auto& result = *answer_.add_results();
      result.set_path(page.path());
      if (page.content().starts_with("bad")) {
        result.set_outcome(Response::OUTCOME_REJECTED);
        result.set_line(3);
        result.add_problems("line 3: kind: must be one of those that there are");
        summary_.set_rejected(summary_.rejected() + 1);
      } else if (std::string& known = server_.pages[page.path()]; known == page.content()) {
        result.set_outcome(Response::OUTCOME_UNCHANGED);
        summary_.set_unchanged(summary_.unchanged() + 1);
      } else {
        known = page.content();
        result.set_outcome(Response::OUTCOME_CREATED);
        summary_.set_created(summary_.created() + 1);
        if (server_.headers.back().publish()) summary_.set_published(summary_.published() + 1);
        if (page.content().starts_with("odd")) SayEverything(result);
      }
      if (static_cast<size_t>(answer_.results_size()) >= server_.answer_after) {
        answers_.push_back(answer_);
        answer_.Clear();
      }
      return true;
    }

    void SayEverything(Response::Result& result) {
      result.add_warnings("line 2: unknown key titel; did you mean title?");
      result.add_ignored_keys("weight");
      result.set_withheld("draft: true");
      result.set_renamed_from("even.md");
      summary_.set_left_out(1);
      summary_.set_renamed(1);
      summary_.set_published(3);
      summary_.set_scheduled(2);
    }

    FakeAssetImport& server_;
    absl::Status status_;
    int taken_ = 0;
    Response answer_;
    Response::Summary summary_;
    std::deque<Response> answers_;
  };
};

}  // namespace finalmile::cli
