#include "services/catalog/import/front_matter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libs/base/text.h"
#include "libs/text/edit_distance.h"
#include "services/catalog/import/publication.h"

namespace finalmile::catalog::import {
namespace {

using domain::Asset;
using Kind = Matter::Kind;

// What a page of one kind means by "kind" in Hugo.
constexpr std::array<std::string_view, 5> kSiteKinds = {"page", "section", "home", "taxonomy", "term"};
// Near misses of these are told too; PublicationReader knows them.
constexpr std::array<std::string_view, 5> kPublicationKeys = {"draft", "published", "publish_date",
                                                              "expiry_date", "unlisted"};

std::string KindNames() {
  std::string names;
  for (int kind = 1; kind <= domain::kAssetKinds; ++kind) {
    if (kind > 1) names += ", ";
    names += domain::KindName(static_cast<domain::AssetKind>(kind));
  }
  return names;
}

std::string TextOf(const Matter& value, std::string_view name, Problems& faults) {
  if (value.kind == Kind::kText || value.kind == Kind::kNull) return value.text;
  std::string text;
  if (value.kind == Kind::kMap) {
    faults.Add(value.line, fmt::format("{} must be a text; put one with braces in quotes", name));
    return text;
  }
  for (const Matter& item : value.items) {
    if (item.kind == Kind::kNull) continue;
    if (item.kind != Kind::kText) {
      faults.Add(item.line, fmt::format("{} must be a text, or a list of texts", name));
      continue;
    }
    if (!text.empty()) text += ", ";
    text += item.text;
  }
  return text;
}

// The texts of a value however deep they lie; a text is several at commas.
void Flatten(const Matter& value, std::vector<std::string>& texts) {
  if (value.kind == Kind::kText) {
    std::string_view rest = value.text;
    while (true) {
      const size_t comma = rest.find_first_of(",;");
      texts.emplace_back(Trim(rest.substr(0, comma)));
      if (comma == std::string_view::npos) return;
      rest.remove_prefix(comma + 1);
    }
  }
  for (const Matter& item : value.items) Flatten(item, texts);
  // Docusaurus writes a tag as {label, permalink}.
  const auto label = std::find_if(value.entries.begin(), value.entries.end(), [](const Matter::Entry& entry) {
    return entry.key == "label" || entry.key == "name";
  });
  if (label != value.entries.end()) return Flatten(label->value, texts);
  for (const Matter::Entry& entry : value.entries) Flatten(entry.value, texts);
}

void TakeMergeFields(const Matter& value, std::vector<domain::MergeField>& fields, Problems& faults,
                     Problems& warnings) {
  if (value.kind != Kind::kMap) {
    std::vector<std::string> names;
    Into("merge_fields", names)(value, faults, warnings);
    for (std::string& name : names) fields.push_back({std::move(name), {}, ""});
    return;
  }
  for (const Matter::Entry& entry : value.entries) {
    domain::MergeField& field = fields.emplace_back();
    field.name = entry.key;
    if (entry.value.kind != Kind::kMap) {
      if (entry.value.kind != Kind::kNull) field.default_value = TextOf(entry.value, "merge_fields", faults);
      continue;
    }
    for (const Matter::Entry& inner : entry.value.entries) {
      if (inner.value.kind == Kind::kNull) continue;
      const std::string key = FoldKey(inner.key);
      if (key == "default") {
        field.default_value = TextOf(inner.value, "default", faults);
      } else if (key == "description") {
        field.description = TextOf(inner.value, "description", faults);
      } else {
        warnings.Add(inner.line, fmt::format("merge_fields has no {}: it is not taken", inner.key));
      }
    }
  }
}

class Reader {
 public:
  Reader(Asset& asset, FrontMatter& found) : asset_(asset), found_(found) {}

  void Run(const Matter& top) {
    if (!ReadKind(top)) return;
    asset_.details = domain::EmptyDetails(asset_.kind);
    AddKeys();
    for (const Matter::Entry& entry : top.entries) Read(entry);
    for (std::string* text : {&description_, &excerpt_}) {
      if (Trim(asset_.summary).empty()) asset_.summary = *text;
    }
    if (Trim(asset_.tags.language).empty()) asset_.tags.language = locale_;
    std::replace(asset_.tags.language.begin(), asset_.tags.language.end(), '_', '-');
    for (const Problem& problem : publication_.unread()) found_.warnings.Add(problem.line, problem.reason);
    found_.publication = publication_.Done();
  }

 private:
  // The kind says which other keys there are. False: it is none.
  bool ReadKind(const Matter& top) {
    for (const Matter::Entry& entry : top.entries) {
      if (FoldKey(entry.key) != "kind" || entry.value.kind == Kind::kNull) continue;
      const std::string name = TextOf(entry.value, "kind", found_.problems);
      const std::string lower = Lower(Trim(name));
      if (std::find(kSiteKinds.begin(), kSiteKinds.end(), lower) != kSiteKinds.end()) {
        Ignore(entry.key);
        continue;
      }
      asset_.kind = domain::ParseKind(name);
      found_.names_kind = true;
      if (asset_.kind != domain::AssetKind::kUnspecified) continue;
      found_.problems.Add(entry.value.line, fmt::format("kind must be one of {}", KindNames()));
      return false;
    }
    return true;
  }

