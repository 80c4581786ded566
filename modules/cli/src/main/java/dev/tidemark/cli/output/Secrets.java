package dev.tidemark.cli.output;

import java.util.regex.Pattern;

/** Passwords in what people typed in the wrong place, such as the URL of a database as the name of a group. Pure. */
public final class Secrets {
    /** An equals sign, or the colon behind a quoted name. */
    private static final String NAME =
            "(?i)((?:password|passwd|passphrase|pwd|secret|token|secret[_-]?key|api[_-]?key|access[_-]?key)(?:\\s*=|[\"']\\s*:)\\s*)";

    /** Up to the end of the word, since a value may contain what ends a value elsewhere; brackets and quotes around it are the line's. */
    private static final String VALUE =
            "(?:'[^'\\n]*'|\"[^\"\\n]*\"(?=[\\s;,})\\]'\"&]|$)|[^&\\s]+?(?=[')\"]*(?:[&\\s]|$)))";

    private static final Pattern SETTING = Pattern.compile(NAME + VALUE);

    /** The user and the password in front of a host; as the name of a file, a URL has lost a slash. */
    private static final Pattern USER = Pattern.compile("(:/{1,2}[^/@:\\s]*:)\\S+@");

    private Secrets() {}

    /** The line with three asterisks in place of each. */
    public static String masked(String line) {
        return USER.matcher(SETTING.matcher(line).replaceAll("$1***")).replaceAll("$1***@");
    }
}
