package dev.tidemark.cli.option;

import dev.tidemark.internal.command.PastedCommand;
import dev.tidemark.internal.log.Secrets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The servers that were named by options, for the commands that messages propose: pasted without them, these would go to other servers.
 * What came from the environment is there for the next command too. A password is never repeated.
 */
public final class TypedOptions {
    private static final String SCHEMA = "--schema";
    private static final String URL = "--jdbc-url";
    private static final List<String> SERVERS = List.of(SCHEMA, URL, "--bootstrap-servers", "--kafka-config");

    /** Parameters of a JDBC URL that are secrets. */
    private static final Pattern SECRET = Pattern.compile("(?i)[^=]*(?:password|secret|token)[^=]*(?:=.*)?");

    private TypedOptions() {}

    /** The text of a command's message, with these options in each command that it proposes and that takes them. */
    public static String repeated(CommandLine command, String text) {
        ParseResult typed = command.getParseResult();
        return typed == null
                ? text
                : PastedCommand.with(
                        text, name -> options(typed, named(command, name)).collect(Collectors.joining()));
    }

    private static Stream<String> options(ParseResult typed, Optional<CommandLine> proposed) {
        return SERVERS.stream()
                .filter(name -> proposed.isPresent()
                        && proposed.get().getCommandSpec().optionsMap().containsKey(name))
                .flatMap(name ->
                        value(typed, name).stream().map(value -> " " + name + " " + PastedCommand.quoted(value)));
    }

    /** The command of that name; empty if the text only looks like one. */
    private static Optional<CommandLine> named(CommandLine command, String name) {
        CommandLine found = command;
        while (found.getParent() != null) {
            found = found.getParent();
        }
        for (String word : name.split(" ", -1)) {
            found = found == null ? null : found.getSubcommands().get(word);
        }
        return Optional.ofNullable(found);
    }

    /** What was typed, without secrets; empty if the option was not typed, or cannot be repeated. */
    private static Optional<String> value(ParseResult typed, String name) {
        OptionSpec option = typed.matchedOption(name);
        if (option == null || option.originalStringValues().isEmpty()) {
            return Optional.empty();
        }
        String value = option.originalStringValues().get(0);
        if (name.equals(SCHEMA)) {
            // The library itself names any other schema.
            return Optional.of(value).filter(DatabaseOptions.DEFAULT_SCHEMA::equals);
        }
        String plain = name.equals(URL) ? withoutSecrets(value) : value;
        return Optional.of(plain).filter(shown -> Secrets.masked(shown).equals(shown));
    }

    private static String withoutSecrets(String url) {
        int parameters = url.indexOf('?');
        if (parameters < 0) {
            return url;
        }
        String left = Arrays.stream(url.substring(parameters + 1).split("&", -1))
                .filter(parameter -> !SECRET.matcher(parameter).matches())
                .collect(Collectors.joining("&"));
        return url.substring(0, parameters) + (left.isEmpty() ? "" : "?" + left);
    }
}
