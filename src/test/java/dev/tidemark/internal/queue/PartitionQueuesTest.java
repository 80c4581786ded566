package dev.tidemark.internal.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.unit.DecodeAhead;
import dev.tidemark.internal.unit.WorkerEvents;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The queues by themselves: what comes out when, and what is dropped. */
class PartitionQueuesTest {
    private static final Duration NOW = Duration.ZERO;

    private final UnitLimits limits = UnitLimits.defaults().withMaxRecords(10).withMaxBytes(100_000);
    private final News news = new News();
    private final PartitionQueues queues = new PartitionQueues(limits, 1, 50_000, news);
    private final UnitPace pace = UnitPace.initial(limits);
    private final Claim p0 = claim(0);
    private final Claim p1 = claim(1);

    private static Claim claim(int partition) {
        return new Claim(new TopicPartition("t", partition), UUID.randomUUID(), 1, Position.of(100));
    }

    private static ClaimedPartition claimed(Claim claim) {
        return new ClaimedPartition(claim, new Before(null, null, 0, 0), OptionalLong.empty(), Set.of(), GivenUp.NONE);
    }

    private static Settlement done(PartitionShare portion, int done, Position moved) {
        return new Settlement(portion, done, moved, 0, false, null, false);
    }

    private static Settlement again(PartitionShare portion, long delay, @Nullable IsolatedRecord alone) {
        return new Settlement(portion, 0, null, delay, delay > 0, alone, false);
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(Claim claim, long from, long to) {
        return LongStream.range(from, to)
                .mapToObj(offset -> new ConsumerRecord<>(
                        claim.partition().topic(), claim.partition().partition(), offset, new byte[0], new byte[0]))
                .toList();
    }

    private static List<Long> offsets(PartitionShare portion) {
        return portion.records().stream().map(ConsumerRecord::offset).toList();
    }

    private List<PartitionShare> take() throws InterruptedException {
        return queues.units().take(pace, NOW);
    }

    @Test
    void aUnitTakesWhatIsThereFromAllPartitionsUpToTheLimit() throws InterruptedException {
        queues.open(claimed(p0));
        queues.open(claimed(p1));
        assertThat(queues.offer(p0, records(p0, 100, 104), null)).isFalse();
        assertThat(queues.offer(p1, records(p1, 100, 140), null)).isTrue();
        List<PartitionShare> unit = take();
        assertThat(unit).hasSize(2);
        assertThat(offsets(unit.get(0))).containsExactly(100L, 101L, 102L, 103L);
        assertThat(unit.get(1).records()).hasSize(6);
        assertThat(take()).as("both are in a unit").isEmpty();
    }

    @Test
    void recordsOfAnotherClaimOrBehindTheClaimAreDropped() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(claim(0), records(p0, 100, 110), null);
        assertThat(take()).isEmpty();
        queues.offer(p0, records(p0, 0, 102), null);
        queues.offer(p0, records(p0, 50, 103), null);
        assertThat(offsets(take().get(0))).containsExactly(100L, 101L, 102L);
    }

