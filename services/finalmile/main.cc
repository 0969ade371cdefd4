#include "services/finalmile/run.h"

int main(int argc, char** argv) {
  return static_cast<int>(finalmile::cli::Run(std::vector<std::string>(argv + 1, argv + argc)));
}
