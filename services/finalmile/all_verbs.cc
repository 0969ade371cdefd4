#include "services/finalmile/commands/commands.h"

namespace finalmile::cli {

std::vector<Verb> AllVerbs() {
  std::vector<Verb> verbs;
  AddDev(verbs);
  AddDemo(verbs);
  for (const Verb& verb : ChannelVerbs()) verbs.push_back(verb);
  AddServe(verbs);
  AddDeploy(verbs);
  AddDoctor(verbs);
  return verbs;
}

}  // namespace finalmile::cli
