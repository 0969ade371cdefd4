#include "services/catalog/import/page.h"
#include "tests/fuzz/target.h"

namespace finalmile::fuzz {
namespace {

// The first line is the path.
std::vector<std::string> Seeds() {
  return {
      "sales/pitch.md\n---\ntitle: After a visit\nkind: email-template\nowner: mia\nstages: prospecting\n"
      "subject: \"Costs {{company}}\"\nmerge_fields:\n  company: {default: you, description: who}\n"
      "---\nDear {{company}}, …\n",
      "a/competitors/Acme/card.md\n---\nkind: battle_card\ncompetitor: Acme\nclaims:\n- claim: cheaper\n"
      "  answer: not over three years\nproducts: [Search, Print]\nlanguage: de\n---\nBody\n",
      "handbook/docs/sales/index.md\n# Title\n\n## Ask *first*\n\n| a | b |\n|---|---|\n| c | d |\n\n## "
      "Listen\n",
      "s.md\n---\nkind: phone_script\nopening: Hi\nquestions:\n- Who?\nobjections:\n- objection: no\n"
      "  answer: yes\n---\nx\n",
      "p.md\n---\nkind: attack_pack\ncompetitor: A\nsteps:\n- text: send\n  assets: [assets/card]\n- "
      "call\n---\nx",
      "industries/Retail/de/README.md\n\xEF\xBB\xBF\r\n---\r\nlayout: page\r\ntags: [a]\r\n...\r\nBody\r\n",
      "a.md\n---\ntitle: &a [*a]\n<<: {title: x}\n\"b\": !!binary x\n---\nx",
      "../a.md\ntext",
      "a.md\n---\ntitle: T\n"};
}

bool Run(std::string_view bytes) { return catalog::import::FuzzPage(bytes); }

}  // namespace

Target Page() { return {"page", &Run, &Seeds}; }

}  // namespace finalmile::fuzz
