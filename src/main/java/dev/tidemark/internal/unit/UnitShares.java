package dev.tidemark.internal.unit;

import dev.tidemark.internal.queue.UnitSource;
import dev.tidemark.offsets.Claim;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The shares of a unit, and those of them whose records it handles. Used by one worker.
 *
 * @param all as the unit took them
 * @param handled the same, unless it matters what a success of one topic proves: then only those of one topic
 * @param beside what was taken together with them and is another unit
 */
record UnitShares<K, V>(
        List<ShareProgress<K, V>> all, List<ShareProgress<K, V>> handled, List<ShareProgress<K, V>> beside) {
    static <K, V> UnitShares<K, V> of(
            List<ShareProgress<K, V>> all, List<ShareProgress<K, V>> beside, HandlerHistory history) {
        boolean matters = all.stream()
                .anyMatch(share -> history.isWritingOfInterest(share.partition().topic()));
        String topic = all.get(0).partition().topic();
        return new UnitShares<>(
                all,
                matters
                        ? all.stream()
                                .filter(share -> share.partition().topic().equals(topic))
                                .toList()
                        : all,
                beside);
    }

    /** Where records may be compared with one that fails. */
    List<ShareProgress<K, V>> comparable() {
        return Stream.concat(all.stream(), beside.stream()).toList();
    }

    static List<Claim> claims(List<? extends ShareProgress<?, ?>> shares) {
        return shares.stream().map(ShareProgress::claim).toList();
    }

    /** The claims of what took effect after earlier failures. */
    List<Claim> recovered() {
        return claims(all.stream().filter(ShareProgress::hasRecovered).toList());
    }

    /** Those that were left out come first the next time, or a busy topic would starve them. */
    List<ShareProgress<K, V>> inTurn() {
        if (handled.size() == all.size()) {
            return all;
        }
        Set<ShareProgress<K, V>> some = Set.copyOf(handled);
        List<ShareProgress<K, V>> inTurn = new ArrayList<>(
                all.stream().filter(share -> !some.contains(share)).toList());
        inTurn.addAll(handled);
        return inTurn;
    }

    /** Prevents further units of these claims. */
    void close() {
        all.forEach(ShareProgress::close);
    }

    /** Whether one of them has been closed, or no more units are begun. */
    boolean isLeaving(UnitSource units) {
        return units.isStopped() || all.stream().anyMatch(share -> units.isClosed(share.taken()));
    }

    /** How many records are left in each share that is handled and has any. */
    List<Integer> leftInEach() {
        return handled.stream()
                .map(share -> share.left().size())
                .filter(size -> size > 0)
                .toList();
    }
}
