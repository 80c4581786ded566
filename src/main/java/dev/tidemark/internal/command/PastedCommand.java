package dev.tidemark.internal.command;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Commands in messages, as a shell takes them when they are pasted. Pure. */
public final class PastedCommand {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/@%+,-]*");

    /** A command in a text, but not one that is only named, in parentheses. */
    private static final Pattern COMMAND = Pattern.compile("\\btidemark ((?:dead-letters )?[a-z-]+)(?![\\w)-])");

    private static final String DEFAULT_SCHEMA = "tidemark";

    private PastedCommand() {}

    /** Shows what binding a group to the current topic would change, and starts at its first record. */
    public static String rebind(String group, String topic) {
        return "tidemark rebind " + group(group) + topic(topic, null) + " --to-earliest";
    }

    /** Selects a partition for a reset; a target is to be added. */
    public static String reset(String group, String topic, int partition) {
        return "tidemark reset " + group(group) + topic(topic, partition);
    }

    /** Undoes a change. */
    public static String undo(String group, long changeId) {
        return "tidemark reset " + group(group) + " --undo " + changeId + " --execute";
    }

    /**
     * Ends a pause.
     *
     * @param topic null for the whole group
     * @param partition null for the whole topic
     */
    public static String resume(String group, @Nullable String topic, @Nullable Integer partition) {
        return "tidemark resume " + group(group) + (topic == null ? "" : topic(topic, partition)) + " --execute";
    }

    /** Lists the dead letters of a topic. */
    public static String deadLetters(String group, String topic) {
        return "tidemark dead-letters list " + group(group) + topic(topic, null);
    }

    /** Shows what deleting a group would delete. */
    public static String delete(String group) {
        return "tidemark delete " + group(group);
    }

    /** Creates or upgrades the offset store. */
    public static String migrate(String schema) {
        return inSchema("tidemark migrate", schema);
    }

    /** The text with the schema in each of its commands, unless it is the default. */
    public static String inSchema(String text, String schema) {
        return schema.equals(DEFAULT_SCHEMA) ? text : with(text, command -> " --schema " + quoted(schema));
    }

    /** The text with options behind the name of each command in it, such as {@code dead-letters list}. */
    public static String with(String text, UnaryOperator<String> options) {
        return COMMAND.matcher(text)
                .replaceAll(command -> Matcher.quoteReplacement(command.group() + options.apply(command.group(1))));
    }

    /** What begins with a hyphen would be taken for an option. */
    private static String group(String name) {
        return (name.startsWith("-") ? "--group=" : "") + quoted(name);
    }

    private static String topic(String name, @Nullable Integer partition) {
        return " --topic" + (name.startsWith("-") ? "=" : " ") + quoted(name)
                + (partition == null ? "" : ":" + partition);
    }

    /** A text as one word of a shell: of POSIX, or, if it has characters that cannot be shown, of bash and zsh. */
    public static String quoted(String text) {
        if (PLAIN.matcher(text).matches()) {
            return text;
        }
        return text.codePoints().anyMatch(PastedCommand::isHidden)
                ? "$'" + escaped(text) + "'"
                : "'" + text.replace("'", "'\\''") + "'";
    }

    private static boolean isHidden(int c) {
        int type = Character.getType(c);
        return Character.isISOControl(c)
                || type == Character.FORMAT
                || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (isHidden(c)) {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    escaped.append(String.format(Locale.ROOT, "\\%03o", b & 0xff));
                }
            } else if (c == '\'' || c == '\\') {
                escaped.append('\\').appendCodePoint(c);
            } else {
                escaped.appendCodePoint(c);
            }
        });
        return escaped.toString();
    }
}
