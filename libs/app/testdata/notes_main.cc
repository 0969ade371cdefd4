#include "libs/app/run_service.h"
#include "libs/app/testdata/notes_module.h"

int main(int argc, char** argv) {
  return finalmile::app::RunService(argc, argv, finalmile::app::NotesModule("notes", true));
}
