package dev.tidemark.testkit.process;

import ch.qos.logback.core.PropertyDefinerBase;
import java.nio.file.Path;

/** Where this process logs to, for logback: a file of its own, as children share the configuration. */
public final class ProcessLog extends PropertyDefinerBase {
    /** All of them. */
    public static final Path DIRECTORY = Path.of("target", "logs");

    @Override
    public String getPropertyValue() {
        return DIRECTORY
                .resolve("process-" + ProcessHandle.current().pid() + ".log")
                .toString();
    }
}
