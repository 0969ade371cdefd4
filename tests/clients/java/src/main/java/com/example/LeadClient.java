package com.example;

import com.finalmile.leads.v1.CreateLeadRequest;
import com.finalmile.leads.v1.GetLeadRequest;
import com.finalmile.leads.v1.Lead;
import com.finalmile.leads.v1.LeadEvent;
import com.finalmile.leads.v1.LeadServiceGrpc;
import com.finalmile.leads.v1.LeadServiceGrpc.LeadServiceBlockingStub;
import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Creates leads, reads them back, and waits until the suite tells of them over Kafka. It shows what a client of FinalMile does
 * in Java; README.md of the protos has the rules behind it.
 *
 * <p>Options, each with a value: --target, --token-file, --service-config, --bootstrap, --group, --leads.
 */
public final class LeadClient {
  private static final String TOPIC = "finalmile.leads.events.v1";
  /** Of one call, its repeats included. Calls wait for a server that serves, so each needs a deadline. */
  private static final Duration CALL = Duration.ofSeconds(20);
  private static final Duration HEAR = Duration.ofSeconds(60);
  /** A connection that breaks, or a replica that stops; which of them, differs from library to library. */
  private static final Set<Code> REPEATED = Set.of(Code.UNAVAILABLE, Code.CANCELLED, Code.UNKNOWN, Code.INTERNAL);

  private final Map<String, String> options;

  private LeadClient(Map<String, String> options) {
    this.options = options;
  }

  public static void main(String[] arguments) {
    Map<String, String> options = new HashMap<>(Map.of(
        "--target", "127.0.0.1:7000", // dns:///NAME:PORT uses every replica behind a name
        "--service-config", "service_config.json",
        "--bootstrap", "127.0.0.1:9092",
        "--group", "example-java",
        "--leads", "1"));
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    try {
      new LeadClient(options).run();
    } catch (StatusRuntimeException error) {
      System.err.println("LeadClient: " + explain(error));
      System.exit(1);
    } catch (IOException | RuntimeException error) {
      System.err.println("LeadClient: " + error);
      System.exit(1);
    }
  }

