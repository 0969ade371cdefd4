#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"
#include "services/catalog/domain/asset.h"

// One page of a folder of Markdown, read as an asset.
namespace finalmile::catalog::import {

inline constexpr size_t kMaxPageBytes = 1 << 20;
inline constexpr size_t kMaxFrontMatterBytes = 64 << 10;
inline constexpr size_t kMaxPathBytes = 512;
inline constexpr size_t kMaxProblems = 20;
inline constexpr size_t kMaxProblemCharacters = 500;

// As the header of ImportAssets says.
struct Defaults {
  // Names the folder: [a-z0-9_-], 1 to 64 characters.
  std::string source;
  // The kind of pages whose front matter names none.
  domain::AssetKind kind = domain::AssetKind::kMessageTraining;
  std::string owner;
};

// A fault that keeps a page from being an asset.
struct Problem {
  // 1-based; 0: the page as a whole.
  int line = 0;
  // Says what is wrong and what to do; longer ones are cut to kMaxProblemCharacters.
  std::string reason;

  friend bool operator==(const Problem&, const Problem&) = default;
};

struct Page {
  // Empty: the page is an asset, normalised and valid. Otherwise `asset` is of no use. The first kMaxProblems
  // that were found, in order of line; where there are more, a last one says how many.
  std::vector<Problem> problems;
  domain::Asset asset;
  // Required fields of its kind that it lacks: it stays a draft.
  std::vector<Violation> missing;
  // Keys of the front matter that belong to site generators and were passed over, in order.
  std::vector<std::string> ignored;
};

// Reads the page at `path` ("sales/pitch.md", relative, with /).
//
// A page may begin with front matter: YAML between two lines ---, with a mapping at its top and without
// aliases. Its keys are the fields of asset.proto: title, kind, owner, summary, merge_fields (a list of
// names, or name: default, or name: {default, description}); the tags products, personas, industries, stages,
// situations, competitors (a value or a list) and language; and the fields of its kind's details (claims:
// [{claim, answer}], objections: [{objection, answer}], steps: [{text, assets}] or [text]). Any other key is
// a problem that names the nearest known one, but for those that site generators use, which are passed over.
// Hyphens are as good as underscores.
//
// Where the front matter is silent: the title is the first heading (cut to 200 characters), else the file's
// name, of index.md and README.md the folder's; kind and owner are the defaults. A folder named like a tag
// ("industries") tags pages below with the next folder's name; a folder named like a stage, or two letters of
// a language, tags them with it. The messages of a training are the page's section headings: those of the
// highest level below the title, which is the heading it was taken from or a first one of level 1; each once,
// at most 100. The audience of trainings and attack packs is the first folder below those that only hold a
// site together (content, docs, …, or a name that ends in handbook). Nothing else is guessed.
//
// Never fails otherwise; time and memory grow with the page, which is refused above 1 MiB.
Page ReadPage(std::string_view path, std::string_view content, const Defaults& defaults);

// Says what is wrong with a path; empty: nothing.
std::string WrongPath(std::string_view path);

// The id of the asset that the page at `path` of `source` is, for ever: "handbook_sales_pitch" for
// ("handbook", "sales/pitch.md") while every part is of [a-z0-9-]; otherwise as much of it as can be kept,
// "__" and 16 hexadecimal digits of a hash. Different pages have different ids (where hashed, but for 2⁻⁶⁴).
std::string AssetIdOf(std::string_view source, std::string_view path);

// For fuzzing: reads `bytes` (path, line feed, content) and aborts if what must hold does not. Whether they
// are an asset.
bool FuzzPage(std::string_view bytes);

}  // namespace finalmile::catalog::import
