package dev.tidemark.cli.option;

import dev.tidemark.admin.DeadLetterQuery;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Selects dead letters of a group. */
public final class DeadLetterOptions {
    @Parameters(index = "0", paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(names = "--topic", paramLabel = "TOPIC", description = "Only those of this topic.")
    private @Nullable String topic;

    @Option(names = "--error-code", paramLabel = "CODE", description = "Only those parked for this, such as TM-502.")
    private @Nullable String errorCode;

    /** The group. */
    public String group() {
        return group;
    }

    /** Whether the caller named a topic or an error. */
    public boolean isNarrowed() {
        return topic != null || errorCode != null;
    }

    /** The selection as a query. */
    public DeadLetterQuery query() {
        DeadLetterQuery query = DeadLetterQuery.of(group);
        if (topic != null) {
            query = query.withTopic(topic);
        }
        return errorCode == null ? query : query.withErrorCode(errorCode);
    }
}
