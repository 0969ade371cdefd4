#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "finalmile/leads/v1/import.pb.h"
#include "libs/rpc/client.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Services that answer what a test tells them to.
class FakeChannel final : public rpc::Channel {
 public:
  using Handler =
      std::function<absl::Status(const google::protobuf::Message& request, google::protobuf::Message& reply)>;

  // `method` is "LeadService/GetLead".
  template <class Request, class Reply>
  void On(const std::string& method, std::function<absl::StatusOr<Reply>(const Request&)> handler) {
    handlers_["/" + Request::descriptor()->file()->package() + "." + method] =
        [handler](const google::protobuf::Message& request, google::protobuf::Message& reply) {
          absl::StatusOr<Reply> answer = handler(static_cast<const Request&>(request));
          if (answer.ok()) static_cast<Reply&>(reply) = *answer;
          return answer.status();
        };
  }

  absl::Status CallMessage(std::string_view method, const google::protobuf::Message& request,
                           google::protobuf::Message& reply, const rpc::CallOptions&) override {
    const auto it = handlers_.find(std::string(method));
    if (it == handlers_.end()) return absl::UnimplementedError(std::string(method));
    return it->second(request, reply);
  }
  std::unique_ptr<rpc::Stream> Open(std::string_view, const rpc::CallOptions&) override { return open(); }

  // The import's stream.
  std::function<std::unique_ptr<rpc::Stream>()> open;

 private:
  std::map<std::string, Handler> handlers_;
};

// The server's side of ImportLeads: remembers progress by request id, counts rows, rejects those whose first
// cell is "bad", and cannot read "odd" as one.
class FakeImport {
 public:
  // The stream breaks before the message of so many rows messages is answered; -1: never.
  int break_after = -1;
  // What the header is answered with.
  absl::Status header_status;

  std::vector<leads::v1::ImportHeader> headers;
  std::vector<leads::v1::ImportRow> rows;
  // Most messages that were written and not answered at any time.
  size_t most_waiting = 0;
  size_t largest_message = 0;

  std::unique_ptr<rpc::Stream> Open() { return std::make_unique<Call>(*this); }

 private:
  class Call final : public rpc::Stream {
   public:
    explicit Call(FakeImport& server) : server_(server) {}
    bool Write(const google::protobuf::Message& message) override {
      if (!status_.ok()) return false;
      const auto& request = static_cast<const leads::v1::ImportLeadsRequest&>(message);
      server_.largest_message = std::max(server_.largest_message, request.ByteSizeLong());
      if (request.has_header()) {
        server_.headers.push_back(request.header());
        id_ = request.header().request_id();
        status_ = server_.header_status;
        if (status_.ok()) answers_.push_back(server_.progress_[id_]);
        return status_.ok();
      }
      if (server_.break_after >= 0 && messages_ == server_.break_after) {
        status_ = absl::UnavailableError("connection lost");
        return false;
      }
      ++messages_;
      leads::v1::ImportLeadsResponse& progress = server_.progress_[id_];
      leads::v1::ImportLeadsResponse answer;
      for (const auto& row : request.rows().rows()) {
        server_.rows.push_back(row);
        progress.set_acknowledged_line(row.line());
        if (row.cells(0) == "bad") {
          progress.set_rejected(progress.rejected() + 1);
          auto& reject = *answer.add_rejects();
          reject.set_line(row.line());
          reject.set_column("A");
          reject.set_reason("must not be bad");
        } else {
          progress.set_created(progress.created() + 1);
        }
        if (row.cells(0) == "odd") {
          auto& unread = *answer.add_unread();
          unread.set_line(row.line());
          unread.set_column("A");
          unread.set_reason("is odd");
          answer.set_unread_cells(answer.unread_cells() + 1);
        }
      }
      answer.MergeFrom(progress);
      answers_.push_back(answer);
      server_.most_waiting = std::max(server_.most_waiting, answers_.size());
      return true;
    }
    void WritesDone() override {}
    bool Read(google::protobuf::Message& reply) override {
      if (answers_.empty()) return false;
      static_cast<leads::v1::ImportLeadsResponse&>(reply) = answers_.front();
      answers_.pop_front();
      return true;
    }
    absl::Status Finish() override { return status_; }

   private:
    FakeImport& server_;
    std::string id_;
    int messages_ = 0;
    absl::Status status_;
    std::deque<leads::v1::ImportLeadsResponse> answers_;
  };

  std::map<std::string, leads::v1::ImportLeadsResponse> progress_;
};

class FakeConnector final : public Connector {
 public:
  FakeChannel channel;
  absl::StatusOr<rpc::Channel*> Channel() override { return &channel; }
  std::string Where() const override { return "nowhere"; }
  bool IsOwn() const override { return false; }
  absl::StatusOr<events::EventLog*> Events() override { return absl::UnimplementedError("no event log"); }
  config::Assignments Settings() const override { return {}; }
  absl::Status Settle() override { return absl::OkStatus(); }
};

}  // namespace finalmile::cli
