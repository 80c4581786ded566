package dev.tidemark.internal.loop;

import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.loop.Share.State;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.FenceDiagnosis;
import dev.tidemark.internal.run.Problems;
import dev.tidemark.internal.run.Seeks;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * How one partition's claim is made and lost, with all that belongs to it: seeks and pauses, waits, log lines. Used by the thread
 * that polls.
 */
final class ShareChanges {
    private static final Logger LOG = LoggerFactory.getLogger(ShareChanges.class);

    /** A claim that is lost twice within this time is contended: the next one is delayed. */
    private static final Duration CONTENTION_WINDOW = Duration.ofSeconds(10);

    private final String groupId;
    private final Seeks seeks;
    private final ControlThread control;

    ShareChanges(String groupId, Seeks seeks, ControlThread control) {
        this.groupId = groupId;
        this.seeks = seeks;
        this.control = control;
    }

    /** Nothing may be fetched before there is a claim. */
    void hold(Share share) {
        seeks.hold(share.partition);
    }

    /**
     * A claim was made.
     *
     * @param paused whether it is paused all the same
     */
    void claimed(Share share, ClaimedPartition found, boolean paused) {
        Claim claim = found.claim();
        Claim lost = share.lost;
        if (lost != null) {
            FenceDiagnosis.of(groupId, lost, found)
                    .ifPresent(why -> LOG.atLevel(FenceDiagnosis.isHarmless(why, lost, found) ? Level.INFO : Level.WARN)
                            .log(
                                    "fenced group={} partition={} code={} error=\"{}\"",
                                    groupId,
                                    share.partition,
                                    why.code(),
                                    LogContext.quotable(why, Problems.of(why).toString())));
        } else if (claim.position().nextOffset() >= share.fetched.nextOffset()) {
            // What was returned had committed, but that was not confirmed.
            share.setbacks = 0;
        }
        share.claim = claim;
        share.lost = null;
        share.why = null;
        share.fetched = claim.position();
        if (paused) {
            share.state = State.PAUSED;
        } else {
            share.state = State.READING;
            seeks.begin(claim);
        }
    }

    /** What was returned was not confirmed: it is given up, and read again after a while. */
    void failed(Share share, boolean moved) {
        share.setbacks = moved ? 1 : share.setbacks + 1;
        giveUp(share, "not confirmed");
        share.patience = backoff(share.setbacks);
    }

    void pause(Share share) {
        LOG.info("paused group={} partition={}", groupId, share.partition);
        seeks.hold(share.partition);
        share.state = State.PAUSED;
    }

    /** Nothing of it may be fetched until the control thread reports what is wrong with its position. */
    void explaining(Share share) {
        seeks.hold(share.partition);
        share.state = State.EXPLAINING;
    }

    void halt(Share share, TidemarkException why) {
        seeks.hold(share.partition);
        share.state = State.HALTED;
        share.why = why;
        share.thrown = false;
        if (!(why instanceof FencedException)) {
            // Another process reads it, and reports its state itself.
            control.noteHalt(share.partition, share.claim, why, Problems.of(why).toString());
        }
    }

    /** The claim is gone, or in doubt. */
    void lose(Share share, String how) {
        long now = System.nanoTime();
        boolean contended = share.setbacks > 0 && now - share.lostAt < CONTENTION_WINDOW.toNanos();
        share.setbacks = contended ? share.setbacks + 1 : 1;
        share.lostAt = now;
        share.lost = share.claim;
        unclaim(share, Level.INFO, how);
        share.patience = contended ? backoff(share.setbacks - 1) : Duration.ZERO;
    }

    /** Released first: a new claim over it would look like one without progress. */
    void giveUp(Share share, String how) {
        if (share.claim != null) {
            control.release(Set.of(share.claim));
        }
        unclaim(share, Level.WARN, how);
    }

    private void unclaim(Share share, Level level, String how) {
        LOG.atLevel(level).log("claiming again group={} partition={} cause=\"{}\"", groupId, share.partition, how);
        seeks.hold(share.partition);
        share.claim = null;
        share.why = null;
        share.state = State.LOST;
    }

    private static Duration backoff(int attempts) {
        return Backoff.TRANSIENT.after(attempts, ThreadLocalRandom.current().nextDouble());
    }
}
