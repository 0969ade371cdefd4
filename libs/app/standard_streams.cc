#include "libs/app/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace finalmile::app {

void HoldStandardStreams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    // Lower numbers are taken, so this one comes. What is not open for writing fails when it is written.
    if (open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number) return;
  }
}

}  // namespace finalmile::app
