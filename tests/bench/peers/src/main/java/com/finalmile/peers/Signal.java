package com.finalmile.peers;

import java.util.List;

/**
 * What an activity counts: the part of the policy b2b-software-1 that needs no more than type and subject. The first one that
 * matches counts.
 *
 * @param subjects empty: any
 * @param perWeek the most points of a week; 0: no limit
 */
record Signal(String name, List<String> types, List<String> subjects, double points, boolean isShort, double perWeek,
              boolean handRaise) {
  static final List<Signal> ALL = List.of(
      new Signal("pricing_page", List.of("page_view"), List.of("pricing"), 15, true, 30, false),
      new Signal("comparison_page", List.of("page_view"), List.of("comparison", "roi", "security"), 12, true, 24, false),
      new Signal("product_page", List.of("page_view"), List.of(), 2, true, 10, false),
      new Signal("verified_click", List.of("email_click"), List.of(), 5, true, 15, false),
      new Signal("webinar_registered", List.of("webinar_registered"), List.of(), 5, false, 0, false),
      new Signal("demo_request", List.of("demo_request", "contact_sales", "chat_meeting", "inbound_call"), List.of(), 0, true, 0,
          true));

  /** Its place in ALL; -1: none matches. */
  static int match(String type, String subject) {
    for (int i = 0; i < ALL.size(); ++i) {
      Signal signal = ALL.get(i);
      if (signal.types.contains(type) && (signal.subjects.isEmpty() || signal.subjects.contains(subject))) return i;
    }
    return -1;
  }
}
