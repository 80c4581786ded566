/*
 * One partition of one group: how its records take effect exactly once. This is the protocol of docs/protocol.md as the code has
 * it; docs/model.md says which statement is which step, and what is left out. model/run checks it.
 *
 * Abstractions, each with the reason why it loses nothing:
 * - Group membership does not exist. Any consumer may believe at any moment that the partition is its own, and one that is
 *   suspended is one that is not scheduled: every rebalance and every late awakening is among the runs.
 * - A transaction that takes its locks before it reads and is never waited for by its own process (a claim, a release, a move by
 *   hand) is one step: nobody sees anything of it before it commits, and it sees the newest row.
 * - A client learns at once what its server did to it: what it does not know yet it does not act on, and nobody else sees it.
 * - Tokens are only ever compared. A value that nobody holds any more is as good as a new random one, so that there is no limit on
 *   the number of claims.
 * - After a move by hand, or a rebind, effects are counted anew, and the records below the new offset count as done: what is read again
 *   then is meant to be.
 *
 * Everything that is defined by the preprocessor is a protocol with one rule missing or changed; see variants.txt.
 */

#ifndef RECORDS
#define RECORDS 2       /* the log's length */
#endif
#ifndef BATCH
#define BATCH 2         /* the largest unit */
#endif
#ifndef CONSUMERS
#define CONSUMERS 2
#endif
#ifndef RECREATIONS
#define RECREATIONS 1   /* how often Kafka's topic is deleted and created again */
#endif

/* ---- The rules; each variant takes one away or changes it. ---- */

#ifdef NO_TOKEN
#define TOKEN_HOLDS(c) true
#else
#define TOKEN_HOLDS(c) (me[c].token == db.token)
#endif

#ifdef NO_PREVIOUS
#define PREVIOUS_HOLDS(c) true
#define FORWARD(c) true
#else
#define PREVIOUS_HOLDS(c) (me[c].position == db.offset)
#define FORWARD(c) (me[c].end >= me[c].position)
#endif

#if defined(NO_TRANSACTION_ID) || defined(OFFSET_AFTER)
#define SAME_TRANSACTION(c) true
#else
#define SAME_TRANSACTION(c) (!me[c].ended)
#endif

#ifdef PREVIOUS_AT_BEGIN
#define PREVIOUS_HOLDS_AT_ADVANCE(c) true
#else
#define PREVIOUS_HOLDS_AT_ADVANCE(c) (PREVIOUS_HOLDS(c) && FORWARD(c))
#endif

#ifdef NO_FIRST_CHECK
#define HOLDS_AT_BEGIN(c) true
#else
#define HOLDS_AT_BEGIN(c) (TOKEN_HOLDS(c) && PREVIOUS_HOLDS(c))
#endif

#ifdef ADVANCE_FIRST
#define CAN_BEGIN (lock == FREE)
#define CAN_ADVANCE(c) (lock == c)
#elif defined(OFFSET_AFTER)
#define CAN_BEGIN true
#define CAN_ADVANCE(c) (lock == FREE && me[c].ended)
#else
#define CAN_BEGIN true
#define CAN_ADVANCE(c) (lock == FREE)
#endif

/* CLAIM_BY_SELECT reads the row and writes nothing; CLAIM_READS_FIRST reads the offset before the UPDATE that waits for the row. */
#ifdef CLAIM_BY_SELECT
#define CAN_CLAIM true
#else
#define CAN_CLAIM (lock == FREE)
#endif

#ifdef OFFSET_NOT_PLUS_ONE
#define NEXT_AFTER(end) (end - 1)
#else
#define NEXT_AFTER(end) end
#endif

/* How a topic that is created again is noticed: by a timer, of which is assumed that it comes before the next poll (the default),
   before each commit (STRICT), or too late (LATE_TIMER). */
#if defined(STRICT) || defined(LATE_TIMER)
#define MAY_POLL(c) true
#else
#define MAY_POLL(c) (kafka == me[c].topic)
#endif

#ifdef IDENTITY_BEFORE
#define MAY_LOOK (db.topic == kafka)
#else
#define MAY_LOOK true
#endif

#if defined(NO_IDENTITY) || defined(IDENTITY_BEFORE)
#define BINDING_AGREES(c) true
#else
#define BINDING_AGREES(c) (me[c].topic == db.topic)
#endif

#if defined(NO_PROBE)
#define LOST(c) false
#elif defined(PROBE_OF_TOKEN)
#define LOST(c) (me[c].token != db.token)
#else
#define LOST(c) (me[c].token != db.token || db.offset < me[c].position)
#endif

