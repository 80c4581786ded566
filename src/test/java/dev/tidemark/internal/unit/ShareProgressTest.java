package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.queue.PartitionShare;
import dev.tidemark.internal.queue.QueueEvents;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Where a position moves as the records of a share take effect. */
class ShareProgressTest {
    private static final QueueEvents NOBODY = new QueueEvents() {
        @Override
        public void spaceFor(Collection<TopicPartition> partitions) {}

        @Override
        public void appetite() {}

        @Override
        public void drained(Claim claim) {}
    };

    private static ShareProgress<byte[], byte[]> taken(Position next, long... offsets) throws InterruptedException {
        UnitLimits limits = UnitLimits.defaults();
        PartitionQueues queues = new PartitionQueues(limits, 1, 50_000, NOBODY);
        Claim claim = new Claim(new TopicPartition("t", 0), UUID.randomUUID(), 1, Position.of(100));
        queues.open(new ClaimedPartition(
                claim, new Before(null, null, 0, 0), OptionalLong.empty(), Set.of(), GivenUp.NONE));
        List<ConsumerRecord<byte[], byte[]>> records = LongStream.of(offsets)
                .mapToObj(offset -> new ConsumerRecord<>("t", 0, offset, new byte[0], new byte[0]))
                .toList();
        queues.offer(claim, records, next);
        PartitionShare share =
                queues.units().take(UnitPace.initial(limits), Duration.ZERO).get(0);
        return new ShareProgress<>(share, share.records());
    }

    @Test
    void thePositionFollowsTheRecordsAndTheirEnd() throws InterruptedException {
        assertThat(taken(Position.of(103), 100, 101, 102).after(3)).isEqualTo(Position.of(103));
        assertThat(taken(Position.of(103), 100, 101, 102).after(1)).isEqualTo(Position.of(101));
    }

    @Test
    void beyondMarkersOnlyOnceAllAreDone() throws InterruptedException {
        assertThat(taken(Position.of(105), 100, 102).after(1)).isEqualTo(Position.of(101));
        assertThat(taken(Position.of(105), 100, 102).after(2)).isEqualTo(Position.of(105));
    }
}
