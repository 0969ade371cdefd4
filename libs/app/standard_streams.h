#pragma once

namespace finalmile::app {

// Gives the numbers 0 to 2 to streams that fail where the process was started with one of them closed: the
// next file that is opened, such as a store, would get the number, and what is printed would go into it. To
// be called first, before any other file is opened.
void HoldStandardStreams();

}  // namespace finalmile::app
