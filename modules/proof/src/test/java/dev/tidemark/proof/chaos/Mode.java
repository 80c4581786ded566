package dev.tidemark.proof.chaos;

import java.util.Map;

/** How records become units of work. A new mode is a line here. */
public enum Mode {
    /** One record in each unit. */
    ONE("one", 1, "TRANSACTION_READ_COMMITTED"),
    /** Many records of one partition: what SERIALIZABLE confines units to. */
    PARTITION("partition", 200, "TRANSACTION_SERIALIZABLE"),
    /** Many records of many partitions. */
    MANY("many", 200, "TRANSACTION_READ_COMMITTED");

    private final String word;
    private final int records;
    private final String isolation;

    Mode(String word, int records, String isolation) {
        this.word = word;
        this.records = records;
        this.isolation = isolation;
    }

    /** As cells name it. */
    public String word() {
        return word;
    }

    /** What a member is started with. */
    public Map<String, String> settings() {
        return Map.of("records", Integer.toString(records), "isolation", isolation);
    }
}
