package dev.tidemark.cli.running;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The progress of a run, from one sample to the next. Rates are averages over the last ten seconds. Used by one thread; does no I/O.
 */
public final class Progress {
    private static final long WINDOW = Duration.ofSeconds(10).toNanos();

    private final Deque<Mark> marks = new ArrayDeque<>();
    private boolean assigned;

    private record Mark(long nanos, long read) {}

    /**
     * What is shown.
     *
     * @param perSecond records
     * @param lag what is still to be read; empty while a partition's is unknown
     * @param left until the lag is gone at this rate, if no new records arrive; empty if unknown
     * @param waiting whether there has been no partition yet
     */
    public record Look(
            double perSecond, OptionalLong lag, Optional<Duration> left, int partitions, int halted, boolean waiting) {
        @Override
        public String toString() {
            StringBuilder line = new StringBuilder(String.format(
                    Locale.ROOT,
                    "%,.0f records/s  lag %s",
                    perSecond,
                    lag.isPresent() ? grouped(lag.getAsLong()) : "unknown"));
            left.ifPresent(time -> line.append("  ").append(words(time)).append(" left"));
            line.append("  ").append(partitions).append(partitions == 1 ? " partition" : " partitions");
            if (waiting) {
                line.append(
                        ": waiting for the group; the partitions of a member that died come free after session.timeout.ms");
            }
            if (halted > 0) {
                line.append(", ").append(halted).append(" halted");
            }
            return line.toString();
        }
    }

    /**
     * Adds a sample.
     *
     * @param nanos by {@link System#nanoTime}
     * @param read how many records took effect or were given up since the start
     */
    public Look look(long nanos, long read, List<PartitionStatus> partitions) {
        marks.addLast(new Mark(nanos, read));
        while (marks.size() > 2 && nanos - marks.getFirst().nanos() > WINDOW) {
            marks.removeFirst();
        }
        Mark from = marks.getFirst();
        double seconds = (nanos - from.nanos()) / 1e9;
        double perSecond = seconds > 0 ? (read - from.read()) / seconds : 0;
        OptionalLong lag = lag(partitions);
        Optional<Duration> left = lag.isPresent() && lag.getAsLong() > 0 && perSecond >= 1
                ? Optional.of(Duration.ofSeconds((long) Math.ceil(lag.getAsLong() / perSecond)))
                : Optional.empty();
        int halted = (int) partitions.stream()
                .filter(p -> p.state() == PartitionState.HALTED)
                .count();
        assigned |= !partitions.isEmpty();
        return new Look(perSecond, lag, left, partitions.size(), halted, !assigned);
    }

    private static OptionalLong lag(List<PartitionStatus> partitions) {
        if (partitions.isEmpty() || partitions.stream().anyMatch(p -> p.lag().isEmpty())) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(
                partitions.stream().mapToLong(p -> p.lag().orElse(0)).sum());
    }

    public static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** The two largest units; more would suggest false precision. */
    public static String words(Duration time) {
        if (time.toDays() > 0) {
            return time.toDays() + " d " + time.toHoursPart() + " h";
        }
        if (time.toHours() > 0) {
            return time.toHours() + " h " + time.toMinutesPart() + " min";
        }
        return time.toMinutes() > 0
                ? time.toMinutes() + " min " + time.toSecondsPart() + " s"
                : time.toSeconds() + " s";
    }
}
