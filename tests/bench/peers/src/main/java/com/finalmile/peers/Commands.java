package com.finalmile.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * Carries out the lines of standard input one after the other: a verb and its arguments. Each is answered by a line that begins
 * with "ok", or by one that begins with "error". The process ends when its input does, also in the middle of a command.
 */
final class Commands {
  interface Handler {
    /** Returns what stands behind "ok" in the answer. */
    String run(String verb, String[] arguments) throws Exception;
  }

  private Commands() {}

  static void serve(Handler handler) throws IOException, InterruptedException {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    java.util.concurrent.BlockingQueue<String> lines = new java.util.concurrent.LinkedBlockingQueue<>();
    Thread reader = new Thread(() -> {
      try {
        for (String line = input.readLine(); line != null; line = input.readLine()) lines.add(line);
      } catch (IOException e) {
        System.err.println("standard input: " + e);
      }
      Runtime.getRuntime().halt(0);  // nobody waits for answers any more
    });
    reader.setDaemon(true);
    reader.start();
    for (;;) {
      String[] words = lines.take().split(" ");
      String[] arguments = java.util.Arrays.copyOfRange(words, 1, words.length);
      try {
        say("ok " + handler.run(words[0], arguments));
      } catch (Exception e) {
        say("error " + words[0] + ": " + e);
      }
    }
  }

  /** An answer before the last one of a command. */
  static synchronized void say(String line) {
    System.out.println(line.replace('\n', ' '));
    System.out.flush();
  }
}
