package dev.tidemark.cli.output;

import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Text that changes nothing but what it shows: what came from records or exceptions could otherwise move the cursor, write over other
 * lines, or reverse the order of characters. Pure.
 */
public final class Printable {
    /** It goes back to the beginning of the line, and what follows covers what was there. */
    private static final Pattern LONE_RETURN = Pattern.compile("\r(?!\n)");

    private Printable() {}

    /** With a question mark for each control or format character, except line breaks and tabs. */
    public static String text(String text) {
        String lines = LONE_RETURN.matcher(text).replaceAll("?");
        return lines.codePoints().anyMatch(Printable::isUnsafe)
                ? lines.codePoints()
                        .map(c -> isUnsafe(c) ? '?' : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : lines;
    }

    /** As {@link #text}, on one line. */
    public static String line(String text) {
        return text(text.replaceAll("\\R", " ").replace('\t', ' '));
    }

    /** JSON with the same characters escaped, where its writer leaves them as they are. */
    static String json(String json) {
        return json.codePoints().anyMatch(Printable::isUnsafe)
                ? json.codePoints()
                        .mapToObj(c -> isUnsafe(c) ? escaped(c) : Character.toString(c))
                        .collect(Collectors.joining())
                : json;
    }

    private static String escaped(int c) {
        StringBuilder escaped = new StringBuilder();
        for (char unit : Character.toChars(c)) {
            escaped.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
        return escaped.toString();
    }

    private static boolean isUnsafe(int c) {
        boolean layout = c == '\n' || c == '\r' || c == '\t';
        int type = Character.getType(c);
        return !layout
                && (Character.isISOControl(c)
                        || type == Character.FORMAT
                        || type == Character.SURROGATE
                        || type == Character.LINE_SEPARATOR
                        || type == Character.PARAGRAPH_SEPARATOR);
    }
}
