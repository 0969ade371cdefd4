#include "libs/testing/trace_collector.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

namespace finalmile::testing {
namespace {

using nlohmann::json;

std::string TextOf(const json& value) {
  const json& held = value.begin().value();
  return held.is_string() ? held.get<std::string>() : held.dump();
}

std::map<std::string, std::string> AttributesOf(const json& holder) {
  std::map<std::string, std::string> attributes;
  if (!holder.contains("attributes")) return attributes;
  for (const json& attribute : holder["attributes"])
    attributes[attribute.at("key").get<std::string>()] = TextOf(attribute.at("value"));
  return attributes;
}

CollectedSpan SpanOf(const json& span, const std::string& service) {
  CollectedSpan one;
  one.service = service;
  one.trace = span.at("traceId").get<std::string>();
  one.id = span.at("spanId").get<std::string>();
  one.parent = span.value("parentSpanId", "");
  one.name = span.at("name").get<std::string>();
  one.kind = span.at("kind").get<int>();
  one.failed = span.contains("status") && span["status"].value("code", 0) == 2;
  if (span.contains("links")) {
    for (const json& link : span["links"]) one.links.push_back(link.at("spanId").get<std::string>());
  }
  one.attributes = AttributesOf(span);
  return one;
}

std::vector<CollectedSpan> SpansOf(const std::string& body) {
  std::vector<CollectedSpan> spans;
  const json request = json::parse(body);
  for (const json& resource : request.at("resourceSpans")) {
    const std::string service = AttributesOf(resource.at("resource")).at("service.name");
    for (const json& scope : resource.at("scopeSpans")) {
      for (const json& span : scope.at("spans")) spans.push_back(SpanOf(span, service));
    }
  }
  return spans;
}

}  // namespace

struct TraceCollector::Impl {
  Impl() {
    server.Post("/v1/traces", [this](const httplib::Request& request, httplib::Response& response) {
      std::unique_lock lock(mutex);
      bodies.push_back(request.body);
      if (request.get_header_value("Content-Type") != "application/json") {
        ADD_FAILURE() << "no JSON: " << request.get_header_value("Content-Type");
      }
      changed.notify_all();
      changed.wait(lock, [this] { return status != 0 || ending; });
      response.status = status == 0 ? 500 : status;
      response.set_content(answer, "application/json");
      if (status != 200) return;
      try {
        for (CollectedSpan& span : SpansOf(request.body)) spans.push_back(std::move(span));
      } catch (const std::exception& wrong) {
        ADD_FAILURE() << wrong.what() << " in " << request.body;
      }
      changed.notify_all();
    });
    url = "http://127.0.0.1:" + std::to_string(server.bind_to_any_port("127.0.0.1"));
    thread = std::thread([this] { server.listen_after_bind(); });
    // Once it has answered, it can be stopped.
    httplib::Client(url).Get("/");
  }
  ~Impl() {
    {
      std::lock_guard lock(mutex);
      ending = true;
    }
    changed.notify_all();
    server.stop();
    thread.join();
  }

  template <class Condition>
  bool Await(const Condition& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), condition);
  }

  httplib::Server server;
  std::string url;
  std::mutex mutex;
  std::condition_variable changed;
  int status = 200;
  std::string answer = "{}";
  bool ending = false;
  std::vector<std::string> bodies;
  std::vector<CollectedSpan> spans;
  std::thread thread;
};

TraceCollector::TraceCollector() : impl_(std::make_unique<Impl>()) {}
TraceCollector::~TraceCollector() = default;

const std::string& TraceCollector::url() const { return impl_->url; }

void TraceCollector::Answer(int status, std::string body) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->status = status;
    impl_->answer = std::move(body);
  }
  impl_->changed.notify_all();
}

std::vector<std::string> TraceCollector::bodies() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->bodies;
}

std::vector<CollectedSpan> TraceCollector::spans() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->spans;
}

bool TraceCollector::Await(const std::function<bool(const std::vector<CollectedSpan>&)>& enough) const {
  return impl_->Await([&] { return enough(impl_->spans); });
}

bool TraceCollector::AwaitRequests(size_t count) const {
  return impl_->Await([&] { return impl_->bodies.size() >= count; });
}

}  // namespace finalmile::testing