    @Test
    void whatWasNotDoneComesAgainInOrder() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 105), null);
        PartitionShare first = take().get(0);
        queues.units().settle(List.of(done(first, 2, Position.of(102))));
        PartitionShare second = take().get(0);
        assertThat(offsets(second)).containsExactly(102L, 103L, 104L);
        assertThat(second.claim().position()).isEqualTo(Position.of(102));
        assertThat(second.claim().token()).isEqualTo(p0.token());
    }

    @Test
    void aClosedPartitionIsAwaitedUntilItsUnitHasEnded() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 105), null);
        PartitionShare portion = take().get(0);
        assertThat(queues.close(Set.of(p0.partition()))).containsExactly(Map.entry(p0.partition(), p0));
        assertThat(queues.isLeaving(p0.partition())).isTrue();
        assertThat(queues.awaitIdle(Set.of(p0.partition()), Duration.ofMillis(10)))
                .isFalse();
        queues.units().settle(List.of(again(portion, 0, null)));
        assertThat(queues.isLeaving(p0.partition())).isFalse();
        assertThat(queues.awaitIdle(Set.of(p0.partition()), Duration.ofSeconds(10)))
                .isTrue();
        assertThat(news.drained).containsExactly(p0);
        assertThat(take()).as("its records are gone").isEmpty();
    }

    @Test
    void theLastUnitOfAClosedPartitionTellsWhereItsClaimStands() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 105), null);
        PartitionShare portion = take().get(0);
        queues.close(Set.of(p0.partition()));
        queues.units().settle(List.of(done(portion, 5, Position.of(105))));
        assertThat(news.drained).containsExactly(p0.at(Position.of(105)));
    }

    @Test
    void aFullPartitionIsResumedOnceThereIsRoom() throws InterruptedException {
        queues.open(claimed(p0));
        assertThat(queues.offer(p0, records(p0, 100, 139), null)).isFalse();
        assertThat(queues.offer(p0, records(p0, 139, 140), null)).isTrue();
        PartitionShare first = take().get(0);
        queues.units().settle(List.of(done(first, 10, Position.of(110))));
        PartitionShare second = take().get(0);
        queues.units().settle(List.of(done(second, 10, Position.of(120))));
        assertThat(news.room).as("20 are still plenty").isEmpty();
        PartitionShare third = take().get(0);
        queues.units().settle(List.of(done(third, 10, Position.of(130))));
        assertThat(news.room).containsExactly(p0.partition());
    }

    @Test
    void thePollThreadMayRestWhileTheWorkersHavePlenty() throws InterruptedException {
        queues.open(claimed(p0));
        assertThat(queues.hasPlenty()).isFalse();
        queues.offer(p0, records(p0, 100, 119), null);
        assertThat(queues.hasPlenty()).isFalse();
        queues.offer(p0, records(p0, 119, 130), null);
        assertThat(queues.hasPlenty()).isTrue();
        PartitionShare first = take().get(0);
        assertThat(news.appetites).as("20 still wait").isZero();
        queues.units().settle(List.of(done(first, 10, Position.of(110))));
        PartitionShare second = take().get(0);
        assertThat(news.appetites).isOne();
        assertThat(queues.hasPlenty()).isFalse();
        queues.units().settle(List.of(done(second, 0, Position.of(110))));
        assertThat(queues.hasPlenty()).as("they have come back").isTrue();
        queues.close(Set.of(p0.partition()));
        assertThat(news.appetites).isEqualTo(2);
    }

    @Test
    void aPartitionThatWasFullBecauseOfAnotherIsResumedWhenThatOneGoes() {
        PartitionQueues small = new PartitionQueues(limits, 1, 1_600, news);
        small.open(claimed(p0));
        small.open(claimed(p1));
        small.offer(p0, records(p0, 100, 109), null);
        assertThat(small.offer(p1, records(p1, 100, 101), null))
                .as("over all bytes")
                .isTrue();
        small.close(Set.of(p0.partition()));
        assertThat(news.room).containsExactly(p1.partition());
    }

    @Test
    void aFullBufferPausesTheOthersToo() throws InterruptedException {
        PartitionQueues small = new PartitionQueues(limits, 1, 1_600, news);
        small.open(claimed(p0));
        small.open(claimed(p1));
        assertThat(small.offer(p0, records(p0, 100, 109), null)).isFalse();
        assertThat(small.withoutRoom()).as("there is room").isEmpty();
        assertThat(small.offer(p0, records(p0, 109, 110), null)).isTrue();
        assertThat(small.withoutRoom()).containsExactly(p1.partition());
        assertThat(small.withoutRoom()).as("paused already").isEmpty();
        PartitionShare portion = small.units().take(pace, NOW).get(0);
        small.units().settle(List.of(done(portion, 10, Position.of(110))));
        assertThat(news.room).containsExactlyInAnyOrder(p0.partition(), p1.partition());
    }

    @Test
    void nothingIsPausedForABufferThatNobodyEmpties() throws InterruptedException {
        PartitionQueues small = new PartitionQueues(limits, 1, 1_600, news);
        small.open(claimed(p0));
        small.open(claimed(p1));
        small.offer(p0, records(p0, 100, 110), null);
        PartitionShare stuck = small.units().take(pace, NOW).get(0);
        small.units().settle(List.of(again(stuck, Duration.ofHours(1).toNanos(), null)));
        assertThat(small.withoutRoom()).isEmpty();
    }

    @Test
    void aRecordThatFailedIsTakenByItself() throws InterruptedException {
        queues.open(claimed(p0));
        queues.open(claimed(p1));
        queues.offer(p0, records(p0, 100, 108), null);
        PartitionShare whole = take().get(0);
        queues.units().settle(List.of(again(whole, 0, new IsolatedRecord(100, 1, false, 0, null, null))));
        queues.offer(p1, records(p1, 100, 105), null);
        List<PartitionShare> unit = take();
        assertThat(unit).hasSize(1);
        assertThat(offsets(unit.get(0))).containsExactly(100L);
        queues.units().settle(List.of(done(unit.get(0), 1, Position.of(101))));
        List<PartitionShare> rest = take();
        assertThat(rest.get(0).claim().partition()).isEqualTo(p1.partition());
        assertThat(offsets(rest.get(1))).as("the others together").containsExactly(101L, 102L, 103L, 104L, 105L);
    }

    @Test
    void aPositionBeyondOlderRecordsIsForgottenWhenYoungerOnesFollow() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 102), Position.of(103));
        queues.offer(p0, records(p0, 103, 106), Position.of(106));
        PartitionShare portion = take().get(0);
        assertThat(offsets(portion)).containsExactly(100L, 101L, 103L, 104L, 105L);
        assertThat(portion.tail()).isNull();
    }

    @Test
    void partitionsThatWaitToTryAgainDoNotTakeAllTheRoom() throws InterruptedException {
        PartitionQueues small = new PartitionQueues(limits, 1, 1_600, news);
        small.open(claimed(p0));
        small.open(claimed(p1));
        small.offer(p0, records(p0, 100, 109), null);
        PartitionShare stuck = small.units().take(pace, NOW).get(0);
        small.units().settle(List.of(again(stuck, Duration.ofHours(1).toNanos(), null)));
        assertThat(small.offer(p1, records(p1, 100, 102), null)).as("no room").isTrue();
        PartitionShare other = small.units().take(pace, NOW).get(0);
        small.units().settle(List.of(done(other, 2, Position.of(102))));
        assertThat(news.room).as("it may go on all the same").containsExactly(p1.partition());
    }

    @Test
    void theRecordsOfASuspectedPartitionComeOneByOneForAsManyAsAUnitHolds() throws InterruptedException {
        queues.open(
                new ClaimedPartition(p0, new Before(null, null, 7, 4), OptionalLong.empty(), Set.of(), GivenUp.NONE));
        queues.offer(p0, records(p0, 100, 118), null);
        for (long offset = 100; offset < 110; offset++) {
            PartitionShare one = take().get(0);
            assertThat(offsets(one)).containsExactly(offset);
            queues.units().settle(List.of(done(one, 1, Position.of(offset + 1))));
        }
        assertThat(offsets(take().get(0))).hasSize(8);
    }

    @Test
    void anAttemptThatNobodyCameBackFromMakesItsRecordSuspect() {
        assertThat(new ClaimedPartition(p0, new Before(null, null, 7, 7), OptionalLong.of(100), Set.of(), GivenUp.NONE)
                        .isSuspect())
                .isTrue();
        assertThat(new ClaimedPartition(p0, new Before(null, null, 7, 7), OptionalLong.of(99), Set.of(), GivenUp.NONE)
                        .isSuspect())
                .as("it came through after all")
                .isFalse();
        assertThat(new ClaimedPartition(p0, new Before(null, null, 7, 5), OptionalLong.empty(), Set.of(), GivenUp.NONE)
                        .isSuspect())
                .isFalse();
    }

    @Test
    void aPositionBeyondTheLastRecordMovesWithItOrByItself() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 103), Position.of(105));
        PartitionShare portion = take().get(0);
        assertThat(portion.tail()).isEqualTo(Position.of(105));
        queues.units().settle(List.of(done(portion, 3, Position.of(105))));

        queues.offer(p0, List.of(), Position.of(107));
        assertThat(take()).as("records may follow soon").isEmpty();
        PartitionShare tail = queues.units().take(pace, Duration.ofSeconds(10)).get(0);
        assertThat(tail.records()).isEmpty();
        assertThat(tail.tail()).isEqualTo(Position.of(107));
        queues.units().settle(List.of(done(tail, 0, Position.of(107))));

        queues.offer(p0, List.of(), Position.of(109));
        queues.offer(p0, records(p0, 109, 111), Position.of(111));
        PartitionShare both = take().get(0);
        assertThat(offsets(both)).containsExactly(109L, 110L);
        queues.units().settle(List.of(done(both, 2, Position.of(111))));
        assertThat(queues.units().take(pace, Duration.ofMillis(1_500)))
                .as("nothing is left to move")
                .isEmpty();
    }

    @Test
    void aFailedUnitWaits() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 101), null);
        PartitionShare portion = take().get(0);
        assertThat(portion.attempt()).isEqualTo(1);
        queues.units().settle(List.of(again(portion, Duration.ofMillis(50).toNanos(), null)));
        assertThat(take()).isEmpty();
        assertThat(queues.units().take(pace, Duration.ofSeconds(10)).get(0).attempt())
                .isEqualTo(2);
    }

    @Test
    void afterAStopNothingIsTaken() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 101), null);
        queues.stop();
        assertThat(queues.units().take(pace, Duration.ofDays(1))).isEmpty();
    }

    /** A record of a batch that was large enough to be decoded ahead, which nothing does here. */
    private WeakReference<Object> offerAndHandle(long from) throws InterruptedException {
        List<ConsumerRecord<byte[], byte[]>> batch = records(p0, from, from + 60);
        queues.offer(p0, batch, null);
        for (long offset = from; offset < from + 60; offset += 10) {
            PartitionShare portion = take().get(0);
            assertThat(portion.records()).hasSize(10);
            queues.units().settle(List.of(done(portion, 10, Position.of(offset + 10))));
        }
        return new WeakReference<>(batch.get(0));
    }

    private static void awaitGone(String what, WeakReference<Object> record) {
        Awaitility.await(what).atMost(Duration.ofMinutes(3)).until(() -> {
            System.gc();
            return record.get() == null;
        });
    }

    @Test
    void whatWasHandledIsNotKeptForAnAssistantThatDoesNotCome() throws InterruptedException {
        queues.open(claimed(p0));
        WeakReference<Object> first = offerAndHandle(100);
        WeakReference<Object> second = offerAndHandle(160);
        awaitGone("the first", first);
        awaitGone("the second", second);
    }

    @Test
    void whatWasDroppedIsNotKeptForAnAssistantThatDoesNotCome() {
        queues.open(claimed(p0));
        WeakReference<Object> dropped = offerOnly(100);
        queues.close(Set.of(p0.partition()));
        awaitGone("dropped", dropped);
    }

    @Test
    void whatLiesBehindIsNotKeptForAnAssistantThatDoesNotCome() {
        queues.open(claimed(p0));
        awaitGone("behind", offerOnly(20));
    }

    @Test
    void whatWaitsAtTheStopIsNotKeptForAnAssistantThatDoesNotCome() {
        queues.open(claimed(p0));
        WeakReference<Object> waiting = offerOnly(100);
        queues.stop();
        queues.close(Set.of(p0.partition()));
        awaitGone("waiting", waiting);
    }

    private WeakReference<Object> offerOnly(long from) {
        List<ConsumerRecord<byte[], byte[]>> batch = records(p0, from, from + 60);
        queues.offer(p0, batch, null);
        return new WeakReference<>(batch.get(0));
    }

    @Test
    void aWorkerTakesWhatAnAssistantHasDecodedAndWaitsForNoMore() throws InterruptedException {
        CountDownLatch decoded = new CountDownLatch(30);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        Deserializer<byte[]> hanging = (topic, data) -> {
            if (decoded.getCount() == 0) {
                awaitQuietly(mayGoOn);
            }
            decoded.countDown();
            return data;
        };
        RecordDecoder<byte[], byte[]> hangs =
                new RecordDecoder<>(ByteArrayDeserializer::new, () -> hanging, failure -> false);
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 160), null);
        Thread assistant = new Thread(new DecodeAhead<>("g", queues.units(), hangs, news));
        assistant.start();
        decoded.await();
        for (int unit = 0; unit < 3; unit++) {
            PartitionShare portion = take().get(0);
            Awaitility.await("decoded ahead")
                    .atMost(Duration.ofMinutes(3))
                    .until(() -> portion.decodedAhead(10).size() == 10);
            queues.units().settle(List.of(done(portion, 10, Position.of(110 + 10L * unit))));
        }
        assertThat(take().get(0).decodedAhead(10)).as("not yet").isEmpty();
        queues.stop();
        mayGoOn.countDown();
        assistant.interrupt();
        assistant.join();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void theUnitOfADeadWorkerIsWaitedForByNobodyAndComesToNothing() throws InterruptedException {
        queues.open(claimed(p0));
        queues.open(claimed(p1));
        queues.offer(p0, records(p0, 100, 102), null);
        queues.offer(p1, records(p1, 100, 102), null);
        List<PartitionShare> unit = queues.units().take(pace.confined(), NOW);
        PartitionShare other = queues.units().take(pace.confined(), NOW).get(0);
        queues.units().abandon(unit);
        assertThat(take()).as("nobody takes it again").isEmpty();
        Claim dead = unit.get(0).claim();
        assertThat(queues.isAbandoned(dead)).isTrue();
        assertThat(queues.isAbandoned(other.claim())).isFalse();
        queues.close(Set.of(p0.partition(), p1.partition()));
        assertThat(queues.awaitIdle(Set.of(dead.partition()), Duration.ZERO)).isTrue();
        assertThat(queues.awaitIdle(Set.of(other.claim().partition()), Duration.ZERO))
                .isFalse();
        queues.units().abandon(List.of(other));
        assertThat(queues.awaitIdle(Set.of(other.claim().partition()), Duration.ZERO))
                .as("it died after it was closed")
                .isTrue();
    }

    /** In a thread of its own, to be woken long before its patience ends. */
    private static <T> CompletableFuture<T> waiting(Callable<T> wait) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                result.complete(wait.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        waiter.setDaemon(true);
        waiter.start();
        Awaitility.await("it waits")
                .atMost(Duration.ofMinutes(3))
                .until(() -> result.isDone() || waiter.getState() == Thread.State.TIMED_WAITING);
        assertThat(result).isNotDone();
        return result;
    }

    private CompletableFuture<List<PartitionShare>> waitingWorker() {
        return waiting(() -> queues.units().take(pace, Duration.ofMinutes(5)));
    }

    private static <T> T woken(CompletableFuture<T> waiting) throws Exception {
        return waiting.get(3, TimeUnit.MINUTES);
    }

    @Test
    void aWorkerIsWokenByRecords() throws Exception {
        queues.open(claimed(p0));
        CompletableFuture<List<PartitionShare>> worker = waitingWorker();
        queues.offer(p0, records(p0, 100, 105), null);
        assertThat(offsets(woken(worker).get(0))).containsExactly(100L, 101L, 102L, 103L, 104L);
    }

    @Test
    void aWorkerIsWokenByAPositionThatMovesWithoutRecords() throws Exception {
        queues.open(claimed(p0));
        CompletableFuture<List<PartitionShare>> worker = waitingWorker();
        queues.offer(p0, List.of(), Position.of(130));
        assertThat(woken(worker))
                .singleElement()
                .satisfies(portion -> assertThat(portion.records()).isEmpty());
    }

    @Test
    void aWorkerIsWokenByWhatAnotherPutBack() throws Exception {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 105), null);
        PartitionShare first = take().get(0);
        CompletableFuture<List<PartitionShare>> worker = waitingWorker();
        queues.units().settle(List.of(done(first, 2, Position.of(102))));
        assertThat(offsets(woken(worker).get(0))).containsExactly(102L, 103L, 104L);
    }

    @Test
    void aWorkerIsWokenByTheStop() throws Exception {
        CompletableFuture<List<PartitionShare>> worker = waitingWorker();
        queues.stop();
        assertThat(woken(worker)).isEmpty();
    }

    @Test
    void aRevocationIsWokenByTheEndOfItsUnitHoweverItEnds() throws Exception {
        queues.open(claimed(p0));
        queues.open(claimed(p1));
        queues.offer(p0, records(p0, 100, 105), null);
        queues.offer(p1, records(p1, 100, 105), null);
        List<PartitionShare> unit = take();
        queues.close(Set.of(p0.partition(), p1.partition()));
        CompletableFuture<Boolean> settled =
                waiting(() -> queues.awaitIdle(Set.of(p0.partition()), Duration.ofMinutes(5)));
        CompletableFuture<Boolean> abandoned =
                waiting(() -> queues.awaitIdle(Set.of(p1.partition()), Duration.ofMinutes(5)));
        queues.units().settle(List.of(done(unit.get(0), 5, Position.of(105))));
        assertThat(woken(settled)).isTrue();
        assertThat(abandoned).isNotDone();
        queues.units().abandon(List.of(unit.get(1)));
        assertThat(woken(abandoned)).isTrue();
    }

    private static ConsumerRecord<byte[], byte[]> sized(long offset, int bytes) {
        return new ConsumerRecord<>(
                "t",
                0,
                offset,
                0,
                TimestampType.CREATE_TIME,
                0,
                bytes,
                new byte[0],
                new byte[bytes],
                new RecordHeaders(),
                Optional.empty());
    }

    @Test
    void aRecordLargerThanAUnitIsAUnitOfItsOwn() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 101), null);
        queues.offer(p0, List.of(sized(101, 150_000)), null);
        queues.offer(p0, records(p0, 102, 104), null);
        List<List<Long>> units = new ArrayList<>();
        for (List<PartitionShare> unit = take(); !unit.isEmpty(); unit = take()) {
            assertThat(unit).hasSize(1);
            units.add(offsets(unit.get(0)));
            int size = unit.get(0).records().size();
            assertThat(size).isPositive();
            queues.units()
                    .settle(List.of(done(
                            unit.get(0),
                            size,
                            Position.of(unit.get(0).records().get(size - 1).offset() + 1))));
        }
        assertThat(units).containsExactly(List.of(100L), List.of(101L), List.of(102L, 103L));
    }

    @Test
    void attemptsAreCountedUntilSomethingTakesEffect() throws InterruptedException {
        queues.open(claimed(p0));
        queues.offer(p0, records(p0, 100, 105), null);
        for (int attempt = 1; attempt <= 3; attempt++) {
            List<PartitionShare> unit = queues.units().take(pace, Duration.ofSeconds(30));
            assertThat(unit.get(0).attempt()).isEqualTo(attempt);
            queues.units().settle(List.of(again(unit.get(0), 1, null)));
        }
        PartitionShare fourth =
                queues.units().take(pace, Duration.ofSeconds(30)).get(0);
        queues.units().settle(List.of(again(fourth, 0, null)));
        PartitionShare same = take().get(0);
        assertThat(same.attempt()).as("nothing took effect, and nothing failed").isEqualTo(4);
        queues.units().settle(List.of(done(same, 2, Position.of(102))));
        assertThat(take().get(0).attempt()).isEqualTo(1);
    }

    /** Writes down what the poll thread would hear. */
    private static final class News implements WorkerEvents {
        private final List<TopicPartition> room = new ArrayList<>();
        private final List<Claim> drained = new ArrayList<>();
        private int appetites;

        @Override
        public void spaceFor(Collection<TopicPartition> partitions) {
            room.addAll(partitions);
        }

        @Override
        public void appetite() {
            appetites++;
        }

        @Override
        public void drained(Claim claim) {
            drained.add(claim);
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
        public void moved(Collection<Claim> claims) {
            throw new AssertionError();
        }

        @Override
        public void recovered(Collection<Claim> claims) {
            throw new AssertionError();
        }

        @Override
        public void survived(Claim claim, long offset) {}

        @Override
        public void failed(TidemarkException why) {
            throw new AssertionError(why);
        }
    }
}
