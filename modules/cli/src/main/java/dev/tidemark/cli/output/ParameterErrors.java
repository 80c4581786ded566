package dev.tidemark.cli.output;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.log.Secrets;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with the arguments of a command, on one line. Pure. */
public final class ParameterErrors {
    private static final String CODE = ErrorCode.INVALID_SETTING.code() + ": ";

    private ParameterErrors() {}

    /**
     * Refuses arguments behind {@code --} that look like options, without repeating them: what follows an option may be a secret.
     *
     * @throws ParameterException if there is one
     */
    public static void refuseOptionsAsArguments(ParseResult parsed) {
        for (CommandLine command : parsed.asCommandLineList()) {
            boolean any = command.getParseResult().matchedPositionals().stream()
                    .flatMap(argument -> argument.originalStringValues().stream())
                    .anyMatch(word -> word.startsWith("-") && !word.matches("-\\d+"));
            if (any) {
                throw new ParameterException(
                        command,
                        "an argument begins with a dash; if it is no option, write --group=NAME for a group and ./NAME for a"
                                + " file");
            }
        }
    }

    /**
     * The line, with its code and where to read on.
     *
     * @param origin the variable that the value came from; empty if it was typed
     */
    public static String words(ParameterException failure, Optional<String> origin) {
        CommandLine command = failure.getCommandLine();
        CommandSpec spec = command.getCommandSpec();
        String message = (failure instanceof UnmatchedArgumentException unmatched
                        ? unmatched(unmatched.getUnmatched())
                        : String.valueOf(failure.getMessage()))
                .replace(CODE, "")
                .replace("[JSONB, TEXT, BYTEA]", "[jsonb, text, bytea]")
                .replaceAll("\\s*\\R\\s*", " ");
        List<String> meant = failure instanceof UnmatchedArgumentException other
                        && !other.getUnmatched().contains("help")
                ? other.getSuggestions()
                : List.of();
        String suggestion = meant.isEmpty() ? "" : "; did you mean " + String.join(" or ", meant) + "?";
        String commands =
                !meant.isEmpty() || spec.subcommands().isEmpty() || !message.startsWith("Missing required subcommand")
                        ? ""
                        : "; the commands are "
                                + String.join(", ", spec.subcommands().keySet());
        return Printable.line(CODE + Secrets.masked(message)
                + origin.map(variable -> "; it comes from the variable " + variable)
                        .orElse("") + suggestion + commands + "; see " + spec.qualifiedName() + " --help");
    }

    /** Only the names of options: a value may be a secret, also one that follows a letter at once. */
    private static String unmatched(List<String> arguments) {
        List<String> options = arguments.stream()
                .filter(argument -> argument.startsWith("-"))
                .map(option -> "'" + option.replaceFirst("(?s)=.*|^(-[^-]).*", "$1") + "'")
                .toList();
        return options.isEmpty()
                ? "unexpected argument '" + arguments.get(0) + "'"
                : (options.size() == 1 ? "unknown option " : "unknown options ") + String.join(", ", options);
    }
}
