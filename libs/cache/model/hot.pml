/* The protocol of near cache, cache and store (libs/cache/near_cache.h), for Spin.
 *
 * One writer changes a thing. One process reads it through a near cache, with a listener; another reads and
 * fills the cache without one. (A near cache is seen by its own process alone, so one of them is enough.) Every
 * atomic block is one instant of the real thing: a look-up (one MGET in Redis; the TIME that goes before it only
 * makes the age of what is filled count from earlier), a fill (a script), a commit, a burial, a step of the
 * listener. Between them anything may happen, and time may pass.
 *
 * What must hold of an answer to a look-up that began at `asked`:
 *   BOUND   its version was current at some moment within the last S, whatever is lost (FAULTS);
 *   HEALTH  it is no older than a version that had been buried and of which its process had heard. Not with
 *           FAULTS: a lost invalidation costs freshness within S.
 *
 * Each rule can be left out, and then one of the two fails (libs/cache/model/check runs them all):
 *   NO_VERSION_CHECK      fills and look-ups compare no versions: the last to set wins
 *   DELETE                a write deletes the entry instead of leaving a tombstone
 *   SHORT_TOMBSTONE       the tombstone does not live S
 *   FILL_ENDS_TOMBSTONE   entry and tombstone share a key, so that a fill takes the tombstone away
 *   LIFE_FROM_FILL        an entry's life counts from its fill, not from before the store was read
 *   WHOLE_LIFE_NEAR       a near entry lives S, not what was left of the life of the cache's entry
 *   KEEP_OVERTAKEN        what a look-up brings is kept though the key was changed meanwhile
 */

#define S 2
#define END 6      /* the last instant */
#define VERSIONS 2
#define NEVER 255

byte now = 0;

/* The store: its version, and when each version ceased to be current. */
byte store = 1;
byte ceased[VERSIONS + 1] = NEVER;

/* The cache. */
byte entry = 0, entry_ends = 0;
byte least = 0, least_ends = 0;

/* The near cache of process 0. */
byte near = 0, near_ends = 0;
bool overtaken = false;
byte underway = 0;  /* the invalidation on its way there */

/* The newest version that was buried, and of which process 0 has heard. */
byte buried = 0, heard = 0;

inline answer(version) {
  assert(ceased[version] == NEVER || ceased[version] + S > asked);  /* BOUND */
#ifndef FAULTS
  assert(version >= known);  /* HEALTH */
#endif
}

/* The cache's look-up: what may be answered into `got`, else 0. */
inline look_up() {
  t0 = now;
  if
#ifdef NO_VERSION_CHECK
  :: entry > 0 && now < entry_ends -> got = entry
#else
  :: entry > 0 && now < entry_ends && (now >= least_ends || entry >= least) -> got = entry
#endif
  :: else -> got = 0
  fi
}

/* The cache's script for fills: whether `got` stands. */
inline fill() {
  if
#ifdef NO_VERSION_CHECK
  :: true -> stands = true; set_entry()
#else
  :: now < least_ends && got < least -> stands = false
#ifndef LIFE_FROM_FILL
  :: now >= t0 + S -> stands = false
#endif
  :: else ->
     if
     :: entry > got -> stands = false
     :: entry == got && entry_ends >= t0 + S -> stands = true
     :: else -> stands = true; set_entry()
     fi
#endif
  fi
}

inline set_entry() {
  entry = got;
#ifdef LIFE_FROM_FILL
  entry_ends = now + S;
#else
  entry_ends = t0 + S;
#endif
#ifdef FILL_ENDS_TOMBSTONE
  least = 0; least_ends = 0
#endif
}

inline keep(ends) {
  if
#ifndef KEEP_OVERTAKEN
  :: overtaken
#endif
  :: now >= ends
  :: else -> near = got; near_ends = ends
  fi
}

/* The process with the near cache. */
proctype Reader() {
  byte asked, known, t0, got, ends;
  bool stands;
  do
  :: atomic {
       now < END ->
       asked = now; known = heard;
       if
       :: near > 0 -> answer(near); goto answered
       :: else -> overtaken = false
       fi
     };
     atomic {
       look_up();
#ifdef WHOLE_LIFE_NEAR
       ends = asked + S;
#else
       ends = asked + (entry_ends - now);
#endif
       if
       :: got == 0 -> ends = asked + S
       :: else
       fi
     };
     if
     :: got > 0 -> stands = true
     :: else ->
        got = store;
        atomic { fill(); t0 = 0 }
     fi;
     atomic {
       if
       :: stands -> keep(ends)
       :: else
       fi;
       answer(got);
answered:
       asked = 0; known = 0; t0 = 0; got = 0; ends = 0; stands = false
     }
  od
}

/* The process without. */
proctype Filler() {
  byte asked, known, t0, got;
  bool stands;
  do
  :: atomic {
       now < END ->
       asked = now; known = buried;
       look_up();
       if
       :: got > 0 -> answer(got); goto answered
       :: else
       fi
     };
     got = store;
     atomic {
       fill();
       answer(got);
answered:
       asked = 0; known = 0; t0 = 0; got = 0; stands = false
     }
  od
}

proctype Writer() {
  byte version;
  do
  :: store < VERSIONS ->
     atomic { ceased[store] = now; store = store + 1; version = store };
     if
     :: atomic {  /* the burial */
          true ->
#ifdef DELETE
          entry = 0;
#else
          least = version;
#ifdef SHORT_TOMBSTONE
          least_ends = now + 1;
#else
          least_ends = now + S;
#endif
          if
          :: entry < version -> entry = 0; entry_ends = 0
          :: else
          fi;
#endif
          underway = version; buried = version
        }
#ifdef FAULTS
     :: true  /* the writer died, or the cache was away */
#endif
     fi
  :: else -> break
  od
}

proctype Listener() {
  do
  :: atomic { underway > 0 -> near = 0; near_ends = 0; overtaken = true; heard = underway; underway = 0 }
#ifdef FAULTS
  :: atomic { underway > 0 -> underway = 0 }
#endif
  od
}

#ifdef FAULTS
/* Eviction, or a restart, of either key. */
proctype Eviction() {
  do
  :: atomic { entry > 0 -> entry = 0; entry_ends = 0 }
  :: atomic { least > 0 -> least = 0; least_ends = 0 }
  od
}
#endif

/* What has ended is cleared, so that Spin does not tell apart what no look-up can. */
proctype Time() {
  do
  :: atomic {
       now < END ->
       now++;
       if :: entry > 0 && now >= entry_ends -> entry = 0; entry_ends = 0 :: else fi;
       if :: least > 0 && now >= least_ends -> least = 0; least_ends = 0 :: else fi;
       if :: near > 0 && now >= near_ends -> near = 0; near_ends = 0 :: else fi
     }
  :: else -> break
  od
}

init {
  atomic {
    run Reader(); run Filler(); run Writer(); run Listener(); run Time();
#ifdef FAULTS
    run Eviction();
#endif
  }
}
