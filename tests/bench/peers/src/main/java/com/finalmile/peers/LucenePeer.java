package com.finalmile.peers;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Lucene, in this process: LucenePeer INDEX_FOLDER. Commands:
 *
 * index DOCUMENTS: reads a file of JSON lines, and indexes them; "ok index N".
 * run QUERIES: every line of the file once, one after the other; "ok run CPU_MICROSECONDS MICROSECONDS:TOTAL …", for each query.
 */
final class LucenePeer implements Commands.Handler {
  private final Path folder;
  private SearchIndex index;

  private LucenePeer(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    Commands.serve(new LucenePeer(Path.of(arguments[0])));
  }

  @Override
  public String run(String verb, String[] arguments) throws Exception {
    switch (verb) {
      case "index" -> index = new SearchIndex(Path.of(arguments[0]), folder);
      case "run" -> {
        return "run " + measure(Files.readAllLines(Path.of(arguments[0])));
      }
      default -> throw new IllegalArgumentException("unknown");
    }
    return "index " + index.size();
  }

  private String measure(List<String> queries) throws Exception {
    // The time of all threads: what collects garbage and compiles belongs to the work.
    OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long cpu = process.getProcessCpuTime();
    long[] took = new long[queries.size()];
    long[] totals = new long[queries.size()];
    for (int i = 0; i < took.length; ++i) {
      long start = System.nanoTime();
      totals[i] = index.search(queries.get(i)).total();
      took[i] = System.nanoTime() - start;
    }
    cpu = process.getProcessCpuTime() - cpu;
    StringBuilder answer = new StringBuilder(Long.toString(cpu / 1000));
    for (int i = 0; i < took.length; ++i) answer.append(' ').append(took[i] / 1000).append(':').append(totals[i]);
    return answer.toString();
  }
}
