package dev.tidemark.cli.output;

import java.util.regex.Pattern;

/** Passwords in what people typed in the wrong place, such as the URL of a database as the name of a group. Pure. */
public final class Secrets {
    private static final Pattern SETTING = Pattern.compile(
            "(?i)((?:password|passwd|passphrase|pwd|secret|token)\\s*=\\s*)(?:'[^']*'|\"[^\"]*\"|[^&\\s'\",;]+)");

    /** The user and the password in front of a host; as the name of a file, a URL has lost a slash. */
    private static final Pattern USER = Pattern.compile("(:/{1,2}[^/@:\\s]*:)[^/@\\s]+@");

    private Secrets() {}

    /** The line with three asterisks in place of each. */
    public static String masked(String line) {
        return USER.matcher(SETTING.matcher(line).replaceAll("$1***")).replaceAll("$1***@");
    }
}
