package dev.tidemark.cli.option;

import dev.tidemark.admin.DeadLetterQuery;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Selects dead letters of a group. */
public final class DeadLetterOptions {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(names = "--topic", paramLabel = "TOPIC", description = "Only those of this topic.")
    private @Nullable String topic;

    @Option(names = "--error-code", paramLabel = "CODE", description = "Only those parked for this, such as TM-502.")
    private @Nullable String errorCode;

    /** The group. */
    public String group() {
        return group.beforeIds();
    }

    /** For a command that takes no ids: an argument beside {@code --group} is refused (TM-103). */
    public void refuseIds() {
        String unused = group.get();
    }

    /** The ids, with the first of them if it was parsed as the group. */
    public List<Long> ids(List<Long> others) {
        return group.ids(others);
    }

    /** Whether the caller named a topic or an error. */
    public boolean isNarrowed() {
        return topic != null || errorCode != null;
    }

    /** The selection as a query. */
    public DeadLetterQuery query() {
        DeadLetterQuery query = DeadLetterQuery.of(group());
        if (topic != null) {
            query = query.withTopic(topic);
        }
        return errorCode == null ? query : query.withErrorCode(errorCode);
    }
}
