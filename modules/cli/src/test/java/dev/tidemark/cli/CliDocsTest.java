package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** docs/cli.md describes every command, each in its own section, and every option. */
class CliDocsTest {
    private static final Pattern HEADING = Pattern.compile("(?m)^(#{2,3}) (.+)$");

    /** Every command that does something, with its parents' names before its own. */
    private static List<CommandLine> commands(CommandLine parent) {
        List<CommandLine> commands = new ArrayList<>();
        for (CommandLine child : parent.getSubcommands().values()) {
            if (child.getSubcommands().isEmpty()) {
                commands.add(child);
            }
            commands.addAll(commands(child));
        }
        return commands.stream().distinct().toList();
    }

    private static String name(CommandLine command) {
        return command.getCommandSpec().qualifiedName().replaceFirst("^tidemark ", "");
    }

    /** From its heading to the next; null if it has none. */
    private static @Nullable String section(String page, String name) {
        Matcher heading = HEADING.matcher(page);
        while (heading.find()) {
            // What it is called with may follow its name.
            if (heading.group(2).replaceAll(" \\W*[A-Z].*", "").equals(name)) {
                int from = heading.end();
                return page.substring(from, heading.find() ? heading.start() : page.length());
            }
        }
        return null;
    }

    @Test
    void everyCommandAndEveryOptionHasItsPlace() throws IOException {
        String page = Files.readString(Path.of("docs/cli.md"));
        List<String> missing = new ArrayList<>();
        for (CommandLine command : commands(TidemarkCli.commandLine())) {
            String section = section(page, name(command));
            if (section == null) {
                missing.add("## " + name(command));
                continue;
            }
            String told = page.substring(0, page.indexOf("\n## migrate")) + section;
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (!Pattern.compile("`[^`\\n]*" + Pattern.quote(option.longestName()) + "\\b")
                        .matcher(told)
                        .find()) {
                    missing.add(name(command) + " " + option.longestName());
                }
            }
        }
        assertThat(missing).as("what docs/cli.md does not tell of").isEmpty();
    }

    @Test
    void theExitCodesAreThoseOfTheHelp() throws IOException {
        String page = Files.readString(Path.of("docs/cli.md"));
        TidemarkCli.commandLine()
                .getCommandSpec()
                .usageMessage()
                .exitCodeList()
                .forEach((code, meaning) -> assertThat(page).contains("| " + code + " | " + meaning + " |"));
    }
}