#ifdef STRICT
#define HANDLED CONFIRMED
#else
#define HANDLED WORKING
#endif

/* ---- State ---- */

/* What is committed, and what a replica or a backup of it has. Bit widths keep states small: offsets are at most 6, topics 3, and
   there are at most 12 tokens at a time. */
typedef Database {
    unsigned offset : 3;    /* stored_offset.next_offset */
    unsigned token : 4;     /* stored_offset.owner_token; 0 is null */
    unsigned epoch : 4;     /* stored_offset.owner_epoch, only where it serves as the token */
    unsigned topic : 2;     /* topic_binding.topic_id */
    unsigned effects : 18;  /* the handler's tables: a bit for each record of each topic */
    unsigned claim : 4      /* no column, for the monitor: the last claim; 0 if it was fenced or released */
}
Database db;
Database copy;

unsigned kafka : 2 = 1;     /* the id of the topic that Kafka has now; ids never come back */

#define FREE CONSUMERS
#define ORPHAN (CONSUMERS + 1)
unsigned lock : 3 = FREE;   /* who holds the row's lock: a consumer, or a session whose client is gone */

/* The transaction that holds it. */
typedef Pending {
    bool sent;              /* an orphan's: COMMIT is on its way to the server */
    bool effects;           /* they are part of it */
    unsigned first : 3;     /* its records: from this one */
    unsigned end : 3;       /* up to this one, exclusively */
    unsigned source : 2;    /* their topic */
    unsigned claim : 4
}
Pending tx;

/* A consumer's memory. */
typedef Memory {
    unsigned phase : 3;
    unsigned token : 4;
    unsigned position : 3;  /* the claim's offset, which the next advance compares */
    unsigned topic : 2;     /* the topic that the claim was made for, as Kafka said before it */
    unsigned buffer : 3;    /* the offset of the first buffered record */
    unsigned source : 2;    /* the topic of the buffered records; 0 if there are none */
    unsigned end : 3;       /* where the open unit ends */
    bool ended;             /* the handler has ended the unit's transaction: what follows is in another one */
    unsigned claim : 4      /* for the monitor */
}
Memory me[CONSUMERS];

#define IDLE 0          /* no claim */
#define LOOKED 1        /* has asked Kafka for the topic's id */
#define CLAIMED 2
#define WORKING 3       /* has begun a unit, and runs the handler */
#define CONFIRMED 4     /* has asked Kafka again (STRICT) */
#define ADVANCED 5      /* holds the row; COMMIT is next */

unsigned recreations : 2 = 0;
byte i, j, n;           /* scratch: 0 between steps, or they would tell states apart that are the same */
bool used;

/* ---- The monitor ---- */

bool twice;             /* a record takes effect that has done so already */
bool foreign;           /* a record takes effect that is not of the topic which the binding names */
bool missing;           /* a record below next_offset has not taken effect */
bool ahead;             /* a record that is not below next_offset has taken effect */
bool fenced;            /* a unit commits under a claim that is no longer the last one: what its successor read was not final */

#define EFFECT(topic, record) (1 << ((topic - 1) * RECORDS + record))
#define LOG_BELOW_NEXT (((1 << db.offset) - 1) << ((db.topic - 1) * RECORDS))

/* Their order needs no monitor of its own: after every commit the effects are the log up to next_offset, so each commit can only add
   what follows. */
inline checkEffects() {
    missing = (LOG_BELOW_NEXT & ~db.effects) != 0;
    assert(!missing);
#ifndef IGNORE_AHEAD
    ahead = (db.effects & ~LOG_BELOW_NEXT) != 0;
    assert(!ahead)
#endif
}

inline checkOwner(theClaim) {
#ifdef IGNORE_FENCED
    skip
#else
    fenced = (theClaim != db.claim);
    assert(!fenced)
#endif
}

inline takeEffect(ofTopic, from, to) {
    i = from;
    do
    :: i < to ->
        twice = (db.effects & EFFECT(ofTopic, i)) != 0;
        assert(!twice);
        foreign = (ofTopic != db.topic);
        assert(!foreign);
        db.effects = db.effects | EFFECT(ofTopic, i);
        i++
    :: else -> break
    od;
    i = 0
}

