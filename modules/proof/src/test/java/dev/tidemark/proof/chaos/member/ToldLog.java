package dev.tidemark.proof.chaos.member;

import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.UnitInterceptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Writes down which records this client was told are committed, a line for each unit and partition. */
final class ToldLog implements UnitInterceptor, AutoCloseable {
    private final FileChannel file;
    private final ThreadLocal<List<ConsumerRecord<?, ?>>> handled = ThreadLocal.withInitial(ArrayList::new);

    ToldLog(Path file) throws IOException {
        this.file = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Override
    public void aroundTransaction(Transaction transaction) {
        handled.get().clear();
        if (transaction.run().outcome() == Outcome.COMMITTED) {
            write(handled.get());
        }
    }

    @Override
    public void aroundHandler(HandlerCall call) throws Exception {
        handled.get().addAll(call.records());
        call.proceed();
    }

    private void write(List<ConsumerRecord<?, ?>> records) {
        Map<Integer, long[]> ranges = new HashMap<>();
        for (ConsumerRecord<?, ?> record : records) {
            long[] range = ranges.computeIfAbsent(record.partition(), p -> new long[] {record.offset(), 0});
            range[1] = record.offset();
        }
        StringBuilder lines = new StringBuilder();
        ranges.forEach((partition, range) -> lines.append(partition + " " + range[0] + " " + range[1] + "\n"));
        try {
            file.write(ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
