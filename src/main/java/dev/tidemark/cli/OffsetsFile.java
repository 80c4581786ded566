package dev.tidemark.cli;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;
import org.apache.kafka.common.TopicPartition;

/** The CSV of {@code kafka-consumer-groups --export} and {@code --from-file}: no header, a line for each partition. */
final class OffsetsFile {
    private static final CSVFormat FORMAT = CSVFormat.RFC4180
            .builder()
            .setRecordSeparator("\n")
            .setIgnoreEmptyLines(true)
            .get();

    private OffsetsFile() {}

    /** A line; the group is blank where the file names none. */
    record Line(String group, TopicPartition partition, long offset) {}

    /** What a file holds. */
    record Lines(List<Line> lines) {
        /** The offsets of a group; a file without groups is about whichever is asked for. Nothing is refused (TM-601). */
        Map<TopicPartition, Long> of(String group) {
            Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
            for (Line line : lines) {
                if ((line.group().isEmpty() || line.group().equals(group))
                        && offsets.put(line.partition(), line.offset()) != null) {
                    throw CommandException.wrongInput("the file has two offsets for topic "
                            + line.partition().topic() + " partition "
                            + line.partition().partition());
                }
            }
            if (offsets.isEmpty()) {
                TreeSet<String> groups = new TreeSet<>();
                lines.forEach(line -> groups.add(line.group()));
                throw CommandException.nothingMatched(
                        lines.isEmpty()
                                ? "the file holds no offsets"
                                : "the file holds no offsets of group " + group + ": it is about "
                                        + String.join(", ", groups));
            }
            return offsets;
        }
    }

    /** Reads a file, or standard input where its name is a dash. */
    static Lines read(String name) {
        try (Reader reader = name.equals("-")
                ? new InputStreamReader(System.in, StandardCharsets.UTF_8)
                : Files.newBufferedReader(Path.of(name))) {
            return parse(reader);
        } catch (IOException | UncheckedIOException e) {
            throw CommandException.wrongInput("the file cannot be read: " + name);
        }
    }

    /** Reads lines of {@code topic,partition,offset} or {@code group,topic,partition,offset}. */
    static Lines parse(String text) {
        try {
            return parse(new StringReader(text));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Lines parse(Reader reader) throws IOException {
        List<Line> lines = new ArrayList<>();
        try (CSVParser parser = CSVParser.parse(reader, FORMAT)) {
            for (CSVRecord fields : parser) {
                lines.add(line(fields, parser.getCurrentLineNumber()));
            }
        }
        return new Lines(lines);
    }

    private static Line line(CSVRecord fields, long number) {
        int columns = fields.size();
        if (columns == 3 || columns == 4) {
            try {
                int partition = Integer.parseInt(fields.get(columns - 2).strip());
                long offset = Long.parseLong(fields.get(columns - 1).strip());
                String topic = fields.get(columns - 3).strip();
                if (partition >= 0 && offset >= 0 && !topic.isEmpty()) {
                    return new Line(columns == 4 ? fields.get(0) : "", new TopicPartition(topic, partition), offset);
                }
            } catch (NumberFormatException e) {
                // Said below.
            }
        }
        // Without the line itself: it may be any file.
        throw CommandException.wrongInput(
                "line " + number + " of the file is neither topic,partition,offset nor group,topic,partition,offset");
    }

    /** The lines of one group, as Kafka's tool reads them for one group. */
    static String print(Map<TopicPartition, Long> offsets) {
        StringBuilder text = new StringBuilder();
        try (CSVPrinter printer = new CSVPrinter(text, FORMAT)) {
            for (Map.Entry<TopicPartition, Long> entry : offsets.entrySet()) {
                printer.printRecord(entry.getKey().topic(), entry.getKey().partition(), entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
