package dev.tidemark.internal.log;

import java.util.regex.Pattern;

/**
 * Passwords in the words of others: what people typed in the wrong place, such as a URL as the name of a group, and what servers and
 * libraries quote of it. Pure.
 */
public final class Secrets {
    private static final String NAMED = "(?:password|passwd|passphrase|pwd|secret|(?:secret|api|access)[_-]?key)";

    /** Up to the end of the word, since a value may contain what ends a value elsewhere; brackets and quotes around it are the line's. */
    private static final String VALUE =
            "(?:'[^'\\n]*'|\"[^\"\\n]*\"(?=[\\s;,})\\]'\"&]|$)|[^&\\s]+?(?=[')\"]{0,9}(?:[&\\s]|$)))";

    /** With an equals sign, or the colon behind a quoted name. */
    private static final Pattern SETTING =
            Pattern.compile("(?i)((?:" + NAMED + "|token)(?:\\s{0,9}=|[\"']\\s{0,9}:)\\s{0,9})" + VALUE);

    /** A word of a sentence, after which the sentence goes on. */
    private static final String PROSE = "(?![A-Z]?[a-z][a-z']*[,.;:]?[ \\t]+[a-z]+(?![\\w.]*\\s?[:=]))";

    /** With a colon, as in YAML; in a sentence, what follows the colon is no value. */
    private static final Pattern ENTRY = Pattern.compile("((?i:" + NAMED + ")\\s{0,9}:\\s{1,9})" + PROSE + VALUE);

    /** As SQL has it. */
    private static final Pattern CLAUSE = Pattern.compile("(?i)(\\bpassword\\s{1,9})'[^'\\n]*'");

    /** What a client sends to log in: a word that is not one of a language. */
    private static final Pattern SCHEME = Pattern.compile(
            "(\\b(?:[Bb]earer|BEARER|Basic|BASIC)\\s{1,9})(?![A-Z]?[a-z]+[,.;:)'\"]{0,3}(?:\\s|$))[A-Za-z0-9._~+/-]{4,}={0,2}");

    /** The same under its name, with any other scheme or none. */
    private static final Pattern HEADER = Pattern.compile(
            "((?i:authorization)[\"']?\\s{0,9}[:=]\\s{0,9}[\"']?(?:[A-Za-z0-9-]{1,30}[ \\t]{1,9})?)(?=[^\\s\"']*[\\d+/=])[^\\s\"',;)}\\]]{8,}");

    private static final Pattern KEY =
            Pattern.compile("(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)(?s:.*?)(?=-----END|\\z)");

    /** The user and the password in front of a host; as the name of a file, a URL has lost a slash. */
    private static final Pattern USER = Pattern.compile("(:/{1,2}[^/@:\\s]{0,200}:)\\S{1,2000}@");

    /** The same without a protocol, as in a list of brokers. */
    private static final Pattern LOGIN = Pattern.compile(
            "((?<![\\w.@-])[\\w.%-]{1,200}:)(?![^\\s@]{0,500}//)\\S{1,500}@(?=[\\w.-]{1,253}:\\d{1,5}\\b)");

    private Secrets() {}

    /** The text with three asterisks in place of each. */
    public static String masked(String text) {
        String masked = text;
        for (Pattern named : new Pattern[] {SETTING, ENTRY, CLAUSE, SCHEME, HEADER, KEY}) {
            masked = named.matcher(masked).replaceAll("$1***");
        }
        for (Pattern login : new Pattern[] {USER, LOGIN}) {
            masked = login.matcher(masked).replaceAll("$1***@");
        }
        return masked;
    }
}
