package dev.tidemark.proof.read;

import dev.tidemark.proof.check.Entry;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Takes out of a record what is compared with the table: its key, and numbers that a pattern finds in its value. */
public final class RecordParser {
    private final Columns columns;
    private final @Nullable Pattern value;

    /**
     * Compares what the table has columns for.
     *
     * @param value with the groups {@code sequence} and {@code amount} where there are such columns; null if there are none
     */
    public RecordParser(Columns columns, @Nullable Pattern value) {
        this.columns = columns;
        this.value = value;
    }

    /** What is compared of a record. */
    public Entry entry(ConsumerRecord<byte[], byte[]> record) {
        byte[] key = record.key();
        return new Entry(
                record.offset(),
                columns.key() == null || key == null ? null : new String(key, StandardCharsets.UTF_8),
                columns.sequence() == null ? null : number(record, "sequence"),
                columns.amount() == null ? null : number(record, "amount"));
    }

    private @Nullable Long number(ConsumerRecord<byte[], byte[]> record, String group) {
        byte[] bytes = record.value();
        if (bytes == null || value == null) {
            return null;
        }
        Matcher matcher = value.matcher(new String(bytes, StandardCharsets.UTF_8));
        return matcher.find() ? Long.valueOf(matcher.group(group)) : null;
    }
}
