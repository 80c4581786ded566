package dev.tidemark.internal.plan;

/** Text files as other programs write them. */
public final class FileText {
    private FileText() {}

    /** The text without the byte order mark that some editors write in front of it. */
    public static String withoutMark(String text) {
        return text.startsWith("\ufeff") ? text.substring(1) : text;
    }
}
