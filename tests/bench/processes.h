#pragma once

#include <sys/types.h>

#include "tests/bench/report.h"

namespace finalmile::bench {

// CPU time in seconds that the processes this one has started have used so far.
struct CpuUsed {
  // One program; the PostgreSQL and the Kafka broker that it uses, with all their processes.
  double program = 0;
  double postgres = 0;
  double broker = 0;
};
// In steps of 10 ms.
CpuUsed CpuOf(pid_t program);
// The same of all of them, and of those that they have started, together; what has ended counts too.
double StartedCpu();
// CpuOf, where this process, or a thread of it, is the program and says what it has used: OwnCpu(),
// ThreadCpu().
CpuUsed CpuBeside(double program);

// Adds to `sample` what was used since `before` in µs per operation: "cpu" by the program, "postgres" and
// "broker", and "whole" by all of them.
void AddCpu(const CpuUsed& before, const CpuUsed& after, double operations, Sample& sample);

// Resident memory of a process in MiB; 0: there is no such process.
double ResidentMib(pid_t pid);

}  // namespace finalmile::bench
