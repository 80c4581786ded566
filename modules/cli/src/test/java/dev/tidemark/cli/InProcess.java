package dev.tidemark.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Runs commands in this JVM, with variables of their own in place of the environment. */
public final class InProcess {
    private static final Map<String, String> VARIABLES = Map.of(
            "--jdbc-url", "TIDEMARK_JDBC_URL",
            "--schema", "TIDEMARK_SCHEMA",
            "--bootstrap-servers", "TIDEMARK_BOOTSTRAP_SERVERS",
            "--kafka-config", "TIDEMARK_KAFKA_CONFIG");

    private InProcess() {}

    /** Returns the exit code. */
    public static int run(Map<String, String> environment, StringWriter out, StringWriter err, String... args) {
        CommandLine commands = TidemarkCli.commandLine();
        // Null leaves it to what the option says itself.
        commands.setDefaultValueProvider(argument -> environment.get(variable(argument)));
        try (PrintWriter printedOut = new PrintWriter(out, true);
                PrintWriter printedErr = new PrintWriter(err, true)) {
            return commands.setOut(printedOut).setErr(printedErr).execute(args);
        }
    }

    private static String variable(ArgSpec argument) {
        return argument instanceof OptionSpec option ? VARIABLES.getOrDefault(option.names()[0], "") : "";
    }
}
