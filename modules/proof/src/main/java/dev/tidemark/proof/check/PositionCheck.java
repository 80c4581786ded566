package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** C6: the stored position is the end of the log, and the views say that the lag is zero. */
public final class PositionCheck {
    private PositionCheck() {}

    /** Compares positions and lags, by partition, with the ends of the log; a lag that is not there is not zero. */
    public static Finding check(Map<Integer, Long> ends, Map<Integer, Long> positions, Map<Integer, Long> lags) {
        List<String> violations = new ArrayList<>();
        new TreeMap<>(ends).forEach((partition, end) -> {
            Long position = positions.get(partition);
            if (!end.equals(position)) {
                violations.add(
                        "partition " + partition + ": the stored offset is " + position + ", the log ends at " + end);
            } else if (lags.getOrDefault(partition, -1L) != 0) {
                violations.add("partition " + partition + ": the view says lag " + lags.get(partition));
            }
        });
        return Finding.of("C6", "position = end of the log, lag 0", violations, ends.size() + " partitions");
    }
}
