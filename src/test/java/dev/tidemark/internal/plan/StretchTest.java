package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import dev.tidemark.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Parts of what was polled cover all of it, without a gap and without an overlap. */
class StretchTest {
    private static final TopicPartition PARTITION = new TopicPartition("flights", 0);

    private static Claim claimAt(long offset) {
        return new Claim(PARTITION, UUID.randomUUID(), 1, Position.of(offset));
    }

    private static List<ConsumerRecord<String, String>> records(long... offsets) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        for (long offset : offsets) {
            records.add(new ConsumerRecord<>("flights", 0, offset, "k", "v"));
        }
        return records;
    }

    private static Stretch<String, String> stretch(Claim claim, long expected, long next, long... offsets) {
        return Stretch.of(claim, Position.of(expected), records(offsets), Position.of(next))
                .orElseThrow();
    }

    @Test
    void itBeginsAtTheClaimAndEndsWhereReadingGoesOn() {
        Claim claim = claimAt(10);
        Stretch<String, String> stretch = stretch(claim, 12, 20, 13, 17);
        assertThat(stretch.claim()).isEqualTo(claim);
        assertThat(stretch.end()).isEqualTo(Position.of(20));
        assertThat(stretch(claim, 12, 18, 13, 17).end()).isEqualTo(Position.of(18));
        assertThat(stretch(claim, 12, 3, 13, 17).end())
                .as("never before a record")
                .isEqualTo(Position.of(18));
        Position withEpoch = new Position(25, OptionalInt.of(4));
        assertThat(Stretch.of(claim, Position.of(12), records(13), withEpoch)
                        .orElseThrow()
                        .end())
                .isEqualTo(withEpoch);
        assertThat(Stretch.of(claim, Position.of(12), records(13), null)
                        .orElseThrow()
                        .end())
                .isEqualTo(Position.of(14));
    }

    @Test
    void whatWasFetchedBeforeIsLeftOut() {
        assertThat(stretch(claimAt(10), 14, 18, 11, 13, 14, 17).records())
                .extracting(ConsumerRecord::offset)
                .containsExactly(14L, 17L);
        assertThat(Stretch.of(claimAt(10), Position.of(14), records(11, 13), Position.of(14)))
                .isEmpty();
        assertThat(Stretch.of(claimAt(10), Position.of(14), records(), Position.of(19)))
                .isEmpty();
    }

    @Test
    void partsMeet() {
        Random random = Seeds.random("StretchTest");
        for (int round = 0; round < 1_000; round++) {
            long offset = random.nextInt(5);
            Claim claim = claimAt(offset);
            long[] offsets = new long[1 + random.nextInt(6)];
            for (int i = 0; i < offsets.length; i++) {
                offset += random.nextInt(3);
                offsets[i] = offset++;
            }
            Stretch<String, String> whole =
                    stretch(claim, claim.position().nextOffset(), offset + random.nextInt(3), offsets);
            int count = random.nextInt(offsets.length + 3) - 1;
            Optional<Stretch<String, String>> first = whole.first(count);
            Optional<Stretch<String, String>> after = whole.after(count);
            List<ConsumerRecord<String, String>> both = new ArrayList<>();
            first.ifPresent(part -> both.addAll(part.records()));
            after.ifPresent(part -> both.addAll(part.records()));
            assertThat(both).isEqualTo(whole.records());
            assertThat(first.map(part -> part.records().size()).orElse(0))
                    .isEqualTo(Math.max(0, Math.min(count, offsets.length)));
            assertThat(first.or(() -> after).orElseThrow().claim()).isEqualTo(claim);
            assertThat(after.or(() -> first).orElseThrow().end()).isEqualTo(whole.end());
            if (first.isPresent() && after.isPresent()) {
                assertThat(after.get().claim()).isEqualTo(claim.at(first.get().end()));
            }
        }
    }
}
