package dev.tidemark.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What this process logs below {@code dev.tidemark} while it is open. */
public final class LogCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.tidemark");
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();

    private LogCapture() {
        setContext(logger.getLoggerContext());
        start();
        logger.addAppender(this);
    }

    public static LogCapture start(String name) {
        LogCapture capture = new LogCapture();
        capture.setName(name);
        return capture;
    }

    @Override
    protected void append(ILoggingEvent event) {
        event.prepareForDeferredProcessing();
        events.add(event);
    }

    /** Lines of Tidemark itself, from INFO on. */
    public List<ILoggingEvent> news() {
        return events.stream()
                .filter(e -> e.getLoggerName().startsWith("dev.tidemark.internal"))
                .filter(e -> e.getLevel().isGreaterOrEqual(Level.INFO))
                .toList();
    }

    /** Lines of the class that logged under this name. */
    public List<ILoggingEvent> of(String loggerName) {
        return events.stream().filter(e -> e.getLoggerName().equals(loggerName)).toList();
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        stop();
    }
}
