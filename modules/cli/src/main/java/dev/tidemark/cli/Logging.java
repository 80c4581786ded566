package dev.tidemark.cli;

import java.util.Arrays;
import java.util.logging.LogManager;

/** Configures the logging of libraries: to standard error, warnings only, unless --debug is given. */
final class Logging {
    private static final String FILE = "logback.configurationFile";

    private Logging() {}

    /** To be called before anything logs. A logback.configurationFile that is already set takes precedence. */
    static void configure(String[] args) {
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, "dev/tidemark/cli/logback.xml");
        }
        if (Arrays.asList(args).contains("--debug")) {
            System.setProperty("tidemark.log", "DEBUG");
            System.setProperty("tidemark.stacks", "%ex");
        } else if (System.getProperty("java.util.logging.config.file") == null) {
            // The JDBC driver warns there, on two lines, of what an error says as well.
            LogManager.getLogManager().reset();
        }
    }
}
