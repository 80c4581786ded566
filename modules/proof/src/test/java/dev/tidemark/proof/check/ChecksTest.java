package dev.tidemark.proof.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.proof.check.Finding.Status;
import dev.tidemark.proof.check.LeakCheck.Bounds;
import dev.tidemark.proof.check.LeakCheck.Remains;
import dev.tidemark.proof.check.SumsCheck.Total;
import dev.tidemark.proof.check.ToldCheck.Told;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each check finds what it is for, and nothing else. */
class ChecksTest {
    private static final int P = 3;

    private static Entry entry(long offset) {
        return new Entry(offset, "k" + offset % 2, offset / 2, offset);
    }

    private static List<Entry> entries(long... offsets) {
        return Arrays.stream(offsets).mapToObj(ChecksTest::entry).toList();
    }

    private static LogTruth log(long end) {
        LogTruth log = new LogTruth();
        for (long offset = 0; offset < end; offset++) {
            log.add(1, P, entry(offset));
        }
        return log;
    }

    private static Facts facts(LogTruth log, List<Entry> effects, Stretch... stretches) {
        return new Facts(Map.of(P, effects), Map.of(P, List.of(stretches)), log);
    }

    private static Facts to4(long... effects) {
        return facts(log(6), entries(effects), new Stretch(1, 0, 4));
    }

    private static void assertViolated(Finding finding, String words) {
        assertThat(finding.status()).as(finding.line()).isEqualTo(Status.VIOLATED);
        assertThat(finding.text()).contains(words);
    }

    private static void assertOk(Finding... findings) {
        for (Finding finding : findings) {
            assertThat(finding.status()).as(finding.line()).isEqualTo(Status.OK);
        }
    }

    @Test
    void exactEffectsPassAll() {
        Facts facts = to4(0, 1, 2, 3);
        assertOk(EffectsCheck.check(facts), OrderCheck.check(facts), KeySequenceCheck.check(facts));
        assertOk(SumsCheck.check(facts, Map.of("k0", new Total(2, 2), "k1", new Total(2, 4))));
    }

    @Test
    void aMissingADoubledAnInventedAndAnEarlyEffectAreFound() {
        assertViolated(EffectsCheck.check(to4(0, 1, 3)), "missing: partition 3 offset 2");
        assertViolated(EffectsCheck.check(to4(0, 1, 2, 2, 3)), "twice: partition 3 offset 2");
        assertViolated(EffectsCheck.check(to4(0, 1, 2, 3, 9)), "invented: partition 3 offset 9");
        assertViolated(EffectsCheck.check(to4(0, 1, 2, 3, 4)), "beyond the stored offset: partition 3 offset 4");
        List<Entry> other = new ArrayList<>(entries(0, 1, 2));
        other.add(new Entry(3, "k1", 1L, 77L));
        assertViolated(
                EffectsCheck.check(facts(log(6), other, new Stretch(1, 0, 4))), "invented: partition 3 offset 3");
    }

    @Test
    void aPartitionWithoutAnyEffectIsCompared() {
        assertViolated(
                EffectsCheck.check(new Facts(Map.of(), Map.of(P, List.of(new Stretch(1, 0, 1))), log(2))), "missing");
    }

    @Test
    void whatLiesBelowTheStartOfTheLogIsNotCompared() {
        LogTruth log = log(6);
        log.startsAt(1, P, 2);
        Finding finding = EffectsCheck.check(facts(log, entries(0, 0, 2, 3), new Stretch(1, 2, 4)));
        assertOk(finding);
        assertThat(finding.text()).contains("2 more below the start");
    }

    @Test
    void recordsMayOnlyBePassedOverByAMove() {
        assertOk(EffectsCheck.check(facts(log(6), entries(0, 3), new Stretch(1, 0, 1), new Stretch(1, 3, 4))));
        assertViolated(EffectsCheck.check(facts(log(6), entries(0, 3), new Stretch(1, 0, 4))), "missing");
    }

