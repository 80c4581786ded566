package dev.tidemark.internal.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What records are counted as is near what they cost on the heap. */
class FetchedBytesTest {
    private static final long GOAL = 48_000_000;

    /** Records that cost their bytes in different places. */
    enum Kind {
        NOTHING(0, 0, 0, 0, 0),
        SMALL(10, 20, 0, 0, 0),
        LARGE_VALUE(10, 20_000, 0, 0, 0),
        ONE_HEADER(0, 0, 1, 8, 36),
        SOME_HEADERS(10, 100, 5, 12, 20),
        MANY_HEADERS(0, 0, 500, 4, 0),
        LONG_NAMES(0, 10, 3, 4_000, 1),
        LARGE_HEADERS(0, 10, 2, 10, 50_000);

        private final int key;
        private final int value;
        private final int headers;
        private final int name;
        private final int content;

        Kind(int key, int value, int headers, int name, int content) {
            this.key = key;
            this.value = value;
            this.headers = headers;
            this.name = name;
            this.content = content;
        }

        /** As Kafka's consumer makes it: each header is read from buffers when it is asked for. */
        @SuppressWarnings("NullAway")
        private ConsumerRecord<byte[], byte[]> record(long offset) {
            byte[] k = key == 0 ? null : new byte[key];
            byte[] v = value == 0 ? null : new byte[value];
            Header[] all = IntStream.range(0, headers)
                    .mapToObj(i -> new RecordHeader(
                            ByteBuffer.wrap("n".repeat(name).getBytes(StandardCharsets.UTF_8)), buffer(content)))
                    .toArray(Header[]::new);
            return new ConsumerRecord<>(
                    "t",
                    0,
                    offset,
                    1_700_000_000_000L + offset,
                    TimestampType.CREATE_TIME,
                    k == null ? ConsumerRecord.NULL_SIZE : key,
                    v == null ? ConsumerRecord.NULL_SIZE : value,
                    k,
                    v,
                    new RecordHeaders(all),
                    Optional.of((int) offset),
                    Optional.empty());
        }

        private static @Nullable ByteBuffer buffer(int size) {
            return size == 0 ? null : ByteBuffer.allocate(size);
        }
    }

    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void itIsNearTheHeapThatTheyTake(Kind kind) {
        long one = new FetchedRecords(List.of(kind.record(0))).bytes();
        int count = (int) Math.max(100, GOAL / one);
        long before = heap();
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            records.add(kind.record(i));
        }
        FetchedRecords batch = new FetchedRecords(records);
        long taken = heap() - before;
        assertThat(batch.bytes()).as("each alike").isEqualTo(count * one);
        assertThat((double) taken / batch.bytes()).as(kind + ": heap by count").isBetween(0.6, 1.6);
        assertThat(batch.size()).isEqualTo(count);
    }

    @Test
    void aPartOfABatchIsCountedByItself() {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            records.add((i % 3 == 0 ? Kind.MANY_HEADERS : Kind.SMALL).record(i));
        }
        FetchedRecords batch = new FetchedRecords(records);
        for (int from = 0; from < 20; from++) {
            FetchedRecords.Range rest = batch.from(from);
            assertThat(rest.bytes()).isEqualTo(new FetchedRecords(records.subList(from, 20)).bytes());
            assertThat(rest.undecoded().bytes()).isEqualTo(rest.bytes());
            assertThat(rest.undecoded().without(1).bytes())
                    .isEqualTo(new FetchedRecords(records.subList(from + 1, 20)).bytes());
            for (int count = 0; count <= rest.size(); count++) {
                long bytes = rest.first(count).bytes();
                assertThat(rest.fitting(bytes)).isEqualTo(count);
                assertThat(rest.fitting(bytes - 1)).isEqualTo(Math.max(0, count - 1));
            }
        }
    }
}
