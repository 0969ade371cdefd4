#include "services/finalmile/import/folder.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
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

constexpr int kListedAtOnce = 1'000;

constexpr std::array<std::string_view, 9> kMarkdown = {".md",   ".markdown", ".mdown", ".mkd", ".mkdn",
                                                       ".mdwn", ".mdx",      ".qmd",   ".rmd"};
// What else people keep texts in.
constexpr std::array<std::string_view, 21> kOtherText = {
    ".adoc",      ".asciidoc", ".doc", ".docx",    ".htm", ".html", ".ipynb",
    ".mediawiki", ".odp",      ".odt", ".org",     ".pdf", ".ppt",  ".pptx",
    ".rst",       ".rtf",      ".tex", ".textile", ".txt", ".wiki", ".xhtml"};

template <size_t N>
bool OneOf(std::string_view extension, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), extension) != list.end();
}

class FolderImport {
 public:
  FolderImport(const FolderOptions& options, const PageObserver& observer,
               ImportAssetsResponse::Summary& summary, std::unique_ptr<rpc::Stream> stream)
      : options_(options), observer_(observer), summary_(summary), stream_(std::move(stream)) {}

  absl::Status Run(const std::vector<FolderPage>& pages) {
    ImportAssetsRequest request;
    *request.mutable_header() = options_.header;
    bool open = stream_->Write(request) && List(pages);
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
  // Says which pages there are, so that a renamed one is known.
  bool List(const std::vector<FolderPage>& pages) {
    ImportAssetsRequest request;
    auto& paths = *request.mutable_listing()->mutable_paths();
    for (const FolderPage& page : pages) {
      if (!IsUtf8(page.path)) continue;
      *paths.Add() = page.path;
      if (paths.size() < kListedAtOnce) continue;
      if (!stream_->Write(request)) return false;
      paths.Clear();
    }
    return paths.empty() || stream_->Write(request);
  }

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
    if (!page.problem.empty()) return page.problem;
    // A link that was put there meanwhile is not followed.
    const int descriptor = open(page.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) return "cannot be read";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fdopen(descriptor, "rb"), &std::fclose);
    content.resize(kMaxPageBytes + 1);
    content.resize(std::fread(content.data(), 1, content.size(), file.get()));
    if (std::ferror(file.get()) != 0) return "cannot be read";
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

// A link may lead to a file of the folder, and nowhere else: what an import reads is published.
void Follow(const fs::path& root, FolderPage& page) {
  std::error_code error;
  const fs::path target = fs::canonical(page.file, error);
  const bool inside =
      !error && std::mismatch(root.begin(), root.end(), target.begin(), target.end()).first == root.end();
  if (error) {
    page.problem = "is a link that leads to no file";
  } else if (!inside) {
    page.problem = "is a link that leads out of the folder; put a copy of the file in its place";
  } else if (!fs::is_regular_file(target, error)) {
    page.problem = "is a link that leads to no regular file";
  }
  page.file = target.string();
}

}  // namespace

absl::StatusOr<FolderPages> FindPages(const std::string& folder) {
  FolderPages found;
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().filename().string().starts_with('.')) {
      it.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    const bool link = it->is_symlink(ignored);
    if (!link && !it->is_regular_file(ignored)) continue;
    const std::string extension = absl::AsciiStrToLower(it->path().extension().string());
    if (OneOf(extension, kOtherText)) ++found.left_out[extension];
    if (!OneOf(extension, kMarkdown)) continue;
    FolderPage page{it->path().lexically_relative(folder).generic_string(), it->path().string(), ""};
    if (link) Follow(root, page);
    found.pages.push_back(std::move(page));
  }
  if (error)
    return absl::InvalidArgumentError(fmt::format("{}: cannot be read: {}", folder, error.message()));
  if (found.pages.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: has no Markdown page ({}){}", folder, fmt::join(kMarkdown, ", "),
                    found.left_out.empty() ? "" : fmt::format(", but {}", LeftOutText(found.left_out))));
  }
  std::sort(found.pages.begin(), found.pages.end(),
            [](const FolderPage& a, const FolderPage& b) { return a.path < b.path; });
  return found;
}

std::string LeftOutText(const std::map<std::string, int64_t>& left_out) {
  std::vector<std::string> parts;
  for (const auto& [extension, count] : left_out) parts.push_back(fmt::format("{} {}", count, extension));
  return fmt::format("{}", fmt::join(parts, ", "));
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