    @Test
    void whatWasCompactedAwayMayBeMissingAndMayBeThereOnce() {
        LogTruth log = log(6);
        log.compacted(1, P, 4, List.of(0L, 3L));
        assertOk(EffectsCheck.check(facts(log, entries(0, 3), new Stretch(1, 0, 4))));
        assertOk(EffectsCheck.check(facts(log, entries(0, 1, 3), new Stretch(1, 0, 4))));
        assertViolated(EffectsCheck.check(facts(log, entries(0, 1, 1, 3), new Stretch(1, 0, 4))), "twice");
        assertViolated(EffectsCheck.check(facts(log, entries(0, 1), new Stretch(1, 0, 4))), "missing");
    }

    @Test
    void aMoveBackRepeatsWhatItMovedOver() {
        Facts facts = facts(log(6), entries(0, 1, 2, 1, 2, 3), new Stretch(1, 0, 3), new Stretch(1, 1, 4));
        assertOk(EffectsCheck.check(facts), OrderCheck.check(facts), KeySequenceCheck.check(facts));
        assertViolated(
                EffectsCheck.check(facts(log(6), entries(0, 1, 2, 3), new Stretch(1, 0, 3), new Stretch(1, 1, 4))),
                "missing");
    }

    @Test
    void anotherTopicOfTheNameHasOtherRecords() {
        LogTruth log = log(4);
        log.add(2, P, new Entry(0, "k0", 9L, 9L));
        Stretch[] both = {new Stretch(1, 0, 4), new Stretch(2, 0, 1)};
        List<Entry> effects = new ArrayList<>(entries(0, 1, 2, 3));
        effects.add(new Entry(0, "k0", 9L, 9L));
        assertOk(EffectsCheck.check(facts(log, effects, both)));
        assertViolated(EffectsCheck.check(facts(log, entries(0, 1, 2, 3, 0), both)), "missing");
    }

    @Test
    void anotherOrderIsFound() {
        assertViolated(OrderCheck.check(to4(0, 2, 1, 3)), "offset 1 after 2");
        assertOk(OrderCheck.check(to4(0, 2, 2, 3)));
    }

    @Test
    void anotherSequenceOfAKeyIsFound() {
        assertViolated(KeySequenceCheck.check(to4(0, 3, 2, 1)), "1 keys");
        assertViolated(KeySequenceCheck.check(to4(0, 1, 3)), "1 keys");
    }

    @Test
    void otherSumsAreFound() {
        assertViolated(SumsCheck.check(to4(0, 1, 2), Map.of()), "sum to 3, the log to 6");
        assertViolated(
                SumsCheck.check(to4(0, 1, 2, 3), Map.of("k0", new Total(2, 2), "k1", new Total(3, 4))), "1 of 2");
    }

    private static Advance advance(long from, long to, String token, long epoch) {
        return new Advance(P, 1, from, to, token, epoch, "owner", Instant.EPOCH);
    }

