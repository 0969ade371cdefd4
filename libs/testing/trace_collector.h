#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace finalmile::testing {

// A span as a receiver of OTLP reads it. Ids in hex; empty: none.
struct CollectedSpan {
  std::string service;
  std::string trace;
  std::string id;
  std::string parent;
  std::string name;
  int kind = 0;
  bool failed = false;
  // The ids of the spans that it links to.
  std::vector<std::string> links = {};
  // Numbers and truth values as text.
  std::map<std::string, std::string> attributes = {};
};

// A receiver of traces by OTLP over HTTP on a free port of the loopback, with cpp-httplib's server. It fails
// the test on a request that is no JSON of OTLP. Thread-safe.
class TraceCollector {
 public:
  TraceCollector();
  ~TraceCollector();

  // "http://127.0.0.1:PORT".
  const std::string& url() const;
  // What it answers from now on; 0: nothing, until the collector is destroyed or this is called again.
  void Answer(int status, std::string body = "{}");

  // The bodies of all requests, whatever was answered.
  std::vector<std::string> bodies() const;
  // The spans of the requests that were answered with 200.
  std::vector<CollectedSpan> spans() const;
  // Waits until `enough` says so of the spans; false when that takes half a minute.
  bool Await(const std::function<bool(const std::vector<CollectedSpan>&)>& enough) const;
  // The same of the number of requests.
  bool AwaitRequests(size_t count) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace finalmile::testing