/* model/run checks that each of these is reached, or a verdict that something never fails would mean nothing. */
#ifndef REACH
#define REACH 0
#endif
#define APPLIED 1
#define FENCED_AT_BEGIN 2
#define FENCED_BY_TOKEN 3
#define FENCED_BY_PREVIOUS 4
#define LATE_COMMIT 5
#define LATE_ABORT 6
#define FAILOVER_LOSES 7
#define BEGUN_BEFORE_LATE_COMMIT 8
#define ENDED_BY_HANDLER 9
#define CLAIM_REFUSED 10
#define REBOUND_UNDER_UNIT 11
#define MOVED_UNDER_UNIT 12
#define CONFIRM_REFUSED 13
#define ALL_FAULTS 14
#define reached(event) assert(REACH != event)

#if REACH == ALL_FAULTS
byte seen = 0;          /* a late commit, a failover that loses, a move, a death with a unit open */
#define see(fault) seen = seen | (1 << fault)
#else
#define see(fault) skip
#endif

/* ---- The server ---- */

inline unlock() {
    lock = FREE;
    tx.sent = false; tx.effects = false; tx.first = 0; tx.end = 0; tx.source = 0; tx.claim = 0
}

/* The row's new version and the effects become visible together. */
inline commit() {
    if
    :: tx.effects -> takeEffect(tx.source, tx.first, tx.end)
    :: else
    fi;
    db.offset = NEXT_AFTER(tx.end);
    checkEffects();
    checkOwner(tx.claim);
    unlock()
}

/* A value that is nowhere any more: not in the row or its copy, in no process, in no open transaction. */
inline newToken() {
    n = 0;
    do
    :: n++;
       used = (n == db.token || n == db.claim || n == copy.token || n == copy.claim || n == tx.claim);
       i = 0;
       do
       :: i < CONSUMERS -> used = (used || n == me[i].token || n == me[i].claim); i++
       :: else -> break
       od;
       if
       :: used
       :: else -> break
       fi
    od;
    i = 0
}

inline anyOffset() {
    n = 0;
    do
    :: n < RECORDS -> n++
    :: break
    od
}

/* The trigger fence_manual_move. */
inline moved(to) {
    db.offset = to;
    db.effects = LOG_BELOW_NEXT;
#ifdef COUNTER
    db.epoch++;
#endif
#ifndef TRIGGER_OFF
    db.token = 0;
    db.claim = 0
#endif
}

inline copyDatabase(from, to) {
    to.offset = from.offset; to.token = from.token; to.epoch = from.epoch; to.topic = from.topic;
    to.effects = from.effects; to.claim = from.claim
}

/* ---- A consumer ---- */

inline forget(c) {
    me[c].phase = IDLE;
    me[c].token = 0; me[c].claim = 0; me[c].position = 0; me[c].topic = 0; me[c].end = 0; me[c].ended = false;
#ifndef STALE_BUFFER
    me[c].buffer = 0; me[c].source = 0
#endif
}

/* The same unit is tried again under the same claim. */
inline retry(c) {
    me[c].phase = CLAIMED; me[c].end = 0; me[c].ended = false
}

inline proceed(c) {
    me[c].position = NEXT_AFTER(me[c].end);
    me[c].buffer = me[c].end;
    retry(c)
}

/* COMMIT was sent, and no reply says what became of it. */
inline commitUnknown(c) {
#if defined(UNKNOWN_RETRIES)
    retry(c)
#elif defined(UNKNOWN_ASSUMES)
    proceed(c)
#else
    forget(c)
#endif
}

inline checkApplied() {
    if
    :: db.offset == RECORDS -> reached(APPLIED)
    :: else
    fi;
#if REACH == ALL_FAULTS
    if
    :: seen == 15 && db.offset == RECORDS -> reached(ALL_FAULTS)
    :: else
    fi
#endif
}

inline leaveTransaction(c, isSent) {
    if
    :: lock == c -> lock = ORPHAN; tx.sent = isSent
    :: else
    fi
}

inline openTransaction(c) {
    lock = c;
#ifdef OFFSET_BEFORE
    tx.effects = false;
#else
    tx.effects = !me[c].ended;
#endif
    tx.first = me[c].buffer; tx.end = me[c].end; tx.source = me[c].source; tx.claim = me[c].claim
}

inline refuse(c) {
#if defined(COUNT_IGNORED) || defined(PIPELINED)
    /* The row stays as it is, and the effects commit. */
    if
    :: lock == c -> unlock()
    :: else
    fi;
    if
    :: !me[c].ended -> takeEffect(me[c].source, me[c].buffer, me[c].end); checkEffects(); checkOwner(me[c].claim)
    :: else
    fi;
#endif
#ifdef COUNT_IGNORED
    proceed(c)
#else
    forget(c)
#endif
}

