package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** C5: the advances of a partition form one chain from previous to next, and each claim has a token of its own. */
public final class ChainCheck {
    private static final String TITLE = "one chain of advances";

    private record Claim(int partition, long epoch, String owner) {}

    private ChainCheck() {}

    /** Checks advances in the order in which they were made; no longer than to the stored positions. */
    public static Finding check(List<Advance> advances, Map<Integer, Long> positions) {
        if (advances.isEmpty()) {
            return Finding.skipped("C5", TITLE, "no audited advances: install the audit trigger first");
        }
        List<String> violations = new ArrayList<>();
        Map<Integer, Advance> last = new HashMap<>();
        Map<String, Claim> claims = new HashMap<>();
        for (Advance advance : advances) {
            Advance before = last.put(advance.partition(), advance);
            String place = "partition " + advance.partition() + ": ";
            if (before != null && before.next() != advance.previous()) {
                violations.add(place + "an advance from " + advance.previous() + " follows one to " + before.next());
            }
            if (before != null && advance.epoch() < before.epoch()) {
                violations.add(place + "epoch " + advance.epoch() + " after " + before.epoch());
            }
            if (advance.token() == null) {
                continue;
            }
            if (advance.next() < advance.previous()) {
                violations.add(place + "an advance from " + advance.previous() + " back to " + advance.next());
            }
            Claim claim = new Claim(advance.partition(), advance.epoch(), String.valueOf(advance.owner()));
            Claim other = claims.putIfAbsent(advance.token(), claim);
            if (other != null && !other.equals(claim)) {
                violations.add(place + "a token of epoch " + advance.epoch() + " was used before, in partition "
                        + other.partition() + " epoch " + other.epoch());
            }
            if (before != null
                    && before.token() != null
                    && before.epoch() == advance.epoch()
                    && !before.token().equals(advance.token())) {
                violations.add(place + "two tokens in epoch " + advance.epoch());
            }
        }
        last.forEach((partition, advance) -> {
            Long position = positions.get(partition);
            if (position != null && position != advance.next()) {
                violations.add("partition " + partition + ": the last advance leads to " + advance.next()
                        + ", the stored offset is " + position);
            }
        });
        return Finding.of("C5", TITLE, violations, advances.size() + " advances, " + claims.size() + " claims");
    }

    /** The stretches between moves: what was gone through, as one after the other. */
    public static Map<Integer, List<Stretch>> stretches(List<Advance> advances) {
        Map<Integer, List<Stretch>> stretches = new HashMap<>();
        for (Advance advance : advances) {
            List<Stretch> own = stretches.computeIfAbsent(advance.partition(), p -> new ArrayList<>());
            if (own.isEmpty()) {
                own.add(new Stretch(advance.incarnation(), advance.previous(), advance.previous()));
            }
            Stretch current = own.get(own.size() - 1);
            if (advance.isMove()) {
                own.add(new Stretch(advance.incarnation(), advance.next(), advance.next()));
            } else {
                own.set(own.size() - 1, new Stretch(current.incarnation(), current.from(), advance.next()));
            }
        }
        return stretches;
    }
}
