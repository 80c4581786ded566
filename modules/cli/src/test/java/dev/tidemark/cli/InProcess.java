package dev.tidemark.cli;

import dev.tidemark.cli.option.EnvironmentDefaults;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import picocli.CommandLine;

/** Runs commands in this JVM, with variables of their own in place of the environment. */
public final class InProcess {
    private InProcess() {}

    /** Returns the exit code. */
    public static int run(Map<String, String> environment, StringWriter out, StringWriter err, String... args) {
        CommandLine commands = TidemarkCli.commandLine();
        commands.setDefaultValueProvider(new EnvironmentDefaults(environment));
        try (PrintWriter printedOut = new PrintWriter(out, true);
                PrintWriter printedErr = new PrintWriter(err, true)) {
            return commands.setOut(printedOut).setErr(printedErr).execute(args);
        }
    }
}
