package com.finalmile.peers;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ConsumerGroupState;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, exactly once: StreamsPeer BOOTSTRAP STATE_FOLDER. Commands:
 *
 * start APPLICATION INPUT OUTPUT COMMIT_MS: prepares to score INPUT from its beginning, with no state; answered when every thread
 * has its partitions.
 * resume: begins.
 * first: waits until records are committed, with what they led to; "ok first N".
 * await COUNT: until COUNT are; "ok await EVENTS" with the number of events since the start.
 * stop: ends the application, and removes its state and its topics.
 */
final class StreamsPeer implements Commands.Handler {
  private static final Duration START_LIMIT = Duration.ofSeconds(120);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
  private static final Duration AWAIT_LIMIT = Duration.ofMinutes(10);
  private static final long REQUEST_SECONDS = 30;
  private static final long POLL_MILLIS = 4;
  private static final int THREADS = 2;

  private final String bootstrap;
  private final Path folder;
  private final Admin admin;
  private final LongAdder events = new LongAdder();
  private KafkaStreams streams;
  private String application;

  private StreamsPeer(String bootstrap, Path folder) {
    this.bootstrap = bootstrap;
    this.folder = folder;
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] arguments) throws Exception {
    Commands.serve(new StreamsPeer(arguments[0], Path.of(arguments[1])));
  }

  @Override
  public String run(String verb, String[] arguments) throws Exception {
    switch (verb) {
      case "start" -> start(arguments[0], arguments[1], arguments[2], Integer.parseInt(arguments[3]));
      case "resume" -> streams.resume();
      case "first" -> {
        return "first " + await(1);
      }
      case "await" -> {
        await(Long.parseLong(arguments[0]));
        return "await " + events.sum();
      }
      case "stop" -> stop();
      default -> throw new IllegalArgumentException("unknown");
    }
    return verb;
  }

  private void start(String name, String input, String output, int commitMillis) throws Exception {
    application = name;
    events.reset();
    streams = new KafkaStreams(topology(input, output), settings(name, commitMillis));
    // The second thread joins a little later than the first one, which would have to hand over what it has begun.
    streams.pause();
    streams.start();
    until(START_LIMIT, "to have partitions", () -> {
      ConsumerGroupDescription group = admin.describeConsumerGroups(List.of(application)).all()
          .get(REQUEST_SECONDS, TimeUnit.SECONDS).get(application);
      return group.state() == ConsumerGroupState.STABLE && group.members().size() == THREADS;
    });
  }

  private Topology topology(String input, String output) {
    Topology topology = new Topology();
    topology.addSource("activities", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), input);
    topology.addProcessor("score", () -> new LeadScorer(events), "activities");
    for (String store : List.of(LeadScorer.LEADS, LeadScorer.SEEN)) {
      topology.addStateStore(Stores.keyValueStoreBuilder(
          Stores.persistentKeyValueStore(store), Serdes.String(), Serdes.ByteArray()), "score");
    }
    topology.addSink("events", output, Serdes.String().serializer(), Serdes.ByteArray().serializer(), "score");
    return topology;
  }

  private Properties settings(String name, int commitMillis) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitMillis);
    // A thread without records would otherwise wait for up to 100 ms before it commits what it has.
    settings.put(StreamsConfig.POLL_MS_CONFIG, commitMillis);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, THREADS);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    return settings;
  }

  private long await(long count) throws Exception {
    until(AWAIT_LIMIT, "to commit " + count, () -> committed() >= count);
    return committed();
  }

  private void until(Duration limit, String what, Callable<Boolean> done) throws Exception {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!done.call()) {
      if (!streams.state().isRunningOrRebalancing() && streams.state() != KafkaStreams.State.CREATED)
        throw new IllegalStateException("it is " + streams.state());
      if (System.nanoTime() > deadline) throw new TimeoutException(what);
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  /** Records of the input up to the offsets whose transactions are complete. */
  private long committed() throws Exception {
    Map<?, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(application).partitionsToOffsetAndMetadata().get(REQUEST_SECONDS, TimeUnit.SECONDS);
    long sum = 0;
    for (OffsetAndMetadata offset : offsets.values()) {
      if (offset != null) sum += offset.offset();
    }
    return sum;
  }

  private void stop() throws Exception {
    if (streams == null) return;
    if (!streams.close(STOP_LIMIT)) throw new TimeoutException("the application does not stop");
    streams.cleanUp();
    streams = null;
    List<String> topics = new ArrayList<>(admin.listTopics().names().get(REQUEST_SECONDS, TimeUnit.SECONDS));
    topics.removeIf(topic -> !topic.startsWith(application + "-"));
    admin.deleteTopics(topics).all().get(REQUEST_SECONDS, TimeUnit.SECONDS);
  }
}
