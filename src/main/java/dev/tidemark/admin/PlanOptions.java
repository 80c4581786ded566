package dev.tidemark.admin;

/** How a change is planned. Immutable, with withers. */
public final class PlanOptions {
    private static final PlanOptions DEFAULTS = new PlanOptions(false, Missing.EARLIEST);

    private final boolean unchecked;
    private final Missing missing;

    /** Where a partition of a topic new to the group begins if an import gives it no offset. Constants may be added. */
    public enum Missing {
        /** At the first record that Kafka still holds. */
        EARLIEST,
        /** At the log's end. */
        LATEST,
        /** Nowhere: the import is refused (TM-601). */
        REFUSE
    }

    private PlanOptions(boolean unchecked, Missing missing) {
        this.unchecked = unchecked;
        this.missing = missing;
    }

    /** Offsets must lie in their logs; an import begins at {@link Missing#EARLIEST} where it gives no offset. */
    public static PlanOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Takes offsets outside of their logs as they are, which halts the partition once a consumer reads on (TM-304, TM-305), and an import
     * from Kafka while the group is active there. Kafka is not asked about offsets given by number, and then need not be there.
     */
    public PlanOptions unchecked() {
        return new PlanOptions(true, missing);
    }

    /** Where partitions of new topics begin that an import gives no offset. */
    public PlanOptions withMissing(Missing where) {
        return new PlanOptions(unchecked, where);
    }

    boolean isUnchecked() {
        return unchecked;
    }

    Missing missing() {
        return missing;
    }
}
