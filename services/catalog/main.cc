#include "libs/app/run_service.h"
#include "services/catalog/wiring.h"

int main(int argc, char** argv) {
  return finalmile::app::RunService(argc, argv, finalmile::catalog::kModule);
}
