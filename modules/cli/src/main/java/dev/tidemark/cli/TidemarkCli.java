package dev.tidemark.cli;

import dev.tidemark.cli.command.AuditCommand;
import dev.tidemark.cli.command.CompletionCommand;
import dev.tidemark.cli.command.DeadLettersCommand;
import dev.tidemark.cli.command.DeleteCommand;
import dev.tidemark.cli.command.DescribeCommand;
import dev.tidemark.cli.command.DoctorCommand;
import dev.tidemark.cli.command.ExportCommand;
import dev.tidemark.cli.command.ExportToKafkaCommand;
import dev.tidemark.cli.command.GroupsCommand;
import dev.tidemark.cli.command.ImportCommand;
import dev.tidemark.cli.command.ImportFromKafkaCommand;
import dev.tidemark.cli.command.MigrateCommand;
import dev.tidemark.cli.command.PauseCommand;
import dev.tidemark.cli.command.RebindCommand;
import dev.tidemark.cli.command.ResetCommand;
import dev.tidemark.cli.command.ResumeCommand;
import dev.tidemark.cli.command.RunCommand;
import dev.tidemark.cli.option.Arguments;
import dev.tidemark.cli.option.EnvironmentDefaults;
import dev.tidemark.cli.option.TypedOptions;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.ParameterErrors;
import dev.tidemark.cli.output.Printable;
import dev.tidemark.cli.output.StandardOutput;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.log.Secrets;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The command {@code tidemark}: what all commands have in common, and how one ends. */
@Command(
        name = "tidemark",
        description = "Kafka records into PostgreSQL, exactly once: inspect, reset and repair consumer groups.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = TidemarkCli.Version.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:something failed",
            "2:wrong input, or nothing matched it",
            "3:the database or Kafka is unreachable or rejects the login",
            "4:doctor found something to fix",
            "141:who reads standard output left before its end"
        },
        subcommands = {
            MigrateCommand.class,
            DoctorCommand.class,
            RunCommand.class,
            GroupsCommand.class,
            DescribeCommand.class,
            ResetCommand.class,
            ExportCommand.class,
            ImportCommand.class,
            ImportFromKafkaCommand.class,
            ExportToKafkaCommand.class,
            RebindCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            DeadLettersCommand.class,
            AuditCommand.class,
            DeleteCommand.class,
            CompletionCommand.class
        })
public final class TidemarkCli {
    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "Show stack traces, and what libraries log. That may contain data.")
    private boolean debug;

    /** Reads the version from the manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = TidemarkCli.class.getPackage().getImplementationVersion();
            return new String[] {"tidemark " + (version == null ? "(not packaged)" : version)};
        }
    }

    private TidemarkCli() {}

    /** Runs a command and ends the process with one of the documented exit codes. */
    public static void main(String[] args) {
        Logging.configure(args);
        StandardOutput stdout = new StandardOutput();
        PrintWriter out = new PrintWriter(stdout, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int code = runTyped(out, err, args);
        if (out.checkError() && code == ExitCode.DONE) {
            code = stdout.isAbandoned() ? ExitCode.ABANDONED : ExitCode.FAILED;
            if (code == ExitCode.FAILED) {
                err.println(ExitCode.INCOMPLETE);
            }
        }
        System.exit(code);
    }

    private static int runTyped(PrintWriter out, PrintWriter err, String... args) {
        try {
            Arguments.requireReadable();
        } catch (TidemarkException e) {
            err.println(e.getMessage());
            return ExitCode.of(e.code());
        }
        return run(out, err, args);
    }

    /** Runs a command; returns its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        return commandLine().setOut(out).setErr(err).execute(args);
    }

    /** The commands, ready to parse. */
    static CommandLine commandLine() {
        TidemarkCli root = new TidemarkCli();
        CommandLine commandLine = new CommandLine(root);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        // Names may begin with @; nothing is to be read from a file of that name.
        commandLine.setExpandAtFiles(false);
        commandLine.setDefaultValueProvider(new EnvironmentDefaults(System.getenv()));
        commandLine.setExecutionStrategy(parsed -> {
            ParameterErrors.refuseOptionsAsArguments(parsed);
            return new CommandLine.RunLast().execute(parsed);
        });
        commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
            TidemarkException known = explain(failure);
            String words = TypedOptions.repeated(command, String.valueOf(known.getMessage()));
            command.getErr().println(Printable.line(Secrets.masked(words)));
            if (root.debug) {
                failure.printStackTrace(command.getErr());
            }
            return ExitCode.of(known.code());
        });
        commandLine.setParameterExceptionHandler((failure, arguments) -> {
            PrintWriter err = failure.getCommandLine().getErr();
            err.println(ParameterErrors.words(failure, origin(failure, arguments)));
            if (root.debug) {
                failure.printStackTrace(err);
            }
            return ExitCode.WRONG_INPUT;
        });
        return commandLine;
    }

    private static Optional<String> origin(ParameterException failure, String[] arguments) {
        return failure.getArgSpec() != null
                        && failure.getCommandLine().getDefaultValueProvider() instanceof EnvironmentDefaults environment
                ? environment.origin(failure.getArgSpec(), List.of(arguments))
                : Optional.empty();
    }

    /** The library explains its failures itself; anything else is a defect. */
    private static TidemarkException explain(Exception failure) {
        return failure instanceof TidemarkException known
                ? known
                : new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "this failed with " + failure.getClass().getSimpleName()
                                + "; the cause (--debug) shows where, and the messages, which may contain data",
                        failure);
    }
}
