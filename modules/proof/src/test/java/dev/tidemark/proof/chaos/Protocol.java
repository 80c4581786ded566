package dev.tidemark.proof.chaos;

import java.util.Locale;

/** How the members of a group share the partitions. */
public enum Protocol {
    EAGER,
    COOPERATIVE,
    CONSUMER;

    /** As cells name it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