  void AddKeys() {
    const auto list = [&](std::string name, std::vector<std::string>& target) {
      AddKey(name, "tags." + name, Into(name, target), keys_);
    };
    const auto text = [&](std::string name, std::string path, std::string& target) {
      AddKey(name, std::move(path), Into(name, target), keys_);
    };
    AddKey(
        "kind", "kind", [](const Matter&, Problems&, Problems&) {}, keys_);
    text("title", "title", asset_.title);
    text("owner", "owner", asset_.owner);
    text("summary", "summary", asset_.summary);
    text("description", "description", description_);
    text("excerpt", "excerpt", excerpt_);
    AddKey(
        "merge_fields", "merge_fields",
        [this](const Matter& value, Problems& faults, Problems& warnings) {
          TakeMergeFields(value, asset_.merge_fields, faults, warnings);
        },
        keys_);
    list("products", asset_.tags.products);
    list("personas", asset_.tags.personas);
    list("industries", asset_.tags.industries);
    list("stages", asset_.tags.stages);
    list("situations", asset_.tags.situations);
    list("competitors", asset_.tags.competitors);
    text("language", "tags.language", asset_.tags.language);
    text("lang", "lang", locale_);
    text("locale", "locale", locale_);
    for (const char* name :
         {"keywords", "keyword", "tags", "tag", "categories", "category", "taxonomies", "taxonomy"}) {
      AddKey(
          name, name,
          [this](const Matter& value, Problems&, Problems&) { Flatten(value, asset_.tags.keywords); }, keys_);
    }
    AddDetailKeys(asset_, keys_);
  }

  void Read(const Matter::Entry& entry) {
    const std::string folded = FoldKey(entry.key);
    if (folded.empty()) return found_.warnings.Add(entry.line, "a key must be one word: it is not taken");
    const auto known = keys_.find(folded);
    if (known == keys_.end()) {
      if (!publication_.Take(folded, entry)) Unknown(entry, folded);
    } else if (const Key& key = known->second; !found_.lines.emplace(key.path, entry.line).second) {
      found_.problems.Add(entry.line, fmt::format("{} is given twice", key.name));
    } else if (entry.value.kind != Kind::kNull) {
      // What is everybody's may be meant otherwise; a kind's details are ours.
      const bool ours =
          key.path == "merge_fields" || key.path.starts_with(domain::DetailsName(asset_.details));
      key.take(entry.value, ours ? found_.problems : found_.warnings, found_.warnings);
    }
  }

  void Unknown(const Matter::Entry& entry, const std::string& folded) {
    // Finding out what was meant takes long.
    if (found_.warnings.full()) return Ignore(entry.key);
    for (int kind = 1; found_.names_kind && kind <= domain::kAssetKinds; ++kind) {
      Asset other;
      other.kind = static_cast<domain::AssetKind>(kind);
      other.details = domain::EmptyDetails(other.kind);
      Keys theirs;
      AddDetailKeys(other, theirs);
      if (!theirs.contains(folded)) continue;
      return found_.warnings.Add(
          entry.line, fmt::format("{} belongs to the kind {}, and this page is a {}: it is not taken",
                                  entry.key, domain::KindName(other.kind), domain::KindName(asset_.kind)));
    }
    if (const std::string nearest = Nearest(folded); !nearest.empty()) {
      found_.warnings.Add(
          entry.line, fmt::format("unknown key {}; did you mean {}? It is not taken", entry.key, nearest));
    } else {
      Ignore(entry.key);
    }
  }

  void Ignore(const std::string& key) {
    if (found_.ignored.size() < kMaxIgnoredKeys) found_.ignored.push_back(Printable(key, 60));
  }

  // One edit, or two in a long word: most keys of site generators are short and like nothing of ours.
  std::string Nearest(const std::string& folded) const {
    const std::u32string letters = text::Letters(folded);
    const size_t limit = text::ForgivenEdits(letters.size());
    if (limit == 0) return "";
    std::string best;
    size_t least = limit + 1;
    const auto consider = [&](const std::string& candidate, std::string_view name) {
      const size_t distance = text::EditDistance(letters, text::Letters(candidate), limit);
      if (distance >= least) return;
      least = distance;
      best = name;
    };
    for (const auto& [candidate, key] : keys_) consider(candidate, key.name);
    for (const std::string_view name : kPublicationKeys) consider(FoldKey(name), name);
    return best;
  }

  Asset& asset_;
  FrontMatter& found_;
  Keys keys_;
  PublicationReader publication_;
  std::string description_;
  std::string excerpt_;
  std::string locale_;
};

}  // namespace

std::string FoldKey(std::string_view key) {
  std::string folded = Lower(Trim(key));
  std::erase_if(folded, [](char c) { return c == '-' || c == '_' || c == ' '; });
  return folded;
}

void AddKey(std::string name, std::string path, Take take, Keys& keys) {
  std::string folded = FoldKey(name);
  keys.emplace(std::move(folded), Key{std::move(name), std::move(path), std::move(take)});
}

Take Into(std::string name, std::string& target) {
  return [name = std::move(name), &target](const Matter& value, Problems& faults, Problems&) {
    target = TextOf(value, name, faults);
  };
}

Take Into(std::string name, std::vector<std::string>& target) {
  return [name = std::move(name), &target](const Matter& value, Problems& faults, Problems&) {
    if (value.kind != Kind::kList) {
      target.push_back(TextOf(value, name, faults));
      return;
    }
    for (const Matter& item : value.items) target.push_back(TextOf(item, name, faults));
  };
}

FrontMatter ReadFrontMatter(const Split& split, Asset& asset) {
  FrontMatter found;
  if (split.first_line == 0) return found;
  try {
    const Matter top = ParseMatter(split);
    if (top.kind == Kind::kMap) {
      Reader(asset, found).Run(top);
    } else if (top.kind != Kind::kNull) {
      found.problems.Add(top.line, "the front matter must be a mapping, key: value");
    }
  } catch (const MatterError& error) {
    found.problems.Add(error.line, fmt::format("in the front matter: {}", error.what()));
  }
  return found;
}

}  // namespace finalmile::catalog::import
