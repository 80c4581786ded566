package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Which topics the claims are for, and whether Kafka still has them. Thread-safe: the workers use it too. */
final class TopicIdentities {
    private final String schema;
    private final String groupId;
    private final TopicLookup lookup;
    private final ControlEvents events;
    private final Map<String, Identity> identities = new ConcurrentHashMap<>();

    TopicIdentities(String schema, String groupId, TopicLookup lookup, ControlEvents events) {
        this.schema = schema;
        this.groupId = groupId;
        this.lookup = lookup;
        this.events = events;
    }

    /** Records which topics the claims are for. */
    void knows(Map<String, Identity> claimed) {
        identities.putAll(claimed);
    }

    /** Detects a topic that was deleted and created again, which causes no rebalance; returns the claims that it halts. */
    Set<Claim> compare(Collection<Claim> claims) throws KafkaUnavailableException {
        Set<String> topics =
                claims.stream().map(claim -> claim.partition().topic()).collect(Collectors.toSet());
        Set<Claim> halted = new HashSet<>();
        lookup.identities(topics).forEach((topic, actual) -> {
            Identity known = identities.putIfAbsent(topic, actual);
            Optional<TidemarkException> mismatch =
                    known == null ? Optional.empty() : BindingPlanner.mismatch(schema, groupId, topic, known, actual);
            mismatch.ifPresent(why -> {
                List<Claim> affected = claims.stream()
                        .filter(claim -> claim.partition().topic().equals(topic))
                        .toList();
                events.halted(affected, why);
                halted.addAll(affected);
            });
        });
        return halted;
    }

    /** Checks with Kafka whether these topics are still the ones that were claimed. Any thread may call, and waits for the reply. */
    void confirm(Set<String> topics) throws UnitRefusedException {
        Map<String, Identity> now;
        try {
            now = lookup.identities(topics);
        } catch (KafkaUnavailableException e) {
            throw new UnitRefusedException(new UnitOutcome.Transient(ErrorCode.KAFKA_UNAVAILABLE, e));
        } catch (TidemarkException e) {
            // Kafka's refusal is not the handler's failure.
            throw new UnitRefusedException(new UnitOutcome.StoreFailed(e));
        }
        for (String topic : topics) {
            Identity known = identities.get(topic);
            Identity actual = now.get(topic);
            if (known == null || actual == null) {
                throw new UnitRefusedException(new UnitOutcome.Transient(
                        ErrorCode.KAFKA_UNAVAILABLE,
                        new IllegalStateException("topic " + topic + " cannot be confirmed")));
            }
            Optional<TidemarkException> mismatch = BindingPlanner.mismatch(schema, groupId, topic, known, actual);
            if (mismatch.isPresent()) {
                throw new UnitRefusedException(new UnitOutcome.Refused(mismatch.get(), Set.of(topic)));
            }
        }
    }
}
