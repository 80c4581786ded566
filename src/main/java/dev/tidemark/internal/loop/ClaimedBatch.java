package dev.tidemark.internal.loop;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Stretch;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.unit.IdentityCheck;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.Move;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** What a poll returned, or part of it. */
final class ClaimedBatch<K, V> implements ClaimedRecords<K, V> {
    private final CallerAdvance offsets;
    private final IdentityCheck identities;
    private final Handout handout;
    private final List<Stretch<K, V>> stretches;
    private final List<ConsumerRecord<K, V>> records;
    private volatile boolean advanced;

    /**
     * @param stretches at most one for each partition
     */
    ClaimedBatch(CallerAdvance offsets, IdentityCheck identities, Handout handout, List<Stretch<K, V>> stretches) {
        this.offsets = offsets;
        this.identities = identities;
        this.handout = handout;
        this.stretches = List.copyOf(stretches);
        this.records = stretches.stream().flatMap(s -> s.records().stream()).toList();
    }

    @Override
    public List<ConsumerRecord<K, V>> records() {
        return records;
    }

    @Override
    public Iterator<ConsumerRecord<K, V>> iterator() {
        return records.iterator();
    }

    @Override
    public boolean isEmpty() {
        return records.isEmpty();
    }

    @Override
    public int size() {
        return records.size();
    }

    @Override
    public Set<TopicPartition> partitions() {
        Set<TopicPartition> partitions = new HashSet<>();
        stretches.forEach(s -> partitions.add(s.claim().partition()));
        return partitions;
    }

    @Override
    public ClaimedRecords<K, V> of(TopicPartition partition) {
        return part(stretches.stream()
                .filter(s -> s.claim().partition().equals(partition))
                .toList());
    }

    @Override
    public ClaimedRecords<K, V> first(int count) {
        List<Stretch<K, V>> taken = new ArrayList<>();
        int left = count;
        for (Stretch<K, V> stretch : stretches) {
            stretch.first(left).ifPresent(taken::add);
            left -= stretch.records().size();
        }
        return part(taken);
    }

    @Override
    public ClaimedRecords<K, V> after(int count) {
        List<Stretch<K, V>> taken = new ArrayList<>();
        int left = count;
        for (Stretch<K, V> stretch : stretches) {
            stretch.after(left).ifPresent(taken::add);
            left -= stretch.records().size();
        }
        return part(taken);
    }

    private ClaimedRecords<K, V> part(List<Stretch<K, V>> taken) {
        return new ClaimedBatch<>(offsets, identities, handout, taken);
    }

    @Override
    public void advance(Connection connection) throws SQLException {
        confirmIdentities();
        List<Move> moves =
                stretches.stream().map(s -> new Move(s.claim(), s.end())).toList();
        try {
            Map<TopicPartition, Claim> unused = offsets.advance(connection, moves);
            advanced = true;
        } catch (FencedException e) {
            handout.fenced(e.partitions());
            throw e;
        }
    }

    private void confirmIdentities() {
        try {
            identities.confirm(partitions().stream().map(TopicPartition::topic).collect(Collectors.toSet()));
        } catch (UnitRefusedException e) {
            throw e.outcome() instanceof UnitOutcome.Refused refused
                    ? refused.error()
                    : e.outcome() instanceof UnitOutcome.StoreFailed failed
                            ? failed.error()
                            : new TidemarkException(
                                    ErrorCode.KAFKA_UNAVAILABLE,
                                    "Kafka did not confirm that the topics are still the same: roll back, try again later",
                                    e);
        }
    }

    @Override
    public void confirm() {
        if (!advanced && !isEmpty()) {
            throw new IllegalStateException("confirm() before advance(connection): these records were not advanced");
        }
        handout.confirm(stretches);
    }
}
