package dev.tidemark.admin;

/** How a change is planned. Immutable, with withers. */
public final class PlanOptions {
    private static final PlanOptions DEFAULTS = new PlanOptions(false, Missing.EARLIEST);

    private final boolean unchecked;
    private final Missing missing;

    /** Where a partition of a topic that is new to the group starts if an import has no offset for it. Constants may be added. */
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

    /** Offsets must lie in their logs; partitions without an offset in an import start at {@link Missing#EARLIEST}. */
    public static PlanOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Accepts offsets outside their logs, which halts the partition once a consumer reads it (TM-304, TM-305), and allows an import
     * from Kafka while the group is active there. Kafka is not asked about offsets given by number, and is not needed then.
     */
    public PlanOptions unchecked() {
        return new PlanOptions(true, missing);
    }

    /** Where partitions of new topics start for which an import has no offset. */
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
