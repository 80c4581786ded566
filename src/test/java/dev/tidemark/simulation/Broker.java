package dev.tidemark.simulation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** The logs of one topic: with gaps, truncation, retention, growth and re-creation. */
final class Broker {
    static final String TOPIC = "t";

    /**
     * A record.
     *
     * @param version what distinguishes it from any other that was ever at its offset
     */
    record Entry(int partition, long offset, int epoch, long version, Nature nature, int key) {
        ConsumerRecord<byte[], byte[]> asRecord() {
            byte[] bytes = (nature + " " + version).getBytes(StandardCharsets.UTF_8);
            return new ConsumerRecord<>(
                    TOPIC,
                    partition,
                    offset,
                    1_000L + version,
                    TimestampType.CREATE_TIME,
                    2,
                    bytes.length,
                    ("k" + key).getBytes(StandardCharsets.UTF_8),
                    bytes,
                    new RecordHeaders(),
                    Optional.of(epoch));
        }
    }

    /** One partition's log. */
    static final class Log {
        final TreeMap<Long, Entry> records = new TreeMap<>();

        /** All that ever were at an offset; a null for when there was none. */
        final Map<Long, List<Entry>> ever = new HashMap<>();

        /** Offsets from which something was removed. */
        final Map<Long, Boolean> removed = new HashMap<>();

        /** Where each epoch begins. */
        final TreeMap<Integer, Long> epochs = new TreeMap<>();

        long start;
        long end;
        int epoch;

        Log() {
            epochs.put(0, 0L);
        }

        /** Where an epoch ends, as a leader tells its followers and consumers. */
        long endOf(int of) {
            Integer later = epochs.higherKey(of);
            return later == null ? end : Math.min(end, Objects.requireNonNull(epochs.get(later)));
        }

        /** The epoch of what stands before an offset, as far as the log knows. */
        int epochAt(long offset) {
            int found = 0;
            for (Map.Entry<Integer, Long> e : epochs.entrySet()) {
                if (e.getValue() <= offset) {
                    found = e.getKey();
                }
            }
            return found;
        }
    }

    private final Scheduler scheduler;
    private final Random random;
    private final int badness;
    private final boolean kills;
    final Map<Long, Entry> versions = new HashMap<>();
    final Map<String, List<Log>> incarnations = new HashMap<>();
    List<Log> logs = new ArrayList<>();
    Uuid topicId = new Uuid(7, 1);
    final String cluster = "cluster";
    private long nextVersion = 1;
    private long topics = 1;

    /** Until when Admin calls and fetches fail. */
    long away;

    Broker(Scheduler scheduler, Random random, int partitions, int badness, boolean kills) {
        this.scheduler = scheduler;
        this.random = random;
        this.badness = badness;
        this.kills = kills;
        incarnations.put(topicId.toString(), logs);
        grow(partitions);
    }

    void grow(int to) {
        while (logs.size() < to) {
            logs.add(new Log());
        }
    }

    /** Appends records, and now and then a gap: a marker, or what was aborted. */
    void append(int partition, int count) {
        Log log = logs.get(partition);
        for (int i = 0; i < count; i++) {
            if (random.nextInt(6) == 0) {
                gap(log);
            }
            Entry entry = new Entry(partition, log.end, log.epoch, nextVersion++, nature(), random.nextInt(4));
            log.records.put(log.end, entry);
            log.ever.computeIfAbsent(log.end, offset -> new ArrayList<>()).add(entry);
            versions.put(entry.version(), entry);
            log.end++;
        }
        if (random.nextInt(3) == 0) {
            gap(log);
        }
    }

    private void gap(Log log) {
        int size = 1 + random.nextInt(3);
        for (int i = 0; i < size; i++) {
            log.removed.putIfAbsent(log.end, true);
            log.end++;
        }
    }

    private Nature nature() {
        if (random.nextInt(100) >= badness) {
            return random.nextInt(4) == 0 ? Nature.ADDS : Nature.HEALTHY;
        }
        Nature[] all = Nature.values();
        Nature nature = all[random.nextInt(all.length)];
        return nature == Nature.KILLS && !kills ? Nature.FAILS_ONCE : nature;
    }

    /** A leader without the last records: they are lost, and others will stand in their place. */
    void truncate(int partition, int by) {
        Log log = logs.get(partition);
        long to = Math.max(log.start, log.end - by);
        for (Entry lost : log.records.tailMap(to, true).values()) {
            log.removed.put(lost.offset(), true);
        }
        log.records.tailMap(to, true).clear();
        log.end = to;
        log.epoch++;
        log.epochs.tailMap(log.epoch, true).clear();
        log.epochs.values().removeIf(begin -> begin > to);
        log.epochs.put(log.epoch, to);
    }

    /** A new leader that has everything. */
    void elect(int partition) {
        Log log = logs.get(partition);
        log.epoch++;
        log.epochs.put(log.epoch, log.end);
    }

    void retain(int partition, long from) {
        Log log = logs.get(partition);
        log.start = Math.max(log.start, Math.min(from, log.end));
        for (Entry lost : log.records.headMap(log.start, false).values()) {
            log.removed.put(lost.offset(), true);
        }
        log.records.headMap(log.start, false).clear();
    }

    void compact(int partition) {
        Log log = logs.get(partition);
        log.records.values().removeIf(entry -> {
            boolean goes = random.nextInt(3) == 0;
            if (goes) {
                log.removed.put(entry.offset(), true);
            }
            return goes;
        });
    }

    void recreate(int partitions) {
        topicId = new Uuid(7, ++topics);
        logs = new ArrayList<>();
        incarnations.put(topicId.toString(), logs);
        grow(partitions);
        for (int p = 0; p < partitions; p++) {
            append(p, random.nextInt(12));
        }
    }

    boolean isAway() {
        return scheduler.now() < away;
    }
}