/* With LIVE=n the question is another one: whether a consumer that Kafka leaves alone gets to the end of the log after n faults,
   although one that had the partition before it stops for ever at any point. */
#ifdef LIVE
byte faults = LIVE;
bool once;              /* consumer 0 has claimed; it is not assigned again */
bool stopped;           /* consumer 0 does nothing any more, and its connection stays open */
#define FAULT (faults > 0)
#define fault() faults--
#define MAY_CLAIM(c) (c > 0 || !once)
#define claimedOnce(c) once = (once || c == 0)
#define RUNS(c) (c > 0 || !stopped)
#ifdef NO_IDLE_TIMEOUT
#define SILENT(c) false
#else
#define SILENT(c) (c == 0 && stopped)
#endif
#ifdef STOPS_IN_HANDLER
#define MAY_STOP (me[0].phase == WORKING)
#else
#define MAY_STOP true
#endif
ltl progress { []<> (db.offset == RECORDS) }
#else
#define FAULT true
#define fault() skip
#define MAY_CLAIM(c) true
#define claimedOnce(c) skip
#define RUNS(c) true
#define SILENT(c) true
#endif

/* The row after a claim: `StoredOffsetTable.CLAIM`. */
inline claimRow() {
    newToken();
    db.claim = n;
#if defined(COUNTER)
    db.epoch++;
    db.token = db.epoch
#elif !defined(CLAIM_BY_SELECT)
    db.token = n
#endif
}

inline begin(c, records) {
    if
    :: lock == ORPHAN -> reached(BEGUN_BEFORE_LATE_COMMIT)
    :: else
    fi;
    if
    :: HOLDS_AT_BEGIN(c) ->
        me[c].phase = WORKING;
        me[c].end = me[c].buffer + records;
        printf("consumer %d: begins a unit: records %d to %d of topic %d\n", c, me[c].buffer, me[c].end - 1, me[c].source);
#ifdef ADVANCE_FIRST
        openTransaction(c)
#endif
    :: else ->
        printf("consumer %d: is fenced when it begins\n", c);
        if
        :: me[c].token == db.token -> reached(FENCED_BY_PREVIOUS)
        :: else -> reached(FENCED_AT_BEGIN)
        fi;
        forget(c)
    fi
}

