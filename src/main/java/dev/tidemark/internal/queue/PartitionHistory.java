package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The results of one claimed partition's units under this claim. It belongs to the worker whose unit the partition is in; taking
 * and settling units passes it from one worker to the next. Which keys are held, any thread may ask.
 */
public final class PartitionHistory {
    /** Below this number a check is not worthwhile; a hash takes less than 200 bytes. */
    private static final int FEW_HELD_KEYS = 100;

    /** Hashes of the keys whose records follow a parked one, and of some whose dead letters are gone in the meantime. */
    private final Set<ByteBuffer> heldKeys = ConcurrentHashMap.newKeySet();

    /** With more held keys than this, it is time to check which of them still are. */
    private int mostHeldKeys;

    private long successes;
    private long writes;
    private GivenUp givenUp;
    private boolean reported;
    private boolean rowHeld;
    private int confined;

    PartitionHistory(Collection<ByteBuffer> heldKeys, GivenUp givenUp) {
        this.givenUp = givenUp;
        holdOnly(heldKeys);
    }

    /** These keys are held now, and no others. */
    public void holdOnly(Collection<ByteBuffer> hashes) {
        // Others look meanwhile: one that remains held is never missing.
        heldKeys.retainAll(Set.copyOf(hashes));
        heldKeys.addAll(hashes);
        mostHeldKeys = Math.max(FEW_HELD_KEYS, 2 * hashes.size());
    }

    /** From now on, records of this key follow a parked one. */
    public void hold(ByteBuffer hash) {
        heldKeys.add(hash);
    }

    /** No dead letters of these keys are left. */
    public void release(Collection<ByteBuffer> hashes) {
        heldKeys.removeAll(hashes);
    }

    /** Whether records of this key follow a parked one, as far as is known here. */
    public boolean holds(ByteBuffer hash) {
        return heldKeys.contains(hash);
    }

    /** Whether any key is held. */
    public boolean isHolding() {
        return !heldKeys.isEmpty();
    }

    /** Whether enough keys were parked since the last check to make another one due. */
    public boolean isHoldingMany() {
        return heldKeys.size() > mostHeldKeys;
    }

    int heldKeys() {
        return heldKeys.size();
    }

    /** Records took effect. */
    public void succeeded() {
        reported = false;
        successes++;
    }

    /** Records that took effect wrote a row. */
    public void wrote() {
        writes++;
    }

    /** How often records took effect. */
    public long successes() {
        return successes;
    }

    /** How often records wrote a row, as far as that was checked. */
    public long writes() {
        return writes;
    }

    /** How many records were given up, as it is stored. */
    public GivenUp givenUp() {
        return givenUp;
    }

    /** This is stored now. */
    public void givenUp(GivenUp stored) {
        givenUp = stored;
    }

    /** A record was parked or skipped; returns whether it is the first one since this claim or a success. */
    public boolean isFirstGivenUp() {
        boolean first = !reported;
        reported = true;
        return first;
    }

    /** How many records its next unit may hold, which then holds none of other partitions; 0 if there is no such limit. */
    public int confined() {
        return confined;
    }

    /** A transient failure that may be of one record alone must not keep those of other partitions waiting, nor those before it. */
    public void confine(int records) {
        confined = records;
    }

    /** Whether another transaction held the partition's offset row the last time. */
    public boolean isRowHeld() {
        return rowHeld;
    }

    /** Notes whether another transaction holds the partition's offset row. */
    public void rowHeld(boolean held) {
        rowHeld = held;
    }
}
