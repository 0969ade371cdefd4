#include "libs/app/run_service.h"
#include "services/leads/wiring.h"

int main(int argc, char** argv) { return finalmile::app::RunService(argc, argv, finalmile::leads::kModule); }
