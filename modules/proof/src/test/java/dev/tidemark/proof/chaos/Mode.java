package dev.tidemark.proof.chaos;

import java.util.Map;

/** How records become units of work. A new mode is a line here. */
public enum Mode {
    /** One record in each unit. */
    ONE("one", Map.of("records", "1", "isolation", "TRANSACTION_READ_COMMITTED")),
    /** Many records of one partition: what SERIALIZABLE confines units to. */
    PARTITION("partition", Map.of("records", "200", "isolation", "TRANSACTION_SERIALIZABLE")),
    /** Many records of many partitions. */
    MANY("many", Map.of("records", "200", "isolation", "TRANSACTION_READ_COMMITTED"));

    private final String word;
    private final Map<String, String> settings;

    Mode(String word, Map<String, String> settings) {
        this.word = word;
        this.settings = settings;
    }

    /** As cells name it. */
    public String word() {
        return word;
    }

    /** What a member is started with. */
    public Map<String, String> settings() {
        return settings;
    }
}
