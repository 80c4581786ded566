package dev.tidemark.proof.chaos.soak;

/** What is measured in a long run, and how much it may grow between its second quarter and its last. */
public enum Series {
    HEAP("heap of the oldest process after its last collection", "MB", 1 << 20, 8L << 20),
    MEMORY("memory of the oldest process (VmRSS)", "MB", 1 << 20, 16L << 20),
    THREADS("threads of the oldest process", "", 1, 2),
    FILES("open files and sockets of the oldest process", "", 1, 4),
    CONNECTIONS("connections of all processes", "", 1, 2),
    STORE("tables of the offset store without audit_log", "kB", 1 << 10, 128L << 10),
    // Rows of partition_state and log_end come as they are needed, at most one for each partition.
    ROWS("rows of the offset store without audit_log", "", 1, 24),
    LOG("log of all processes, bytes a fault", "kB", 1 << 10, 64L << 10);

    private final String title;
    private final String unit;
    private final long scale;
    private final long allowance;

    Series(String title, String unit, long scale, long allowance) {
        this.title = title;
        this.unit = unit;
        this.scale = scale;
        this.allowance = allowance;
    }

    public String title() {
        return title;
    }

    /** A value as people read it. */
    public String shown(long value) {
        return (scale == 1 ? Long.toString(value) : Long.toString(Math.round((double) value / scale)))
                + (unit.isEmpty() ? "" : " " + unit);
    }

    /** In the unit of the values. */
    public long allowance() {
        return allowance;
    }
}