proctype Consumer(byte c) {
    do
    /* Which topic Kafka has. */
    :: d_step { RUNS(c) && me[c].phase == IDLE && MAY_CLAIM(c) && MAY_LOOK ->
        me[c].phase = LOOKED;
        me[c].topic = kafka;
#ifdef CLAIM_READS_FIRST
        me[c].position = db.offset;
#endif
        printf("consumer %d: asks Kafka for the topic's id: %d\n", c, kafka)
       }
    /* Claim. The binding is compared in the transaction that claims. */
    :: d_step { RUNS(c) && me[c].phase == LOOKED && CAN_CLAIM && BINDING_AGREES(c) ->
        claimRow();
        me[c].phase = CLAIMED;
        me[c].token = db.token; me[c].claim = n;
#ifndef CLAIM_READS_FIRST
        me[c].position = db.offset;
#endif
#ifdef STALE_BUFFER
        if
        :: me[c].source == 0 -> me[c].buffer = me[c].position
        :: else
        fi;
#else
        me[c].buffer = me[c].position;
#endif
        claimedOnce(c);
        n = 0;
        printf("consumer %d: claims at offset %d with token %d\n", c, me[c].position, db.token)
       }
    :: d_step { RUNS(c) && me[c].phase == LOOKED && CAN_CLAIM && BINDING_AGREES(c) && FAULT ->
        fault();
        claimRow();
        printf("consumer %d: claims at offset %d with token %d, but the reply is lost\n", c, db.offset, db.token);
        n = 0;
        forget(c)
       }
    :: d_step { RUNS(c) && me[c].phase == LOOKED && !BINDING_AGREES(c) ->
        printf("consumer %d: the claim is refused, since the binding names topic %d\n", c, db.topic);
        reached(CLAIM_REFUSED);
        forget(c)
       }
    /* Poll. */
    :: d_step { RUNS(c) && me[c].phase == CLAIMED && me[c].source != kafka && me[c].buffer < RECORDS ->
        if
        :: MAY_POLL(c) ->
            me[c].source = kafka;
            printf("consumer %d: polls records of topic %d from offset %d\n", c, kafka, me[c].buffer)
        :: else ->
            printf("consumer %d: the topic was created again, halts\n", c);
            forget(c)
        fi
       }
    /* Begin a unit: a plain read, which waits for nothing. */
    :: d_step { RUNS(c) && me[c].phase == CLAIMED && me[c].source != 0 && me[c].buffer < RECORDS && CAN_BEGIN -> begin(c, 1) }
#if BATCH > 1
    :: d_step { RUNS(c) && me[c].phase == CLAIMED && me[c].source != 0 && me[c].buffer + 1 < RECORDS && CAN_BEGIN -> begin(c, 2) }
#endif
    /* The handler fails, or waits for a lock too long, or the connection breaks: the unit is rolled back. */
    :: d_step { RUNS(c) && (me[c].phase == WORKING || me[c].phase == CONFIRMED) && FAULT ->
        fault();
        printf("consumer %d: the unit is rolled back and tried again\n", c);
        leaveTransaction(c, false);
        retry(c)
       }
#ifndef OFFSET_AFTER
    /* The handler rolls back by a way that is not guarded, and goes on in what is another transaction. */
    :: d_step { RUNS(c) && me[c].phase == WORKING && !me[c].ended && FAULT ->
        fault();
        printf("consumer %d: the handler rolls back\n", c);
        me[c].ended = true
       }
#endif
#if defined(HANDLER_COMMITS) || defined(OFFSET_AFTER)
    /* The effects are committed without the offset. */
    :: d_step { me[c].phase == WORKING && !me[c].ended ->
        printf("consumer %d: the effects commit by themselves\n", c);
        me[c].ended = true;
        takeEffect(me[c].source, me[c].buffer, me[c].end);
        checkEffects()
       }
#endif
#ifdef STRICT
    :: d_step { RUNS(c) && me[c].phase == WORKING ->
        if
        :: kafka == me[c].topic ->
            me[c].phase = CONFIRMED
        :: else ->
            printf("consumer %d: the topic was created again, halts\n", c);
            reached(CONFIRM_REFUSED);
            leaveTransaction(c, false);
            forget(c)
        fi
       }
#endif
    /* Advance: waits for the row, and compares what it is then. */
    :: d_step { RUNS(c) && me[c].phase == HANDLED && CAN_ADVANCE(c) ->
        if
        :: TOKEN_HOLDS(c) && PREVIOUS_HOLDS_AT_ADVANCE(c) && SAME_TRANSACTION(c) ->
            printf("consumer %d: advances from %d to %d\n", c, me[c].position, NEXT_AFTER(me[c].end));
            openTransaction(c);
            me[c].phase = ADVANCED
        :: else ->
            printf("consumer %d: the advance moves nothing\n", c);
            if
            :: me[c].ended -> reached(ENDED_BY_HANDLER)
            :: !me[c].ended && me[c].position == db.offset -> reached(FENCED_BY_TOKEN)
            :: else
            fi;
            refuse(c)
        fi
       }
    /* COMMIT, and its reply. */
    :: d_step { RUNS(c) && me[c].phase == ADVANCED ->
        printf("consumer %d: COMMIT\n", c);
        commit();
        proceed(c);
        checkApplied()
       }
#ifdef ADVANCE_FIRST
    /* The handler went on after a failed statement, and the driver returns from commit() as if it had committed. */
    :: d_step { RUNS(c) && me[c].phase == ADVANCED ->
        printf("consumer %d: COMMIT of a failed transaction\n", c);
        unlock();
        proceed(c)
       }
#endif
    /* The connection breaks: before COMMIT was sent, or after it. */
    :: d_step { RUNS(c) && me[c].phase == ADVANCED && FAULT ->
        fault();
        printf("consumer %d: loses its connection before COMMIT, tries again\n", c);
        leaveTransaction(c, false);
        retry(c)
       }
    :: d_step { RUNS(c) && me[c].phase == ADVANCED && FAULT ->
        fault();
        printf("consumer %d: loses its connection after COMMIT was sent\n", c);
        leaveTransaction(c, true);
        commitUnknown(c)
       }
    /* The process dies, or gives the partition up: whatever it knew is gone. */
    :: d_step { RUNS(c) && me[c].phase != IDLE && FAULT ->
        fault();
        if
        :: me[c].phase == WORKING -> see(3)
        :: else
        fi;
        printf("consumer %d: dies\n", c);
        leaveTransaction(c, false);
        forget(c)
       }
    :: d_step { RUNS(c) && me[c].phase == ADVANCED && FAULT ->
        fault();
        printf("consumer %d: sends COMMIT and dies\n", c);
        leaveTransaction(c, true);
        forget(c)
       }
    /* The control thread compares the claim with the row, in case there is nothing to read that would show it. */
    :: d_step { RUNS(c) && me[c].phase == CLAIMED && LOST(c) ->
        printf("consumer %d: sees that its claim is gone\n", c);
        forget(c)
       }
    /* Release, a courtesy. */
    :: d_step { RUNS(c) && me[c].phase == CLAIMED && lock == FREE && me[c].token == db.token && FAULT ->
        fault();
        db.token = 0; db.claim = 0;
        printf("consumer %d: releases its claim\n", c);
        forget(c)
       }
    od
}