    @Test
    void brokenChainsAreFound() {
        Map<Integer, Long> at9 = Map.of(P, 9L);
        assertOk(ChainCheck.check(List.of(advance(0, 4, "a", 1), advance(4, 9, "b", 2)), at9));
        assertViolated(
                ChainCheck.check(List.of(advance(0, 4, "a", 1), advance(5, 9, "a", 1)), at9),
                "from 5 follows one to 4");
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "a", 1), advance(4, 9, "b", 1)), at9), "two tokens");
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "a", 1), advance(4, 9, "a", 2)), at9), "used before");
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "b", 2), advance(4, 9, "a", 1)), at9), "epoch 1 after 2");
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "a", 1), advance(4, 2, "a", 1)), Map.of()), "back to 2");
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "a", 1)), at9), "the stored offset is 9");
    }

    @Test
    void aTokenOfTwoOwnersIsFound() {
        Advance other = new Advance(P, 1, 4, 9, "a", 1, "another", Instant.EPOCH);
        assertViolated(ChainCheck.check(List.of(advance(0, 4, "a", 1), other), Map.of(P, 9L)), "used before");
    }

    @Test
    void movesPartTheStretches() {
        List<Advance> advances = List.of(
                advance(0, 4, "a", 1),
                advance(4, 6, "a", 1),
                new Advance(P, 1, 6, 2, null, 2, null, Instant.EPOCH),
                advance(2, 3, "b", 3));
        assertThat(ChainCheck.stretches(advances))
                .containsExactly(Map.entry(P, List.of(new Stretch(1, 0, 6), new Stretch(1, 2, 3))));
        assertOk(ChainCheck.check(advances, Map.of(P, 3L)));
    }

    @Test
    void aPositionBeforeTheEndAndALagAreFound() {
        assertOk(PositionCheck.check(Map.of(P, 9L), Map.of(P, 9L), Map.of(P, 0L)));
        assertViolated(PositionCheck.check(Map.of(P, 9L), Map.of(P, 8L), Map.of(P, 0L)), "the log ends at 9");
        assertViolated(PositionCheck.check(Map.of(P, 9L), Map.of(), Map.of()), "is null");
        assertViolated(PositionCheck.check(Map.of(P, 9L), Map.of(P, 9L), Map.of(P, 1L)), "lag 1");
        assertViolated(PositionCheck.check(Map.of(P, 9L), Map.of(P, 9L), Map.of()), "lag null");
    }

    @Test
    void whatWasToldAndIsNotThereIsFound() {
        assertOk(ToldCheck.check(List.of(new Told(P, 0, 3)), to4(0, 1, 2, 3)));
        assertViolated(ToldCheck.check(List.of(new Told(P, 0, 3)), to4(0, 1, 3)), "from offset 2");
        assertOk(ToldCheck.suffix(List.of(new Told(P, 0, 3)), to4(0, 1), Map.of(P, 2L)));
        assertViolated(ToldCheck.suffix(List.of(new Told(P, 0, 3)), to4(0, 2), Map.of(P, 3L)), "offset 1 is missing");
    }

    @Test
    void lateTakeoversAreFound() {
        List<Duration> times = List.of(Duration.ofMillis(900), Duration.ofMillis(6_100), Duration.ofMillis(12_000));
        assertViolated(TakeoverCheck.check(times, Duration.ofSeconds(11)), "12000 ms");
        Finding finding = TakeoverCheck.check(times, Duration.ofSeconds(12));
        assertOk(finding);
        assertThat(finding.text()).contains("p50 6100 ms, p99 12000 ms", "0-1: 1, 6-7: 1, 12-13: 1");
    }

    @Test
    void whatIsLeftBehindIsFound() {
        Bounds bounds = new Bounds(2, Map.of("t", 100L), 1_000);
        assertOk(LeakCheck.check(new Remains(0, 0, 2, Map.of("t", 100L), Map.of("1", 1_000L)), bounds));
        assertViolated(LeakCheck.check(new Remains(1, 0, 2, Map.of(), Map.of()), bounds), "idle");
        assertViolated(LeakCheck.check(new Remains(0, 1, 2, Map.of(), Map.of()), bounds), "lock");
        assertViolated(LeakCheck.check(new Remains(0, 0, 3, Map.of(), Map.of()), bounds), "3 connections");
        assertViolated(LeakCheck.check(new Remains(0, 0, 2, Map.of("t", 101L), Map.of()), bounds), "101 bytes");
        assertViolated(LeakCheck.check(new Remains(0, 0, 2, Map.of(), Map.of("1", 1_001L)), bounds), "process 1");
    }

    @Test
    void whatIsNotGivenIsSkipped() {
        Facts bare = facts(new LogTruth(), List.of(), new Stretch(1, 0, 0));
        assertThat(List.of(
                        KeySequenceCheck.check(bare),
                        SumsCheck.check(bare, Map.of()),
                        ChainCheck.check(List.of(), Map.of()),
                        ToldCheck.check(List.of(), bare),
                        TakeoverCheck.check(List.of(), Duration.ZERO)))
                .allMatch(finding -> finding.status() == Status.SKIPPED);
    }
}
