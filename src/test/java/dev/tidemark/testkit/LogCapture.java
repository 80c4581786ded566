package dev.tidemark.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What a consumer group logs in this process below {@code dev.tidemark} while it is open; other tests run at the same time. */
public final class LogCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger logger;
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();

    private final String groupId;

    private LogCapture(String groupId, String loggerName) {
        this.groupId = groupId;
        this.logger = (Logger) LoggerFactory.getLogger(loggerName);
        setName("capture-" + groupId);
        setContext(logger.getLoggerContext());
        start();
        logger.addAppender(this);
    }

    /** Captures what this group's threads log, and what names the group. */
    public static LogCapture of(String groupId) {
        return new LogCapture(groupId, "dev.tidemark");
    }

    /** Captures what a library logs on this group's threads. */
    public static LogCapture of(String groupId, String loggerName) {
        return new LogCapture(groupId, loggerName);
    }

    @Override
    protected void append(ILoggingEvent event) {
        event.prepareForDeferredProcessing();
        if (groupId.equals(event.getMDCPropertyMap().get("group"))
                || event.getThreadName().startsWith("tidemark-" + groupId + "-")
                || (event.getFormattedMessage() + " ").contains("group=" + groupId + " ")) {
            events.add(event);
        }
    }

    /** Lines of Tidemark itself, from INFO on. */
    public List<ILoggingEvent> news() {
        return events.stream()
                .filter(e -> e.getLoggerName().startsWith("dev.tidemark.internal"))
                .filter(e -> e.getLevel().isGreaterOrEqual(Level.INFO))
                .toList();
    }

    /** Lines of the class that logged under this name. */
    public List<ILoggingEvent> by(String loggerName) {
        return events.stream().filter(e -> e.getLoggerName().equals(loggerName)).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        stop();
    }
}
