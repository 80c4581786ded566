package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** Whether the JVM could read the words that people typed. */
public final class Arguments {
    private static final Path TYPED = Path.of("/proc/self/cmdline");
    private static final Path SET = Path.of("/proc/self/environ");
    private static final Pattern OURS = Pattern.compile("(?s)(TIDEMARK_|PG)[A-Z_]*=.*");

    private Arguments() {}

    /**
     * Refuses (TM-103) arguments and variables that the locale cannot express: the JVM has replaced what it could not read, and two
     * groups could have become one. It can be told on Linux only.
     */
    public static void requireReadable() {
        String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (!Charset.isSupported(encoding) || !Charset.forName(encoding).equals(StandardCharsets.US_ASCII)) {
            return;
        }
        requireAscii("the arguments", read(TYPED));
        for (String variable : read(SET).split("\0", -1)) {
            if (OURS.matcher(variable).matches()) {
                requireAscii("the value of " + variable.substring(0, variable.indexOf('=')), variable);
            }
        }
    }

    private static String read(Path bytes) {
        try {
            return Files.readString(bytes, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private static void requireAscii(String what, String typed) {
        if (typed.chars().anyMatch(c -> c > 0x7f)) {
            throw CommandException.wrongInput(
                    what
                            + " cannot be read: the locale expresses ASCII alone; set LC_ALL to one with UTF-8, such as C.UTF-8");
        }
    }
}
