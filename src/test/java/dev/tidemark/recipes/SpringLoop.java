package dev.tidemark.recipes;

import dev.tidemark.Claim;
import dev.tidemark.OffsetStore;
import dev.tidemark.Position;
import dev.tidemark.StartPosition;
import dev.tidemark.TopicBinding;
import dev.tidemark.recipes.SpringRecipe.FlightService;
import dev.tidemark.testkit.Flights.Flight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** A plain poll loop that calls a Spring bean for everything that wants a transaction. */
final class SpringLoop implements Runnable {
    private final String topic;
    private final Admin admin;
    private final Consumer<String, Flight> consumer;
    private final OffsetStore offsets;
    private final FlightService service;
    private final Map<TopicPartition, Claim> claims = new HashMap<>();
    private final Queue<Exception> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    SpringLoop(
            String topic, Admin admin, Consumer<String, Flight> consumer, OffsetStore offsets, FlightService service) {
        this.topic = topic;
        this.admin = admin;
        this.consumer = consumer;
        this.offsets = offsets;
        this.service = service;
    }

    void stop() {
        stopped = true;
    }

    /** What the service threw so far. */
    Queue<Exception> failures() {
        return failures;
    }

    @Override
    public void run() {
        try (consumer) {
            poll();
        }
    }

    private void poll() {
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
                claim(assigned);
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                release(revoked);
            }
        });
        while (!stopped) {
            List<ConsumerRecord<String, Flight>> records = new ArrayList<>();
            Map<Claim, Position> moves = new HashMap<>();
            for (ConsumerRecord<String, Flight> record : consumer.poll(Duration.ofMillis(100))) {
                Claim claim = claims.get(new TopicPartition(record.topic(), record.partition()));
                if (claim != null) {
                    records.add(record);
                    moves.put(claim, Position.after(record));
                }
            }
            if (!moves.isEmpty()) {
                apply(records, moves);
            }
        }
    }

    private void apply(List<ConsumerRecord<String, Flight>> records, Map<Claim, Position> moves) {
        // docs: spring-call
        try {
            claims.putAll(service.apply(records, moves)); // it has committed when it returns
        } catch (Exception e) {
            failures.add(e);
            claim(consumer.assignment()); // failed, fenced, or nobody knows: the claim reads what is true
        }
        // docs: end
    }

    private void claim(Collection<TopicPartition> partitions) {
        TopicBinding binding = offsets.resolve(admin, topic, StartPosition.earliest(), IsolationLevel.READ_COMMITTED);
        try {
            Map<TopicPartition, Claim> made = service.claim(binding, Set.copyOf(partitions));
            claims.putAll(made);
            made.forEach((partition, claim) -> consumer.seek(
                    partition, new OffsetAndMetadata(claim.position().nextOffset())));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void release(Collection<TopicPartition> partitions) {
        List<Claim> given = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            Claim claim = claims.remove(partition);
            if (claim != null) {
                given.add(claim);
            }
        }
        try {
            service.release(given);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
