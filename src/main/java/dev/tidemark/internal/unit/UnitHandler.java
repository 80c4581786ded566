package dev.tidemark.internal.unit;

import dev.tidemark.BatchHandler;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitInterceptor;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/** Runs the user's handler over the records of a unit. Thread-safe if the handler is. */
@FunctionalInterface
public interface UnitHandler<K, V> {
    /**
     * Handles the records in order and keeps the progress current, so that a failure shows where it happened.
     *
     * @param records one list per share of the unit
     */
    void handle(List<List<ConsumerRecord<K, V>>> records, Handle tx, Progress progress) throws Exception;

    /** How far a unit has got. */
    final class Progress {
        private final long timeIsUp;
        private final int[] done;
        private int failing = -1;

        /**
         * @param timeIsUp when no further record may be started, by {@link System#nanoTime}
         */
        Progress(int shares, long timeIsUp) {
            this.done = new int[shares];
            this.timeIsUp = timeIsUp;
        }

        /** How many records of a share have been handled. */
        int done(int index) {
            return done[index];
        }

        /**
         * The share whose record {@link #done} the handler is processing, or has failed on; -1 if it gets more than one record at a
         * time, and after its return.
         */
        int failing() {
            return failing;
        }
    }

    /** One record at a time; no further one is started once the time is up. */
    static <K, V> UnitHandler<K, V> of(RecordHandler<K, V> plain, String groupId, List<UnitInterceptor> interceptors) {
        RecordHandler<K, V> handler = interceptors.isEmpty()
                ? plain
                : (record, tx) -> new InterceptedCall(
                                groupId, interceptors, List.of(record), tx, () -> plain.handle(record, tx))
                        .run();
        return (records, tx, progress) -> {
            boolean begun = false;
            for (int i = 0; i < records.size(); i++) {
                for (ConsumerRecord<K, V> record : records.get(i)) {
                    if (begun && Host.nanoTime() - progress.timeIsUp >= 0) {
                        return;
                    }
                    begun = true;
                    progress.failing = i;
                    try {
                        handler.handle(record, tx);
                    } finally {
                        boolean unused = OwnThread.mayContinue();
                    }
                    progress.failing = -1;
                    progress.done[i]++;
                }
            }
        };
    }

    /** All records at once. */
    static <K, V> UnitHandler<K, V> of(BatchHandler<K, V> plain, String groupId, List<UnitInterceptor> interceptors) {
        BatchHandler<K, V> handler = interceptors.isEmpty()
                ? plain
                : (records, tx) ->
                        new InterceptedCall(groupId, interceptors, records, tx, () -> plain.handle(records, tx)).run();
        return (records, tx, progress) -> {
            List<ConsumerRecord<K, V>> all;
            if (records.size() == 1) {
                all = records.get(0);
            } else {
                all = new ArrayList<>();
                records.forEach(all::addAll);
            }
            try {
                handler.handle(Collections.unmodifiableList(all), tx);
            } finally {
                boolean unused = OwnThread.mayContinue();
            }
            for (int i = 0; i < records.size(); i++) {
                progress.done[i] = records.get(i).size();
            }
        };
    }
}