  private void run() throws IOException {
    ManagedChannel channel = newChannel();
    try {
      LeadServiceBlockingStub stub = newStub(channel);
      Map<String, Long> created = new HashMap<>(); // when its creation began, by the lead's name
      String last = "";
      for (int left = Integer.parseInt(options.get("--leads")); left > 0; --left) {
        long begin = System.nanoTime();
        last = create(stub).getName();
        created.put(last, begin);
      }
      Heard heard = hear(created.keySet());
      if (created.size() == 1) {
        double seconds = (System.nanoTime() - created.get(last)) / 1e9;
        System.out.printf(Locale.ROOT, "created %s, read it, heard LeadCreated after %.1f s%n", last, seconds);
      } else {
        System.out.printf("created %d leads, read them, heard %d LeadCreated, dropped %d repeats%n",
            created.size(), heard.events(), heard.repeats());
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private ManagedChannel newChannel() throws IOException {
    String config = Files.readString(Path.of(options.get("--service-config")));
    // TlsChannelCredentials where the server has TLS.
    return Grpc.newChannelBuilder(options.get("--target"), InsecureChannelCredentials.create())
        .defaultServiceConfig(new Gson().<Map<String, ?>>fromJson(config, Map.class))
        .disableServiceConfigLookUp() // ours, and none that a name server has
        .enableRetry()
        .build();
  }

  private LeadServiceBlockingStub newStub(ManagedChannel channel) throws IOException {
    Metadata headers = new Metadata();
    if (options.containsKey("--token-file")) {
      String token = Files.readString(Path.of(options.get("--token-file"))).strip();
      headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    }
    return LeadServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Makes a lead and reads it back. However often the call is repeated, its request_id makes it take effect once. */
  private static Lead create(LeadServiceBlockingStub stub) {
    CreateLeadRequest request = CreateLeadRequest.newBuilder()
        .setLead(Lead.newBuilder().setCompany("Example").setCompanyDomain("example.com").setLeadSource("java-example"))
        .setRequestId(UUID.randomUUID().toString())
        .build();
    Lead lead = call(stub, each -> each.createLead(request));
    return call(stub, each -> each.getLead(GetLeadRequest.newBuilder().setName(lead.getName()).build()));
  }

  /**
   * Repeats a call until its deadline. gRPC repeats by the service config as well, but no more than five times, and nothing
   * that was answered in part.
   */
  private static <T> T call(LeadServiceBlockingStub stub, Function<LeadServiceBlockingStub, T> method) {
    Deadline deadline = Deadline.after(CALL.toMillis(), TimeUnit.MILLISECONDS);
    for (long wait = 100; ; wait = Math.min(2 * wait, 2000)) {
      try {
        return method.apply(stub.withDeadline(deadline));
      } catch (StatusRuntimeException error) {
        if (!REPEATED.contains(error.getStatus().getCode()) || deadline.timeRemaining(TimeUnit.MILLISECONDS) < wait) {
          throw error;
        }
      }
      try {
        Thread.sleep(ThreadLocalRandom.current().nextLong(wait / 2, wait));
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", interrupted);
      }
    }
  }

  /** How many LeadCreated were heard, and how many records were dropped because they had come before. */
  private record Heard(int events, int repeats) {}

  /** What of a record matters here. */
  private record Told(String key, long sequence, LeadEvent event) {}

  /** Consumes the topic until it has heard LeadCreated of every lead in {@code created}. */
  private Heard hear(Set<String> created) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", options.get("--bootstrap"));
    properties.put("group.id", options.get("--group"));
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    // Key -> the ce_sequence that was applied last. A program that acts on events keeps it in its store, together with the
    // effect.
    Map<String, Long> seen = new HashMap<>();
    Set<String> waiting = new HashSet<>(created);
    int events = 0;
    int repeats = 0;
    long end = System.nanoTime() + HEAR.toNanos();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(TOPIC));
      while (!waiting.isEmpty()) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException(waiting.size() + " leads were not heard of within " + HEAR.toSeconds() + " s");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          Told told = read(record);
          if (told == null) {
            System.err.printf("passed over: %s/%d offset %d is no lead event%n",
                record.topic(), record.partition(), record.offset());
          } else if (told.sequence() <= seen.getOrDefault(told.key(), 0L)) {
            ++repeats;
          } else {
            seen.put(told.key(), told.sequence());
            // EVENT_NOT_SET is an event of a later version than our protos.
            if (told.event().getEventCase() == LeadEvent.EventCase.LEAD_CREATED && created.contains(told.key())) {
              ++events;
              waiting.remove(told.key());
            }
          }
        }
        consumer.commitSync(); // after the effect, never before: a crash repeats records and loses none
      }
    }
    return new Heard(events, repeats);
  }

  /** Null where the record is no event, since anybody may write to a topic. */
  private static Told read(ConsumerRecord<byte[], byte[]> record) {
    try {
      String key = header(record, "ce_subject");
      long sequence = Long.parseLong(header(record, "ce_sequence"));
      if (key.isEmpty() || sequence < 1 || record.value() == null) {
        return null;
      }
      return new Told(key, sequence, LeadEvent.parseFrom(record.value()));
    } catch (NumberFormatException | InvalidProtocolBufferException error) {
      return null;
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null ? "" : new String(header.value(), UTF_8);
  }

  /** The code tells whether to repeat a call, the reason what to do otherwise; the text is for people. */
  private static String explain(StatusRuntimeException error) {
    String reason = "";
    com.google.rpc.Status details = StatusProto.fromThrowable(error);
    if (details != null) {
      for (Any detail : details.getDetailsList()) {
        try {
          if (detail.is(ErrorInfo.class)) {
            reason = " / " + detail.unpack(ErrorInfo.class).getReason();
          }
        } catch (InvalidProtocolBufferException malformed) {
          // The code and the text remain.
        }
      }
    }
    return error.getStatus().getCode() + reason + ": " + error.getStatus().getDescription();
  }
}
