#include "libs/app/traces.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/app/version.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/telemetry/http_post.h"

namespace finalmile::app {
namespace {

constexpr std::string_view kEndpoint = "otel-exporter-otlp-endpoint";
constexpr std::string_view kTracesEndpoint = "otel-exporter-otlp-traces-endpoint";
constexpr std::string_view kServiceName = "otel-service-name";
constexpr std::string_view kResource = "otel-resource-attributes";
constexpr std::string_view kSampler = "otel-traces-sampler";
constexpr std::string_view kSamplerArg = "otel-traces-sampler-arg";

constexpr size_t kMostAttributes = 32;
constexpr size_t kLongestAttribute = 256;

absl::Status Wrong(const config::Config& config, std::string_view setting, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}: {}: {}", config.origin(setting), setting, what));
}

Sampler SamplerOf(const config::Config& config) {
  std::string_view name = config.Text(kSampler);
  Sampler sampler;
  constexpr std::string_view kParentBased = "parentbased_";
  sampler.parent_based = name.starts_with(kParentBased);
  if (sampler.parent_based) name.remove_prefix(kParentBased.size());
  sampler.ratio = name == "always_on" ? 1 : name == "always_off" ? 0 : config.Double(kSamplerArg);
  return sampler;
}

// The whole URL for traces; empty: none is set.
std::string EndpointOf(const config::Config& config) {
  if (const std::string& whole = config.Text(kTracesEndpoint); !whole.empty()) return whole;
  const std::string& base = config.Text(kEndpoint);
  if (base.empty()) return {};
  return fmt::format("{}{}v1/traces", base, base.ends_with('/') ? "" : "/");
}

// Reads OTEL_RESOURCE_ATTRIBUTES: "name=value,name=value", values with %-escapes.
absl::StatusOr<telemetry::ResourceAttributes> ResourceOf(const config::Config& config) {
  telemetry::ResourceAttributes attributes;
  for (std::string_view rest = config.Text(kResource); !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view one = Trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (one.empty()) continue;
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return Wrong(config, kResource, "must be name=value,name=value");
    const std::optional<std::string> value = PercentDecoded(Trim(one.substr(equals + 1)));
    if (!value || !IsUtf8(*value)) return Wrong(config, kResource, "a value is not UTF-8 with %-escapes");
    std::string name(Trim(one.substr(0, equals)));
    if (std::max(name.size(), value->size()) > kLongestAttribute) {
      return Wrong(config, kResource,
                   fmt::format("a name or value has more than {} bytes", kLongestAttribute));
    }
    attributes.emplace_back(std::move(name), *value);
    if (attributes.size() > kMostAttributes)
      return Wrong(config, kResource, fmt::format("has more than {} attributes", kMostAttributes));
  }
  return attributes;
}

// Adds an attribute that nobody has set.
void Default(telemetry::ResourceAttributes& attributes, std::string_view name, std::string value) {
  const bool is_set = std::any_of(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.first == name; });
  if (!is_set) attributes.emplace_back(name, std::move(value));
}

}  // namespace

void Traces::Declare(config::Schema& schema) {
  schema
      .Url(kEndpoint, "",
           "receiver of traces by OTLP over HTTP as http://host:port, without /v1/traces; empty: nothing is "
           "traced")
      .Url(kTracesEndpoint, "", "the same with its whole path, in place of the other")
      .String(kServiceName, "",
              "service.name of traces; empty: finalmile-SERVICE. Where several services share the process, "
              "-SERVICE is put behind it")
      .String(kResource, "", "what is true of all spans: name=value,name=value; values may have %-escapes")
      .Choice(kSampler, "parentbased_always_on",
              {"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off",
               "parentbased_traceidratio"},
              "which traces are recorded")
      .Double(kSamplerArg, 1, 0, 1, "share of traces that the samplers named …traceidratio record");
}

absl::StatusOr<std::unique_ptr<Traces>> Traces::Open(const config::Config& config,
                                                     const std::vector<const ModuleSpec*>& modules,
                                                     Clock& clock, Rng& rng, Log& log,
                                                     telemetry::Metrics& metrics) {
  std::unique_ptr<Traces> traces(new Traces(clock, metrics));
  telemetry::SpanExporterOptions options{.endpoint = EndpointOf(config)};
  if (options.endpoint.empty()) return traces;
  const std::string_view setting = config.Text(kTracesEndpoint).empty() ? kEndpoint : kTracesEndpoint;
  const auto target = telemetry::ParseHttpTarget(options.endpoint);
  if (!target.ok()) return Wrong(config, setting, std::string(target.status().message()));
  ASSIGN_OR_RETURN(options.resource, ResourceOf(config));
  // service.name stands for itself.
  std::string name = config.Text(kServiceName);
  for (const auto& [attribute, value] : options.resource) {
    if (attribute == "service.name" && name.empty()) name = value;
  }
  std::erase_if(options.resource, [](const auto& attribute) { return attribute.first == "service.name"; });
  Default(options.resource, "service.version", std::string(Version()));
  Default(options.resource, "service.instance.id", NewUuid(clock, rng));
  // Off, so that a caller's own decision is not overruled either.
  if (config.Text(kSampler) == "always_off") return traces;
  ASSIGN_OR_RETURN(traces->exporter_,
                   telemetry::SpanExporter::Make(std::move(options), clock, rng, log, traces->counters_));
  const auto add = [&](std::string_view module, std::string service) {
    traces->tracers_.emplace(module, std::make_unique<Tracer>(std::move(service), clock, rng,
                                                              SamplerOf(config), *traces->exporter_));
  };
  const std::string base = name.empty() ? "finalmile" : name;
  if (modules.size() == 1) {
    add("", name.empty() ? fmt::format("finalmile-{}", modules.front()->name) : name);
    return traces;
  }
  add("", base);
  for (const ModuleSpec* module : modules) add(module->name, fmt::format("{}-{}", base, module->name));
  return traces;
}

Tracer* Traces::Of(std::string_view service) const {
  auto found = tracers_.find(service);
  if (found == tracers_.end()) found = tracers_.find("");
  return found == tracers_.end() ? nullptr : found->second.get();
}

Tracer* Traces::OfPackage(std::string_view package) const {
  const size_t dot = package.find('.');
  if (dot == std::string_view::npos) return Of("");
  package.remove_prefix(dot + 1);
  return Of(package.substr(0, package.find('.')));
}

void Traces::Flush() {
  if (exporter_ != nullptr) exporter_->Flush(clock_.Steady() + kFlush);
}

}  // namespace finalmile::app
