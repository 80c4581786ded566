package dev.tidemark.cli.command;

import dev.tidemark.DeadLetter;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.DeadLetterPage;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.StandardOutput;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One parked record. */
@Command(
        name = "show",
        description = {
            "Shows a parked record: headers, key, value, and the error with its stack trace. This is raw data.",
            "Keys and values are shown as text if they are UTF-8 text, in Base64 otherwise. Needs only the database."
        })
public final class DeadLettersShowCommand implements Callable<Integer> {
    /** At most one way to show bytes. */
    static final class Form {
        @Option(
                names = "--raw-key",
                description = "Write the key's bytes to standard output, unchanged, and nothing else.")
        private boolean rawKey;

        @Option(
                names = "--raw-value",
                description = "Write the value's bytes to standard output, unchanged, and nothing else.")
        private boolean rawValue;

        @Option(names = "--hex", description = "Show all bytes in hexadecimal.")
        private boolean hex;
    }

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Parameters(index = "1..*", paramLabel = "ID", description = "The dead letter, as dead-letters list shows it.")
    private List<String> ids = List.of();

    @ArgGroup(exclusive = true)
    private Form form = new Form();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        List<Long> named = group.ids(ids);
        if (named.size() != 1) {
            throw CommandException.wrongInput("name one dead letter by its id, as dead-letters list shows it");
        }
        DeadLetter letter = database.looks().deadLetter(group.beforeIds(), named.get(0));
        if (form.rawKey) {
            return write(letter, "key", letter.record().key());
        }
        if (form.rawValue) {
            return write(letter, "value", letter.record().value());
        }
        DeadLetterPage page = new DeadLetterPage(letter, form.hex);
        output.print(page.table(), page.words());
        return ExitCode.DONE;
    }

    // Bypasses the writer, which would decode them.
    private int write(DeadLetter letter, String what, byte @Nullable [] bytes) {
        if (bytes == null) {
            throw CommandException.nothingMatched("dead letter " + letter.id() + " has no " + what);
        }
        StandardOutput out = new StandardOutput();
        try {
            out.write(bytes, 0, bytes.length);
            return ExitCode.DONE;
        } catch (IOException e) {
            if (out.isAbandoned()) {
                return ExitCode.ABANDONED;
            }
            output.say(ExitCode.INCOMPLETE);
            return ExitCode.FAILED;
        }
    }
}
