#include "services/catalog/import/page.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

// Followed, its aliases would be a million problems.
std::string AliasBomb() {
  std::string page = "a.md\n---\nkind: attack_pack\nx: &a [";
  for (int i = 0; i < 1'000; ++i) page += "[],";
  page += "]\nsteps:\n";
  for (int i = 0; i < 1'000; ++i) page += "- {assets: *a}\n";
  return page + "---\nx";
}

// The first line is the path.
std::vector<std::string> Seeds() {
  return {
      R"(sales/pitch.md
---
title: After a visit
kind: email-template
owner: mia
stages: prospecting
subject: "Costs {{company}}"
merge_fields:
  company: {default: you, description: who}
---
Dear {{company}}, …
)",
      R"(a/competitors/Acme/card.md
---
kind: battle_card
competitor: Acme
claims:
- claim: cheaper
  answer: not over three years
products: [Search, Print]
language: de
---
Body
)",
      R"(a/toml.mdx
+++
title = "Granite {#granite}"
draft = true
publishDate = 2031-01-05
tags = ["a", "b"]
[params]
x = [1, {y = 2}]
+++
import A from './a';

Dear %FIRSTNAME%, `{{x}}` \{{y}} [First Name]
)",
      R"(a/json.md
{
  "title": "Basalt", "taxonomies": {"tags": [{"label": "x"}]}, "expiryDate": "1/2/2031"
}
Text
)",
      R"(handbook/docs/sales/index.md
# Title

## Ask *first*

| a | b |
|---|---|
| c | d |

## Listen
)",
      R"(s.md
---
kind: phone_script
opening: Hi
questions:
- Who?
objections:
- objection: no
  answer: yes
---
x
)",
      R"(p.md
---
kind: attack_pack
competitor: A
steps:
- text: send
  assets: [assets/card]
- call
---
x)",
      "industries/Retail/de/README.md\n\xEF\xBB\xBF\r\n---\r\nlayout: page\r\ntags: [a]\r\n...\r\nBody\r\n",
      R"(a.md
---
title: &a [*a]
<<: {title: x}
"b": !!binary x
---
x)",
      AliasBomb(),
      "../a.md\ntext",
      "a.md\n---\ntitle: T\n"};
}

bool Run(std::string_view bytes) { return catalog::import::FuzzPage(bytes); }

}  // namespace

Target Page() { return {"page", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