/* What PostgreSQL does to sessions: a COMMIT that arrives late, or never; a transaction whose client is gone or silent is ended. */
proctype Server() {
    do
    :: d_step { lock == ORPHAN && tx.sent ->
        printf("server: a COMMIT arrives whose client is gone\n");
        reached(LATE_COMMIT); see(0);
        commit()
       }
    :: d_step { lock == ORPHAN ->
        printf("server: ends a transaction whose client is gone\n");
        reached(LATE_ABORT);
        unlock()
       }
    /* Its client has not sent COMMIT: it learns at its next statement, or only from that. */
    :: d_step { lock < CONSUMERS && SILENT(lock) ->
        printf("server: ends the transaction of consumer %d\n", lock);
        j = lock;
        unlock();
        retry(j);
        j = 0
       }
    :: d_step { lock < CONSUMERS && SILENT(lock) && me[lock].phase == ADVANCED ->
        printf("server: ends the transaction of consumer %d, which learns from its COMMIT\n", lock);
        j = lock;
        unlock();
        commitUnknown(j);
        j = 0
       }
    od
}

/* A replica is promoted, or a backup restored: what was committed since is lost, and so are open transactions. */
inline failover() {
    printf("world: failover to offset %d, token %d\n", copy.offset, copy.token);
    if
    :: copy.offset < db.offset && copy.token == db.token -> reached(FAILOVER_LOSES); see(1)
    :: else
    fi;
    copyDatabase(copy, db);
    unlock()
}

inline unitsBreak() {
    j = 0;
    do
    :: j < CONSUMERS ->
        if
        :: me[j].phase >= WORKING -> retry(j)
        :: else
        fi;
        j++
    :: else -> break
    od;
    j = 0
}

/* What happens to database and topic from outside. */
proctype World() {
    do
    :: d_step {
        db.offset != copy.offset || db.token != copy.token || db.epoch != copy.epoch || db.topic != copy.topic ||
        db.claim != copy.claim ->
        printf("world: the replica has caught up\n");
        copyDatabase(db, copy)
       }
    :: d_step { FAULT -> fault(); failover(); unitsBreak() }
    :: d_step { lock < CONSUMERS && me[lock].phase == ADVANCED && FAULT ->
        fault();
        j = lock;
        failover();
        commitUnknown(j);
        unitsBreak()
       }
    /* UPDATE stored_offset SET next_offset, reset_offset, undo_reset: to any place. */
    :: atomic { lock == FREE && FAULT ->
        fault();
        anyOffset();
        d_step {
            printf("operator: moves the offset from %d to %d\n", db.offset, n);
            if
            :: me[0].phase == WORKING -> reached(MOVED_UNDER_UNIT)
            :: else
            fi;
            see(2);
            moved(n);
            n = 0
        }
       }
#ifdef LIVE
    :: d_step { !stopped && MAY_STOP ->
        stopped = true;
        printf("world: consumer 0 is suspended for good\n")
       }
#endif
    :: d_step { recreations < RECREATIONS ->
        recreations++;
        kafka++;
        printf("kafka: the topic is deleted and created again, with id %d\n", kafka)
       }
    /* rebind_topic. */
    :: atomic { lock == FREE && db.topic != kafka ->
        anyOffset();
        d_step {
            printf("operator: rebinds to topic %d at offset %d\n", kafka, n);
            if
            :: me[0].phase == WORKING -> reached(REBOUND_UNDER_UNIT)
            :: else
            fi;
            db.topic = kafka;
            moved(n);
            n = 0
        }
       }
    od
}

init {
    atomic {
        db.topic = 1;
        copyDatabase(db, copy);
        run Server();
        run World();
        do
        :: i < CONSUMERS -> run Consumer(i); i++
        :: else -> break
        od;
        i = 0
    }
}
