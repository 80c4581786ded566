package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Offsets as the CSV of {@code kafka-consumer-groups --export} and {@code --from-file}: RFC 4180, no header, a line for each partition
 * with {@code topic,partition,offset} or {@code group,topic,partition,offset}. Immutable.
 */
public final class OffsetsFile {
    private final List<Line> lines;

    /** A line; the group is blank if the file names none. */
    private record Line(String group, TopicPartition partition, long offset) {}

    private OffsetsFile(List<Line> lines) {
        this.lines = lines;
    }

    /** Reads a file; one that cannot be read, or contains any other line, is refused (TM-103). */
    public static OffsetsFile read(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw OperatorErrors.invalid("the file cannot be read: " + file);
        }
        return parse(text);
    }

    /** Parses such lines; any other line is refused (TM-103), by its number and without its content. Empty lines are ignored. */
    public static OffsetsFile parse(String text) {
        List<Line> lines = new ArrayList<>();
        // Some editors write a byte order mark.
        Fields fields = new Fields(text.startsWith("\ufeff") ? text.substring(1) : text);
        while (fields.hasNext()) {
            List<String> line = fields.next();
            if (!line.equals(List.of(""))) {
                lines.add(line(line, fields.lineNumber));
            }
        }
        return new OffsetsFile(List.copyOf(lines));
    }

    private static Line line(List<String> fields, int number) {
        int columns = fields.size();
        String topic = columns == 3 || columns == 4 ? fields.get(columns - 3).strip() : "";
        // Without the line itself, here and below: it could be any file.
        if (topic.isEmpty()) {
            throw OperatorErrors.invalid("line " + number
                    + " of the file is neither topic,partition,offset nor group,topic,partition,offset");
        }
        long partition = number("partition", fields.get(columns - 2), Integer.MAX_VALUE, number);
        long offset = number("offset", fields.get(columns - 1), Long.MAX_VALUE, number);
        String group = columns == 4 ? fields.get(0).trim() : "";
        if (columns == 4 && group.isEmpty()) {
            throw OperatorErrors.invalid("line " + number
                    + " of the file names no group in its column for it: name the group, or leave the column out");
        }
        return new Line(group, new TopicPartition(topic, (int) partition), offset);
    }

    private static long number(String column, String text, long most, int line) {
        try {
            long number = Long.parseLong(text.strip());
            if (number >= 0 && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Refused below.
        }
        throw OperatorErrors.invalid("line " + line + " of the file has no " + column
                + " in its column for it, which is a whole number from 0 to " + most
                + ": a line is topic,partition,offset or group,topic,partition,offset");
    }

    /**
     * The offsets of a group; a file without groups applies to any. None is TM-601, two for a partition are TM-103.
     *
     * @return the offsets, in the order of the file
     */
    public Map<TopicPartition, Long> of(String name) {
        String group = name.trim();
        Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
        for (Line line : lines) {
            if ((line.group().isEmpty() || line.group().equals(group))
                    && offsets.put(line.partition(), line.offset()) != null) {
                throw OperatorErrors.invalid(
                        "the file has two offsets for topic " + line.partition().topic() + " partition "
                                + line.partition().partition());
            }
        }
        if (offsets.isEmpty()) {
            // What a file contains is not repeated: it may be the wrong file.
            long groups = lines.stream().map(Line::group).distinct().count();
            throw OperatorErrors.nothingMatched(
                    lines.isEmpty()
                            ? "the file contains no offsets"
                            : "the file contains no offsets of group " + group + ", but those of " + groups
                                    + (groups == 1 ? " other group" : " other groups")
                                    + ": lines without a group apply to any");
        }
        return offsets;
    }

    /** The text of a file with these offsets, in the given order and without a group. */
    public static String print(Map<TopicPartition, Long> offsets) {
        StringBuilder text = new StringBuilder();
        // Topic names never need quotes.
        offsets.forEach((partition, offset) -> text.append(partition.topic())
                .append(',')
                .append(partition.partition())
                .append(',')
                .append(offset)
                .append('\n'));
        return text.toString();
    }

    /** Splits CSV into the fields of each line. Only a group's name may need quotes. */
    private static final class Fields {
        private final String text;
        private int next;
        private int lineNumber;

        Fields(String text) {
            this.text = text;
        }

        boolean hasNext() {
            return next < text.length();
        }

        List<String> next() {
            lineNumber++;
            List<String> fields = new ArrayList<>();
            fields.add(field());
            while (hasNext() && text.charAt(next) == ',') {
                next++;
                fields.add(field());
            }
            endLine();
            return fields;
        }

        private String field() {
            if (!hasNext() || text.charAt(next) != '"') {
                int from = next;
                while (hasNext() && ",\r\n".indexOf(text.charAt(next)) < 0) {
                    next++;
                }
                return text.substring(from, next);
            }
            StringBuilder field = new StringBuilder();
            for (next++; hasNext(); next++) {
                char c = text.charAt(next);
                if (c != '"') {
                    field.append(c);
                } else if (next + 1 < text.length() && text.charAt(next + 1) == '"') {
                    field.append(c);
                    next++;
                } else {
                    next++;
                    return field.toString();
                }
            }
            throw OperatorErrors.invalid("line " + lineNumber + " of the file ends within quotes");
        }

        private void endLine() {
            if (hasNext() && text.charAt(next) == '\r') {
                next++;
                if (hasNext() && text.charAt(next) == '\n') {
                    next++;
                }
            } else if (hasNext() && text.charAt(next) == '\n') {
                next++;
            } else if (hasNext()) {
                throw OperatorErrors.invalid("line " + lineNumber + " of the file continues after a closing quote");
            }
        }
    }
}
