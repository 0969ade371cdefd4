#include "services/finalmile/import/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "libs/base/status.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

using catalog::v1::ImportAssetsRequest;
using catalog::v1::ImportAssetsResponse;
namespace fs = std::filesystem;

constexpr std::string_view kMethod = "/finalmile.catalog.v1.CatalogService/ImportAssets";
constexpr size_t kMaxPageBytes = 1 << 20;
constexpr size_t kMaxSource = 64;
// Pages on their way. Their answers fit into what the transport holds for a reader, so that neither side ever
// waits for the other.
constexpr int64_t kWindow = 200;

bool IsMarkdown(const fs::path& path) {
  const std::string extension = absl::AsciiStrToLower(path.extension().string());
  return extension == ".md" || extension == ".markdown";
}

class FolderImport {
 public:
  FolderImport(const FolderOptions& options, const PageObserver& observer,
               ImportAssetsResponse::Summary& summary, std::unique_ptr<rpc::Stream> stream)
      : options_(options), observer_(observer), summary_(summary), stream_(std::move(stream)) {}

  absl::Status Run(const std::vector<FolderPage>& pages) {
    ImportAssetsRequest request;
    *request.mutable_header() = options_.header;
    bool open = stream_->Write(request);
    for (auto page = pages.begin(); open && page != pages.end(); ++page) open = Send(*page);
    if (open) {
      request.mutable_end()->set_complete(!options_.keep_missing && rejected_here_ == 0);
      if (stream_->Write(request)) stream_->WritesDone();
    }
    while (Read()) continue;
    summary_.set_rejected(summary_.rejected() + rejected_here_);
    return stream_->Finish();
  }

 private:
  // False: the call has ended.
  bool Send(const FolderPage& page) {
    ImportAssetsRequest request;
    request.mutable_page()->set_path(page.path);
    if (std::string problem = Load(page, *request.mutable_page()->mutable_content()); !problem.empty()) {
      Reject(page, std::move(problem));
      return true;
    }
    while (waiting_ >= kWindow) {
      if (!Read()) return false;
    }
    ++waiting_;
    return stream_->Write(request);
  }

  // What keeps a page from being sent; empty: nothing.
  static std::string Load(const FolderPage& page, std::string& content) {
    if (!IsUtf8(page.path)) return "its name is not UTF-8; rename it";
    std::ifstream file(page.file, std::ios::binary);
    content.resize(kMaxPageBytes + 1);
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.eof() && !file) return "cannot be read";
    content.resize(static_cast<size_t>(file.gcount()));
    if (content.size() > kMaxPageBytes) return "is larger than 1 MiB; split it";
    return "";
  }

  void Reject(const FolderPage& page, std::string problem) {
    ImportAssetsResponse::Result result;
    result.set_path(Printable(page.path));
    result.set_outcome(ImportAssetsResponse::OUTCOME_REJECTED);
    result.add_problems(std::move(problem));
    ++rejected_here_;
    observer_(result);
  }

  bool Read() {
    ImportAssetsResponse response;
    if (!stream_->Read(response)) return false;
    for (const ImportAssetsResponse::Result& result : response.results()) {
      --waiting_;
      observer_(result);
    }
    if (response.has_summary()) summary_ = response.summary();
    return true;
  }

  const FolderOptions& options_;
  const PageObserver& observer_;
  ImportAssetsResponse::Summary& summary_;
  const std::unique_ptr<rpc::Stream> stream_;
  int64_t waiting_ = 0;
  int64_t rejected_here_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<FolderPage>> FindPages(const std::string& folder) {
  std::vector<FolderPage> pages;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().filename().string().starts_with('.')) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (it->is_regular_file(ignored) && IsMarkdown(it->path()))
      pages.push_back({it->path().lexically_relative(folder).generic_string(), it->path().string()});
  }
  if (error)
    return absl::InvalidArgumentError(fmt::format("{}: cannot be read: {}", folder, error.message()));
  if (pages.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}: has no Markdown page (.md, .markdown)", folder));
  }
  std::sort(pages.begin(), pages.end(),
            [](const FolderPage& a, const FolderPage& b) { return a.path < b.path; });
  return pages;
}

std::string SourceOf(const std::string& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (error) path = folder;
  std::string source;
  for (const char c : absl::AsciiStrToLower(path.filename().string())) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-') {
      source += c;
    } else if (!source.empty() && source.back() != '-') {
      source += '-';
    }
  }
  source.resize(std::min(source.size(), kMaxSource));
  while (source.ends_with('-')) source.pop_back();
  return source;
}

absl::Status ImportFolder(const std::vector<FolderPage>& pages, const FolderOptions& options,
                          rpc::Channel& channel, const PageObserver& observer,
                          ImportAssetsResponse::Summary& summary) {
  return FolderImport(options, observer, summary, channel.Open(kMethod, {.timeout = options.timeout}))
      .Run(pages);
}

}  // namespace finalmile::cli
