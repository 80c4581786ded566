package dev.tidemark.internal.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.run.DrainedPolls;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Which partitions of a loop have nothing to do, and so may stand still. */
class IdleSharesTest {
    private static final int MOST = 500;
    private static final TopicPartition PARTITION = new TopicPartition("flights", 3);

    private final IdleShares idle = new IdleShares(new DrainedPolls(MOST));
    private final Claim claim = new Claim(PARTITION, UUID.randomUUID(), 7, Position.of(10));
    private final Share share = new Share(PARTITION, 1);

    IdleSharesTest() {
        share.state = Share.State.READING;
        share.claim = claim;
        share.fetched = claim.position();
    }

    @Test
    void whatNothingIsReturnedOfIsIdle() {
        idle.polled(List.of(share), 0);
        assertThat(idle.claims()).containsOnlyKeys(PARTITION).containsValue(claim);
        share.fetched = Position.of(11);
        idle.polled(List.of(share), 1);
        assertThat(idle.claims()).as("returned, and not confirmed yet").isEmpty();
    }

    /** Kafka's client returns what it has fetched of one partition before that of the next one. */
    @Test
    void whatMayWaitBehindTheRecordsOfOthersIsNot() {
        idle.polled(List.of(share), MOST);
        assertThat(idle.claims()).isEmpty();
        idle.polled(List.of(share), MOST - 1);
        assertThat(idle.claims()).containsOnlyKeys(PARTITION);
    }

    @Test
    void whatHasNotMovedIsComparedOnce() {
        idle.polled(List.of(share), 0);
        idle.unmoved(idle.claims());
        assertThat(idle.takeUnmoved(List.of(share))).containsExactly(share);
        assertThat(idle.takeUnmoved(List.of(share))).isEmpty();
    }
}
