#include "services/finalmile/run.h"

int main(int argc, char** argv) { return finalmile::cli::Main(argc, argv); }
