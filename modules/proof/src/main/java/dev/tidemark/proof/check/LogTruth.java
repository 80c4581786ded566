package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the log holds, or held: the committed records of each partition, as a reader of our own saw them. */
public final class LogTruth {
    private record Place(int incarnation, int partition) {}

    private final Map<Place, NavigableMap<Long, Entry>> entries = new HashMap<>();
    private final Map<Place, Long> starts = new HashMap<>();
    private final Map<Place, NavigableMap<Long, Entry>> compacted = new HashMap<>();

    /** Adds a record. */
    public void add(int incarnation, int partition, Entry entry) {
        of(incarnation, partition).put(entry.offset(), entry);
    }

    /** Below this offset nothing is known of the partition. */
    public void startsAt(int incarnation, int partition, long offset) {
        starts.put(new Place(incarnation, partition), offset);
    }

    /** The log was compacted below this offset: a record that it does not hold any more may be missing. */
    public void compacted(int incarnation, int partition, long below, Collection<Long> kept) {
        Place place = new Place(incarnation, partition);
        NavigableMap<Long, Entry> known = of(incarnation, partition);
        known.headMap(below).forEach((offset, entry) -> {
            if (!kept.contains(offset)) {
                compacted.computeIfAbsent(place, p -> new TreeMap<>()).put(offset, entry);
            }
        });
    }

    private NavigableMap<Long, Entry> of(int incarnation, int partition) {
        return entries.computeIfAbsent(new Place(incarnation, partition), p -> new TreeMap<>());
    }

    /** The records that must have taken effect in this stretch, in order. */
    public List<Entry> expected(int partition, Stretch stretch) {
        Place place = new Place(stretch.incarnation(), partition);
        NavigableMap<Long, Entry> gone = compacted.getOrDefault(place, new TreeMap<>());
        List<Entry> expected = new ArrayList<>();
        for (Entry entry : within(stretch, partition)) {
            if (!gone.containsKey(entry.offset())) {
                expected.add(entry);
            }
        }
        return expected;
    }

    private Collection<Entry> within(Stretch stretch, int partition) {
        NavigableMap<Long, Entry> all = of(stretch.incarnation(), partition);
        return stretch.to() <= stretch.from()
                ? List.of()
                : all.subMap(stretch.from(), true, stretch.to(), false).values();
    }

    /** The record at this offset; null if there never was one. */
    @Nullable
    Entry at(int incarnation, int partition, long offset) {
        return of(incarnation, partition).get(offset);
    }

    /** Whether anything is known of this offset. */
    boolean isKnown(int incarnation, int partition, long offset) {
        return offset >= starts.getOrDefault(new Place(incarnation, partition), 0L);
    }

    /** How many records are known. */
    public long size() {
        return entries.values().stream().mapToLong(Map::size).sum();
    }
}
