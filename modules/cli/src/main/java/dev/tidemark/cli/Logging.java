package dev.tidemark.cli;

import java.util.Arrays;

/** What libraries may say: on standard error, warnings only, unless --debug is given. */
final class Logging {
    private static final String FILE = "logback.configurationFile";

    private Logging() {}

    /** To be called before anything logs. Whoever sets logback.configurationFile has the last word. */
    static void configure(String[] args) {
        if (System.getProperty(FILE) == null) {
            System.setProperty(FILE, "dev/tidemark/cli/logback.xml");
        }
        if (Arrays.asList(args).contains("--debug")) {
            System.setProperty("tidemark.log", "DEBUG");
        }
    }
}
