package com.finalmile.peers;

import com.finalmile.leads.v1.Activity;
import com.finalmile.leads.v1.FadingValue;
import com.finalmile.leads.v1.LeadBecameSalesReady;
import com.finalmile.leads.v1.LeadEvent;
import com.finalmile.leads.v1.LeadScoreChanged;
import com.finalmile.leads.v1.Reason;
import com.finalmile.leads.v1.Score;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Scores the activities of leads as the leads service does, and tells what changed. */
final class LeadScorer implements Processor<String, byte[], String, byte[]> {
  static final String LEADS = "leads";
  static final String SEEN = "seen";

  private static final double FIT = 60;
  private static final double READY_FROM = 40;
  private static final double MIN_FIT = 50;
  private static final long RECROSS_AFTER = (long) (7 * LeadState.DAY_MICROS);
  private static final long HAND_RAISE_LIFE = (long) (30 * LeadState.DAY_MICROS);
  private static final double WEEK = 7 * LeadState.DAY_MICROS;
  private static final byte[] NOTHING = new byte[0];

  private final LongAdder events;
  private ProcessorContext<String, byte[]> context;
  private KeyValueStore<String, byte[]> leads;
  private KeyValueStore<String, byte[]> seen;

  /** @param events counts those that are told */
  LeadScorer(LongAdder events) {
    this.events = events;
  }

  @Override
  public void init(ProcessorContext<String, byte[]> given) {
    context = given;
    leads = given.getStateStore(LEADS);
    seen = given.getStateStore(SEEN);
  }

  @Override
  public void process(Record<String, byte[]> record) {
    Activity activity;
    try {
      activity = Activity.parseFrom(record.value());
    } catch (InvalidProtocolBufferException e) {
      return;  // the service parks it
    }
    if (!activity.getLead().equals(record.key())) return;
    String id = activity.getLead() + ' ' + activity.getSource() + ' ' + activity.getActivityId();
    if (seen.putIfAbsent(id, NOTHING) != null) return;
    int found = Signal.match(activity.getType(), activity.getSubject());
    if (found < 0 || activity.getOutbound() || activity.getAutomated()) return;
    score(record, activity, found);
  }

  private void score(Record<String, byte[]> record, Activity activity, int found) {
    Signal signal = Signal.ALL.get(found);
    long now = micros(Instant.now());
    long time = activity.getEventTime().getSeconds() * 1_000_000 + activity.getEventTime().getNanos() / 1000;
    LeadState lead = LeadState.read(leads.get(record.key()));
    double before = lead.engagementAt(now);
    Score told = score(lead, before, now);
    double points = counted(lead, found, signal.points() * Math.max(1, activity.getCount()), time);
    lead.add(points, signal.isShort(), time);
    if (signal.handRaise()) lead.lastHandRaise = Math.max(lead.lastHandRaise, time);
    double after = lead.engagementAt(now);
    boolean crosses = crosses(lead, after, now);
    if (crosses) {
      lead.readyTime = now;
      ++lead.cycle;
    }
    Score score = score(lead, after, now);
    Reason reason = Reason.newBuilder().setPart("engagement").setName(signal.name()).setText(signal.name()).setPoints(points)
        .setCount(1).setLastTime(activity.getEventTime()).build();
    if (points > 0) {
      send(record, lead, now, "LeadScoreChanged", LeadEvent.newBuilder().setLeadScoreChanged(LeadScoreChanged.newBuilder()
          .setBefore(told).setAfter(score).addReasons(reason).setCause("activity")));
    }
    if (crosses) {
      send(record, lead, now, "LeadBecameSalesReady", LeadEvent.newBuilder().setLeadBecameSalesReady(
          LeadBecameSalesReady.newBuilder().setLane(signal.handRaise() ? "hand-raise" : "engaged").setGrade(score.getGrade())
              .setScore(score).addReasons(reason).setLeadSource("webinar").setCauseTime(activity.getEventTime())
              .setCycle(lead.cycle).setHandRaise(signal.handRaise())));
    }
    leads.put(record.key(), lead.write());
  }

  /** The points that count within the limit of the week. */
  private static double counted(LeadState lead, int found, double points, long time) {
    double limit = Signal.ALL.get(found).perWeek();
    if (limit == 0) return points;
    long week = (long) Math.floor((time + 3 * LeadState.DAY_MICROS) / WEEK);
    if (week > lead.week) {
      lead.week = week;
      java.util.Arrays.fill(lead.weekPoints, 0);
    }
    double counts = Math.min(points, limit - lead.weekPoints[found]);
    lead.weekPoints[found] += counts;
    return counts;
  }

  private static boolean crosses(LeadState lead, double engagement, long now) {
    boolean asked = lead.lastHandRaise > 0 && now - lead.lastHandRaise <= HAND_RAISE_LIFE;
    boolean engaged = FIT >= MIN_FIT && engagement >= READY_FROM;
    return (asked || engaged) && now - lead.readyTime >= RECROSS_AFTER;
  }

  private static Score score(LeadState lead, double engagement, long now) {
    Score.Builder score = Score.newBuilder().setFit(FIT).setEngagement(engagement).setScore(FIT + engagement)
        .setGrade(grade(engagement)).setAsOf(timestamp(now)).setPolicy("policies/b2b-software-1");
    if (lead.shortValue > 0)
      score.setShortHalfLife(FadingValue.newBuilder().setValue(lead.shortValue).setTime(timestamp(lead.shortTime)));
    if (lead.longValue > 0)
      score.setLongHalfLife(FadingValue.newBuilder().setValue(lead.longValue).setTime(timestamp(lead.longTime)));
    if (lead.readyTime > 0) score.setLane("hand-raise").setReadyTime(timestamp(lead.readyTime));
    return score.build();
  }

  private static String grade(double engagement) {
    String fit = FIT >= 75 ? "A" : FIT >= 50 ? "B" : FIT >= 25 ? "C" : "D";
    return fit + (engagement >= 60 ? 1 : engagement >= 40 ? 2 : engagement >= 15 ? 3 : 4);
  }

  private void send(Record<String, byte[]> record, LeadState lead, long now, String type, LeadEvent.Builder event) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String id = new UUID(random.nextLong(), random.nextLong()).toString();
    long seq = ++lead.seq;
    events.increment();
    event.setId(id).setTime(timestamp(now)).setRecordedTime(timestamp(now)).setKey(record.key()).setSeq(seq);
    Headers headers = new RecordHeaders();
    add(headers, "ce_specversion", "1.0");
    add(headers, "ce_id", id);
    add(headers, "ce_source", "/finalmile/leads");
    add(headers, "ce_type", "finalmile.leads.v1." + type);
    add(headers, "ce_subject", record.key());
    add(headers, "ce_time", Instant.ofEpochSecond(now / 1_000_000, now % 1_000_000 * 1000).toString());
    add(headers, "ce_sequence", Long.toString(seq));
    add(headers, "content-type", "application/protobuf");
    context.forward(new Record<>(record.key(), event.build().toByteArray(), now / 1000, headers));
  }

  private static void add(Headers headers, String name, String value) {
    headers.add(name, value.getBytes(StandardCharsets.UTF_8));
  }

  private static long micros(Instant time) {
    return time.getEpochSecond() * 1_000_000 + time.getNano() / 1000;
  }

  private static Timestamp timestamp(long micros) {
    return Timestamp.newBuilder().setSeconds(micros / 1_000_000).setNanos((int) (micros % 1_000_000) * 1000).build();
  }
}
