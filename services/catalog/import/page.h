#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/violation.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/asset_id.h"

// One page of a folder of Markdown, read as an asset.
namespace finalmile::catalog::import {

inline constexpr size_t kMaxPageBytes = 1 << 20;
inline constexpr size_t kMaxFrontMatterBytes = 64 << 10;
inline constexpr size_t kMaxPathBytes = 512;
inline constexpr size_t kMaxProblems = 20;
inline constexpr size_t kMaxProblemCharacters = 500;
inline constexpr size_t kMaxIgnoredKeys = 100;

// As the header of ImportAssets says.
struct Defaults {
  // Names the folder: [a-z0-9_-], 1 to 64 characters.
  std::string source;
  // The kind of pages whose front matter names none.
  domain::AssetKind kind = domain::AssetKind::kMessageTraining;
  std::string owner;
  // The audience of trainings and attack packs that have none in front matter or folder; empty: they lack it.
  std::string audience = {};
};

// A fault of a page, or what is said of it.
struct Problem {
  // 1-based; 0: the page as a whole.
  int line = 0;
  // Says what is wrong and what to do; longer ones are cut to kMaxProblemCharacters.
  std::string reason;

  friend bool operator==(const Problem&, const Problem&) = default;
};

// What a page says of its own publication.
struct Publication {
  // Why it is not to be published, in its own words: "draft: true"; empty: nothing speaks against it.
  std::string withheld;
  // From when and until when it is published.
  std::optional<absl::Time> from;
  std::optional<absl::Time> until;
  // In its own words: "expiryDate: 2020-01-01".
  std::string until_word;

  friend bool operator==(const Publication&, const Publication&) = default;
};

struct Page {
  // Empty: the page is an asset, normalised and valid. Otherwise `asset` is of no use. The first kMaxProblems
  // that were found, in order of line; where there are more, a last one says how many.
  std::vector<Problem> problems;
  // The page has no text, as section pages of site generators have none: it is no asset. There is no problem
  // then, and `asset` is of no use.
  bool left_out = false;
  domain::Asset asset;
  // Required fields of its kind that it lacks: it stays a draft.
  std::vector<Violation> missing;
  Publication publication;
  // What was not taken as it was probably meant, as `problems`: misspelt keys, values out of form.
  std::vector<Problem> warnings;
  // Keys of the front matter that say nothing to a catalog, as they are written, in order; the first
  // kMaxIgnoredKeys.
  std::vector<std::string> ignored;
};

// Reads the page at `path` ("sales/pitch.md", relative, with /).
//
// A page may begin with front matter in YAML, TOML or JSON (SplitFrontMatter says how it is fenced), with a
// mapping at its top and without aliases. Its keys are the fields of asset.proto: title, kind, owner,
// summary, merge_fields (a list of names, or name: default, or name: {default, description}); the tags
// products, personas, industries, stages, situations, competitors, keywords (a value or a list) and language;
// and the fields of its kind's details (claims: [{claim, answer}], objections: [{objection, answer}], steps:
// [{text, assets}] or [text]). Case, hyphens, underscores and spaces of a key do not matter. Of the keys of
// site generators these are taken too: description, else excerpt, where there is no summary; tags,
// categories, taxonomies as keywords (at commas a text is several); lang and locale as language; and what
// publication.h reads. Any other key is ignored, with a warning where it is probably a known one misspelt, or
// of another kind than the page names. A value of a known key that cannot be kept (an owner's e-mail address,
// a stage that is none) gives a warning; the rules of the kind's details alone, and front matter that cannot
// be read, are problems.
//
// Where the front matter is silent: the title is the first heading (cut to 200 characters), else the file's
// name, of index.md and README.md the folder's; kind and owner are the defaults. A folder named like a tag
// ("industries") tags pages below with the next folder's name; a folder named like a stage, or two letters of
// a language, tags them with it. The messages of a training are the page's section headings: those of the
// highest level below the title, which is the heading it was taken from or a first one of level 1; each once,
// at most 100; of a page without any its first paragraph, else its first line. The audience of trainings and
// attack packs is the first folder below those that only hold a site together (content, docs, …, or a name
// that ends in handbook), else the default. A page in _drafts is withheld, and one in _posts has the date of
// its name, as in Jekyll. Nothing else is guessed.
//
// Never fails otherwise; time and memory grow with the page, which is refused above 1 MiB.
Page ReadPage(std::string_view path, std::string_view content, const Defaults& defaults);

// Whether a folder of the path says whom the page is for; otherwise the default audience does.
bool SaysAudience(std::string_view path);

// Says what is wrong with a path; empty: nothing.
std::string WrongPath(std::string_view path);

// The id of the asset that is made of the page at `path` of `source`: "handbook_sales_pitch" for ("handbook",
// "sales/pitch.md") while every part is of [a-z0-9-]; otherwise as much of it as can be kept, "__" and 16
// hexadecimal digits of a hash. Different pages have different ids (where hashed, but for 2⁻⁶⁴). An asset
// keeps its id when its page is renamed: a later page at the old path takes the id of attempt 1, 2, …, the
// first that is free.
domain::AssetId AssetIdOf(std::string_view source, std::string_view path, int attempt = 0);

// For fuzzing: reads `bytes` (path, line feed, content) and aborts if what must hold does not. Whether they
// are an asset.
bool FuzzPage(std::string_view bytes);

}  // namespace finalmile::catalog::import
