package dev.tidemark.internal.log;

import dev.tidemark.errors.TidemarkException;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.MDC;

/** The MDC's keys on Tidemark's own threads, and the text of an error in a log line. */
public final class LogContext {
    /** The consumer group; on every line of Tidemark's own threads, and so also on the handler's. */
    public static final String GROUP = "group";

    /** The partition that a line is about. */
    public static final String PARTITION = "partition";

    /** White space, and whatever a terminal or a log viewer may take for the end of a line. */
    private static final Pattern BREAKS = Pattern.compile("[\\s\\p{Cntrl}\\x{85}\\x{2028}\\x{2029}]+");

    private LogContext() {}

    /** From here on this thread works for a group. */
    public static void enter(String groupId) {
        MDC.put(GROUP, groupId);
    }

    /** The same work, on a thread that works for a group. */
    public static Runnable inGroup(String groupId, Runnable work) {
        return () -> {
            enter(groupId);
            work.run();
        };
    }

    /** Lines are about this partition until it is closed. */
    public static MDC.MDCCloseable about(TopicPartition partition) {
        return MDC.putCloseable(PARTITION, partition.toString());
    }

    /** An error's message for {@code error="..."}: without its code, which is logged separately, and without quotes. */
    public static String quotable(TidemarkException error, String words) {
        String prefix = error.code() + ": ";
        String rest = words.startsWith(prefix) ? words.substring(prefix.length()) : words;
        return BREAKS.matcher(rest.replace('"', '\'')).replaceAll(" ");
    }
}
