package dev.tidemark.internal.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.TidemarkException;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.Suspicion;
import dev.tidemark.internal.plan.UnitPace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** The queues by themselves: what comes out when, and what is dropped. */
class IntakeTest {
    private static final Duration NOW = Duration.ZERO;

    private final UnitLimits limits = UnitLimits.defaults().withRecords(10).withBytes(100_000);
    private final News news = new News();
    private final Intake intake = new Intake(limits, 50_000, news);
    private final UnitPace pace = UnitPace.initial(limits);
    private final Claim p0 = claim(0);
    private final Claim p1 = claim(1);

    private static Claim claim(int partition) {
        return new Claim(new TopicPartition("t", partition), UUID.randomUUID(), 1, Position.of(100));
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(Claim claim, long from, long to) {
        return LongStream.range(from, to)
                .mapToObj(offset -> new ConsumerRecord<>(
                        claim.partition().topic(), claim.partition().partition(), offset, new byte[0], new byte[0]))
                .toList();
    }

    private static List<Long> offsets(Portion portion) {
        return portion.records().stream().map(ConsumerRecord::offset).toList();
    }

    private List<Portion> take() throws InterruptedException {
        return intake.take(pace, NOW);
    }

    @Test
    void aUnitTakesWhatIsThereFromAllPartitionsUpToTheLimit() throws InterruptedException {
        intake.open(p0);
        intake.open(p1);
        assertThat(intake.offer(p0, records(p0, 100, 104))).isFalse();
        assertThat(intake.offer(p1, records(p1, 100, 120))).isTrue();
        List<Portion> unit = take();
        assertThat(unit).hasSize(2);
        assertThat(offsets(unit.get(0))).containsExactly(100L, 101L, 102L, 103L);
        assertThat(unit.get(1).records()).hasSize(6);
        assertThat(take()).as("both are in a unit").isEmpty();
    }

    @Test
    void recordsOfAnotherClaimOrBehindTheClaimAreDropped() throws InterruptedException {
        intake.open(p0);
        intake.offer(claim(0), records(p0, 100, 110));
        assertThat(take()).isEmpty();
        intake.offer(p0, records(p0, 0, 102));
        intake.offer(p0, records(p0, 50, 103));
        assertThat(offsets(take().get(0))).containsExactly(100L, 101L, 102L);
    }

    @Test
    void whatWasNotDoneComesAgainInOrder() throws InterruptedException {
        intake.open(p0);
        intake.offer(p0, records(p0, 100, 105));
        Portion first = take().get(0);
        intake.settle(List.of(Settlement.done(first, 2, Position.of(102))));
        Portion second = take().get(0);
        assertThat(offsets(second)).containsExactly(102L, 103L, 104L);
        assertThat(second.claim().position()).isEqualTo(Position.of(102));
        assertThat(second.claim().token()).isEqualTo(p0.token());
    }

    @Test
    void aClosedPartitionIsAwaitedUntilItsUnitHasEnded() throws InterruptedException {
        intake.open(p0);
        intake.offer(p0, records(p0, 100, 105));
        Portion portion = take().get(0);
        assertThat(intake.close(Set.of(p0.partition()))).containsExactly(p0.partition());
        assertThat(intake.isLeaving(p0.partition())).isTrue();
        assertThat(intake.awaitIdle(Set.of(p0.partition()), Duration.ofMillis(10)))
                .isFalse();
        intake.settle(List.of(Settlement.again(portion, 0, null)));
        assertThat(intake.isLeaving(p0.partition())).isFalse();
        assertThat(intake.awaitIdle(Set.of(p0.partition()), Duration.ofSeconds(10)))
                .isTrue();
        assertThat(news.drained).containsExactly(p0.partition());
        assertThat(take()).as("its records are gone").isEmpty();
    }

    @Test
    void aFullPartitionIsResumedOnceThereIsRoom() throws InterruptedException {
        intake.open(p0);
        assertThat(intake.offer(p0, records(p0, 100, 120))).isTrue();
        Portion portion = take().get(0);
        intake.settle(List.of(Settlement.done(portion, 10, Position.of(110))));
        assertThat(news.room).containsExactly(p0.partition());
    }

    @Test
    void aPartitionThatWasFullBecauseOfAnotherIsResumedWhenThatOneGoes() {
        Intake small = new Intake(limits, 1_000, news);
        small.open(p0);
        small.open(p1);
        small.offer(p0, records(p0, 100, 109));
        assertThat(small.offer(p1, records(p1, 100, 101))).as("over all bytes").isTrue();
        small.close(Set.of(p0.partition()));
        assertThat(news.room).containsExactly(p1.partition());
    }

    @Test
    void aSuspectedRangeIsTakenAloneAndInPart() throws InterruptedException {
        intake.open(p0);
        intake.open(p1);
        intake.offer(p0, records(p0, 100, 108));
        Portion whole = take().get(0);
        intake.settle(List.of(Settlement.again(whole, 0, new Suspicion(108, Suspicion.Next.HALF))));
        intake.offer(p1, records(p1, 100, 105));
        List<Portion> unit = take();
        assertThat(unit).hasSize(1);
        assertThat(offsets(unit.get(0))).containsExactly(100L, 101L, 102L, 103L);
    }

    @Test
    void aFailedUnitWaits() throws InterruptedException {
        intake.open(p0);
        intake.offer(p0, records(p0, 100, 101));
        Portion portion = take().get(0);
        assertThat(portion.attempt()).isEqualTo(1);
        intake.settle(List.of(Settlement.again(portion, Duration.ofMillis(50).toNanos(), null)));
        assertThat(take()).isEmpty();
        assertThat(intake.take(pace, Duration.ofSeconds(10)).get(0).attempt()).isEqualTo(2);
    }

    @Test
    void afterAStopNothingIsTaken() throws InterruptedException {
        intake.open(p0);
        intake.offer(p0, records(p0, 100, 101));
        intake.stop();
        assertThat(intake.take(pace, Duration.ofDays(1))).isEmpty();
    }

    /** Writes down what the poll thread would hear. */
    private static final class News implements WorkerEvents {
        private final List<TopicPartition> room = new ArrayList<>();
        private final List<TopicPartition> drained = new ArrayList<>();

        @Override
        public void roomFor(Collection<TopicPartition> partitions) {
            room.addAll(partitions);
        }

        @Override
        public void drained(TopicPartition partition) {
            drained.add(partition);
        }

        @Override
        public void lost(Collection<Claim> claims, TidemarkException why) {
            throw new AssertionError(why);
        }

        @Override
        public void halted(Collection<Claim> claims, TidemarkException why) {
            throw new AssertionError(why);
        }

        @Override
        public void retrying(Collection<Claim> claims, TidemarkException why) {
            throw new AssertionError(why);
        }

        @Override
        public void recovered(Collection<Claim> claims) {
            throw new AssertionError();
        }

        @Override
        public void failed(TidemarkException why) {
            throw new AssertionError(why);
        }
    }
}
