package dev.tidemark.cli.output;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.tidemark.DeadLetter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** A complete dead letter: as a row for programs, as lines for people. */
public record DeadLetterPage(DeadLetter letter, boolean hex) {
    private record Line(String name, @Nullable Object value) {}

    private ConsumerRecord<byte[], byte[]> record() {
        return letter.record();
    }

    /** One row. Headers are a list, as their names may repeat. */
    public Table table() {
        List<Line> lines = new ArrayList<>(place());
        Content key = Content.of(record().key(), hex);
        Content value = Content.of(record().value(), hex);
        lines.add(new Line("headers", headers()));
        lines.add(new Line("key", key.text()));
        lines.add(new Line("key_encoding", key.encoding()));
        lines.add(new Line("value", value.text()));
        lines.add(new Line("value_encoding", value.encoding()));
        lines.addAll(error());
        lines.add(new Line("error_stack", letter.errorStack().orElse(null)));
        Table table = new Table(lines.stream().map(Line::name).toArray(String[]::new));
        table.add(lines.stream().map(Line::value).toArray());
        return table;
    }

    /** A line for each field, the long ones last. */
    public String words() {
        StringBuilder words = new StringBuilder();
        place().forEach(line -> append(words, line));
        error().forEach(line -> append(words, line));
        for (Header header : record().headers()) {
            append(
                    words,
                    "header " + Table.text(header.key()),
                    Content.of(header.value(), hex).words());
        }
        append(words, "key", Content.of(record().key(), hex).words());
        append(words, "value", Content.of(record().value(), hex).words());
        letter.errorStack()
                .ifPresent(stack -> words.append(String.format(Locale.ROOT, "error_stack:%n%s%n", stack.strip())));
        return Printable.text(words.toString());
    }

    private static void append(StringBuilder words, Line line) {
        append(words, line.name(), Table.text(Table.plain(line.value())));
    }

    private static void append(StringBuilder words, String name, String value) {
        words.append(String.format(Locale.ROOT, "%-15s %s%n", name + ":", value));
    }

    private List<Line> place() {
        return List.of(
                new Line("id", letter.id()),
                new Line("topic", record().topic()),
                new Line("partition", record().partition()),
                new Line("record_offset", record().offset()),
                new Line("timestamp", record().timestamp() < 0 ? null : Instant.ofEpochMilli(record().timestamp())),
                new Line("timestamp_type", record().timestampType().toString()),
                new Line("attempts", letter.attempts()),
                new Line("holds_key", letter.holdsKey()),
                new Line("parked_by", letter.parkedBy()),
                new Line("parked_at", letter.parkedAt()),
                new Line("superseded_at", letter.supersededAt().orElse(null)));
    }

    private List<Line> error() {
        return List.of(
                new Line("error_code", letter.errorCode().orElse(null)),
                new Line("error_class", letter.errorClass().orElse(null)),
                new Line("sqlstate", letter.sqlState().orElse(null)),
                new Line("error_text", letter.errorText().orElse(null)),
                new Line("error_message", letter.errorMessage().orElse(null)));
    }

    private ArrayNode headers() {
        ArrayNode headers = JsonNodeFactory.instance.arrayNode();
        for (Header header : record().headers()) {
            Content content = Content.of(header.value(), hex);
            headers.addObject()
                    .put("name", header.key())
                    .put("value", content.text())
                    .put("encoding", content.encoding());
        }
        return headers;
    }
}
