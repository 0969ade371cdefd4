package com.finalmile.peers;

import java.nio.ByteBuffer;

/** What the store keeps of a lead: times are microseconds since the epoch, and 0 is none. */
final class LeadState {
  static final double DAY_MICROS = 86_400e6;
  static final double SHORT_HALF_LIFE = 7 * DAY_MICROS;
  static final double LONG_HALF_LIFE = 30 * DAY_MICROS;

  double shortValue;
  long shortTime;
  double longValue;
  long longTime;
  long lastHandRaise;
  long readyTime;
  long seq = 1;
  int cycle;
  /** Points that count towards the weekly limit of each signal, in the week that was seen last. */
  long week;
  final double[] weekPoints = new double[Signal.ALL.size()];

  static LeadState read(byte[] bytes) {
    LeadState state = new LeadState();
    if (bytes == null) return state;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    state.shortValue = in.getDouble();
    state.shortTime = in.getLong();
    state.longValue = in.getDouble();
    state.longTime = in.getLong();
    state.lastHandRaise = in.getLong();
    state.readyTime = in.getLong();
    state.seq = in.getLong();
    state.cycle = in.getInt();
    state.week = in.getLong();
    for (int i = 0; i < state.weekPoints.length; ++i) state.weekPoints[i] = in.getDouble();
    return state;
  }

  byte[] write() {
    ByteBuffer out = ByteBuffer.allocate(68 + 8 * weekPoints.length);
    out.putDouble(shortValue).putLong(shortTime).putDouble(longValue).putLong(longTime);
    out.putLong(lastHandRaise).putLong(readyTime).putLong(seq).putInt(cycle).putLong(week);
    for (double points : weekPoints) out.putDouble(points);
    return out.array();
  }

  double engagementAt(long time) {
    return faded(shortValue, shortTime, SHORT_HALF_LIFE, time) + faded(longValue, longTime, LONG_HALF_LIFE, time);
  }

  void add(double points, boolean isShort, long time) {
    if (points == 0) return;
    if (isShort) {
      shortValue = sum(shortValue, shortTime, SHORT_HALF_LIFE, points, time);
      shortTime = Math.max(shortTime, time);
    } else {
      longValue = sum(longValue, longTime, LONG_HALF_LIFE, points, time);
      longTime = Math.max(longTime, time);
    }
  }

  private static double faded(double value, long time, double halfLife, long at) {
    return value == 0 ? 0 : value * Math.pow(2, -(at - time) / halfLife);
  }

  /** Both worth what they are at the later of their times. */
  private static double sum(double value, long time, double halfLife, double points, long at) {
    if (value == 0) return points;
    return at >= time ? faded(value, time, halfLife, at) + points : value + faded(points, at, halfLife, time);
  }
}
