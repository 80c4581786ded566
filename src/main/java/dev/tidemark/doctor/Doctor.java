package dev.tidemark.doctor;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.store.schema.Schema;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;

/**
 * Checks everything that consumer groups need: the server and its settings, a pooler in between, timeouts, connections, the
 * schema, the privileges of the connected role, what blocks groups, Kafka, its ACLs, the ids of cluster and topics, whether
 * stored offsets are still in the log, and whether Kafka will keep what is left to read for long enough. Connect as the role that is to
 * be checked: a consumer's.
 *
 * <p>It changes nothing. What cannot be checked becomes a finding, not an exception: an unreachable server fails its own check, and
 * the checks that depend on it are skipped.
 *
 * <p>Immutable and thread-safe.
 */
public final class Doctor {
    /** Kafka's client requires a group id. */
    private static final String NO_GROUP = "tidemark-doctor";

    /** The driver's default. */
    private static final int PREPARE_THRESHOLD = 5;

    private final DataSource dataSource;
    private final Schema schema;
    private final Examination.Case patient;

    private Doctor(Builder builder) {
        this.dataSource = builder.dataSource;
        this.schema = builder.schema;
        this.patient = new Examination.Case(
                builder.group, builder.workers, builder.poolSize, builder.prepareThreshold, builder.settings());
    }

    /** A doctor for the store in schema {@code tidemark}, all its groups, consumers of one worker, and no Kafka. */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /**
     * Runs every check once, one after the other, on up to three connections at a time. It takes a second or two, and up to a minute
     * if servers do not reply.
     *
     * @return the findings in the order of the checks; those of one section are not always together
     */
    public List<Finding> examine() {
        return new Examination(dataSource, schema, patient).run();
    }

    /** Configures what is checked. Not thread-safe. */
    public static final class Builder {
        private final DataSource dataSource;
        private Schema schema = new Schema(Schema.DEFAULT);
        private @Nullable String group;
        private int workers = 1;
        private @Nullable Integer poolSize;
        private int prepareThreshold = PREPARE_THRESHOLD;
        private @Nullable Map<String, Object> kafka;

        private Builder(DataSource dataSource) {
            this.dataSource = requireGiven("Doctor", dataSource);
        }

        /** The schema of the offset store, a plain lower-case identifier (TM-103). Default: {@code tidemark}. */
        public Builder schema(String name) {
            this.schema = new Schema(name);
            return this;
        }

        /** Only this group, which need not exist yet. Default: all groups of the store. */
        public Builder group(String groupId) {
            this.group = KafkaSettings.group(groupId);
            return this;
        }

        /** How many workers one consumer has; positive (TM-103). Default: 1. */
        public Builder workers(int count) {
            this.workers = positive("workers", count);
            return this;
        }

        /** How many connections a consumer's pool holds; positive (TM-103). Not checked by default. */
        public Builder poolSize(int connections) {
            this.poolSize = positive("poolSize", connections);
            return this;
        }

        /** {@code prepareThreshold} of a consumer's JDBC URL, which matters behind a pooler. Default: the driver's, 5. */
        public Builder prepareThreshold(int executions) {
            this.prepareThreshold = executions;
            return this;
        }

        /**
         * The Kafka settings of a consumer, as {@link dev.tidemark.Tidemark#consumer} takes them: its time limits are compared with the
         * server's, and its cluster is queried. The map is copied. Checks that need Kafka are skipped by default.
         */
        public Builder kafka(Map<String, ?> consumerConfig) {
            this.kafka = new HashMap<>(consumerConfig);
            return this;
        }

        /**
         * Builds the doctor. Does not connect to anything yet.
         *
         * @throws InvalidConfigurationException if the Kafka settings are not a consumer's (TM-101, TM-103)
         */
        public Doctor build() {
            return new Doctor(this);
        }

        private @Nullable KafkaSettings settings() {
            if (kafka == null) {
                return null;
            }
            Map<String, Object> config = new HashMap<>(kafka);
            config.putIfAbsent(ConsumerConfig.GROUP_ID_CONFIG, group == null ? NO_GROUP : group);
            return KafkaSettings.of(config);
        }

        private static int positive(String name, int value) {
            if (value < 1) {
                throw new InvalidConfigurationException(
                        ErrorCode.INVALID_SETTING, name + " must be positive, not " + value, null);
            }
            return value;
        }
    }
}
