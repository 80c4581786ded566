package dev.tidemark.internal.command;

import java.util.regex.Pattern;

/** Commands in messages, as a shell takes them when they are pasted. Pure. */
public final class PastedCommand {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/@%+,-]*");

    private PastedCommand() {}

    /** Shows what binding a group to the current topic would change, and starts at its first record. */
    public static String rebind(String group, String topic) {
        return "tidemark rebind " + quoted(group) + " --topic " + quoted(topic) + " --to-earliest";
    }

    /** Selects a partition for a reset; a target is to be added. */
    public static String reset(String group, String topic, int partition) {
        return "tidemark reset " + quoted(group) + " --topic " + quoted(topic) + ":" + partition;
    }

    /** A name as one word of a POSIX shell. */
    static String quoted(String name) {
        return PLAIN.matcher(name).matches() ? name : "'" + name.replace("'", "'\\''") + "'";
    }
}
