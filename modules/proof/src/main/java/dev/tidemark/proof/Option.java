package dev.tidemark.proof;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The options of the program. */
enum Option {
    JDBC("URL", null, "the database, as a JDBC URL with user and password; default: the environment's PROOF_JDBC"),
    BOOTSTRAP_SERVERS("HOST:PORT", null, "the brokers"),
    KAFKA_CONFIG("FILE", null, "a properties file with more settings of the Kafka client, such as a login"),
    GROUP("NAME", null, "the consumer group"),
    TOPIC("NAME", null, "the topic"),
    SCHEMA("NAME", "tidemark", "the schema of the offset store"),
    EFFECTS("TABLE", null, "the table with one row for each record that took effect"),
    TOPIC_COLUMN("NAME", null, "its column with the topic; without it, all rows are of this topic"),
    PARTITION_COLUMN("NAME", "partition", "its column with the partition"),
    OFFSET_COLUMN("NAME", "record_offset", "its column with the offset"),
    ORDER_COLUMN("NAME", null, "its column that grows from row to row, such as an identity (C2, C3)"),
    KEY_COLUMN("NAME", null, "its column with the record's key (C3)"),
    SEQUENCE_COLUMN("NAME", null, "its column with the record's number among those of its key (C3)"),
    AMOUNT_COLUMN("NAME", null, "its column that is summed (C4)"),
    VALUE("REGEX", null, "finds the groups (?<sequence>...) and (?<amount>...) in a record's value"),
    TOTALS("TABLE(KEY,COUNT,SUM)", null, "a table of totals for each key (C4)"),
    FROM("OFFSET", null, "where the group began to read each partition; default: the start of the log"),
    TOLD("FILE", null, "what clients were told is committed, one \"partition first last\" a line (C7)"),
    TAKEOVERS("FILE", null, "takeover times in milliseconds, one a line (C8)"),
    TAKEOVER_LIMIT("DURATION", "PT50S", "the session timeout and 5 s, as ISO 8601 (C8)"),
    ROLE("NAME", null, "the consumers' database role (C9)"),
    CONNECTIONS("NUMBER", "100", "how many connections that role may have (C9)"),
    LONGEST_WAIT("DURATION", "PT1M", "how long a session may be idle in a transaction or wait for a lock (C9)"),
    STORE_BYTES("NUMBER", "16777216", "how large the table of stored offsets may be (C9)"),
    INSTALL_AUDIT(null, null, "only installs the trigger that C5 needs, as the owner of the offset store, and ends"),
    REMOVE_AUDIT(null, null, "only removes it, and ends"),
    HELP(null, null, "prints this");

    private final @Nullable String argument;
    private final @Nullable String standard;
    private final String text;

    Option(@Nullable String argument, @Nullable String standard, String text) {
        this.argument = argument;
        this.standard = standard;
        this.text = text;
    }

    /** As it is written. */
    String word() {
        return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean takesArgument() {
        return argument != null;
    }

    @Nullable
    String standard() {
        return standard;
    }

    static Optional<Option> of(String word) {
        return Arrays.stream(values())
                .filter(option -> option.word().equals(word))
                .findFirst();
    }

    /** The lines of the help. */
    static String help() {
        StringBuilder lines = new StringBuilder("""
                Usage: tidemark-proof --jdbc URL --bootstrap-servers HOST:PORT --group NAME --topic NAME --effects TABLE [OPTION...]
                Compares a table of effects with the log that it was made from. Reads only, but for the two options about the audit trigger.
                Prints one line for each check. Ends with 0 if none is violated, with 1 if one is, and with 2 if it could not check.

                """);
        for (Option option : values()) {
            String head = option.word() + (option.argument == null ? "" : " " + option.argument);
            String tail = option.standard == null ? "" : " (default " + option.standard + ")";
            lines.append(String.format("  %-32s %s%s%n", head, option.text, tail));
        }
        return lines.toString();
    }
}
