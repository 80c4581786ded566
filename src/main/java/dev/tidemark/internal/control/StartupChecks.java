package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.ReadPlan;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.claim.TopicBindings;
import dev.tidemark.internal.store.connection.ConnectionLimit;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.internal.store.schema.StoreIdentity;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be known before the first partition is assigned. Used by the control thread. */
final class StartupChecks {
    private static final Logger LOG = LoggerFactory.getLogger(StartupChecks.class);

    private final Schema schema;
    private final String groupId;
    private final int workers;
    private final ReadPlan reading;
    private final TopicLookup lookup;
    private final TopicBindings bindings;
    private final StoreIdentity identity;
    private final ControlConnection connection;
    private final EndWatch ends;

    StartupChecks(
            Schema schema,
            String groupId,
            int workers,
            ReadPlan reading,
            TopicLookup lookup,
            TopicBindings bindings,
            StoreIdentity identity,
            ControlConnection connection,
            EndWatch ends) {
        this.schema = schema;
        this.groupId = groupId;
        this.workers = workers;
        this.reading = reading;
        this.lookup = lookup;
        this.bindings = bindings;
        this.identity = identity;
        this.connection = connection;
        this.ends = ends;
    }

    /** Checks the store and Kafka; does so again at each attempt. */
    void run() throws SQLException, KafkaUnavailableException {
        checkStore();
        lookAtLogs();
    }

    /** Checks the store, once it replies; throws failures that are not transient. */
    private void checkStore() throws SQLException {
        try {
            connection.inTransaction(c -> {
                SchemaCheck.check(c, schema);
                identity.check(c);
                if (workers > 0) {
                    ConnectionLimit.check(c, workers);
                }
                return schema;
            });
        } catch (SQLException e) {
            if (StoreErrors.isRefusedAtStart(e)) {
                throw StoreErrors.translate(schema, groupId, e);
            }
            throw e;
        }
    }

    /** Checks Kafka: binds what a pattern matches, all at the same moment, and records where the logs end. */
    private void lookAtLogs() throws SQLException, KafkaUnavailableException {
        if (reading.subscription() instanceof Subscription.Matching matching) {
            if (lookup.topics(matching).isEmpty()) {
                // It may be intended or mistyped, or this user may not see the topic.
                LOG.warn(
                        "no topic that this user may see matches the pattern{} group={} pattern={}",
                        reading.untilEnd() ? ", so there is nothing to read" : ", waiting for one",
                        groupId,
                        matching.pattern());
            }
            bindMatching();
        }
        if (reading.untilEnd()) {
            ends.begin(reading.subscription());
        }
    }

    private void bindMatching() throws SQLException, KafkaUnavailableException {
        if (connection.inTransaction(bindings::isKnown)) {
            // A matching topic that is not bound yet came later.
            return;
        }
        Instant now = Instant.now();
        List<First> topics = new ArrayList<>();
        for (Map.Entry<String, Identity> topic :
                new TreeMap<>(lookup.identities(lookup.topics(reading.subscription()))).entrySet()) {
            int partitions = topic.getValue().partitions();
            topics.add(new First(
                    topic.getKey(),
                    topic.getValue(),
                    lookup.offsets().starts(topic.getKey(), partitions, reading.start(), now),
                    lookup.offsets().earliest(topic.getKey(), partitions)));
        }
        // In one transaction: after a crash halfway, the rest would look as if it had come later.
        connection.inTransaction(c -> {
            identity.check(c);
            if (topics.isEmpty()) {
                bindings.beginWithoutTopics(c);
            }
            for (First topic : topics) {
                bindings.bind(c, topic.name(), topic.identity(), Optional.of(topic.starts()), topic.earliest());
            }
            return topics.size();
        });
    }

    /** A topic that exists at the group's first start. */
    private record First(String name, Identity identity, Map<Integer, Long> starts, Map<Integer, Long> earliest) {}
}
