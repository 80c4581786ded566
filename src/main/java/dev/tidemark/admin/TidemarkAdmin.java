package dev.tidemark.admin;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.DeadLetter;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.admin.KafkaAccess;
import dev.tidemark.internal.admin.StoreAccess;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.sql.StatementFailedException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Operates consumer groups while their consumers run: inspects, resets, pauses, rebinds, imports, exports and deletes them. Every
 * change is planned first; the plan is a value that can be shown, and only {@code execute} changes anything.
 *
 * <p>Each call takes one connection from the DataSource and returns it as it was; it must not be one that is bound to a transaction of
 * the caller, which the call would commit. A change is one transaction: when {@code execute} returns it is committed, when it throws
 * nothing was changed, except with TM-212, whose message says whether that is known, and if {@link ChangeOptions.Effects} committed.
 * Running consumers follow within seconds.
 *
 * <p>A reader of the store may inspect, an operator may change ({@code grant_access} grants either). Kafka is needed only where
 * a method says so.
 *
 * <p>Every method throws {@link dev.tidemark.errors.TidemarkException}, whose message says how to resolve it and whose code is stable:
 * TM-601 if what was named does not exist or a plan is impossible, TM-103 for an invalid argument, TM-212 if the database is unavailable,
 * TM-310 if Kafka is unreachable, TM-603 if the store refuses the change or a time limit ended it, TM-406 if it conflicted with another
 * transaction, TM-204 if the role lacks a privilege, TM-201 without a store, TM-301 and TM-302 if the offsets belong to another cluster or
 * topic, TM-307 if a topic does not exist, TM-308 if Kafka refuses.
 *
 * <p>Immutable and thread-safe. It holds no resources: there is nothing to close.
 */
public final class TidemarkAdmin {
    /** Kafka's client requires a group id. */
    private static final String NO_GROUP = "tidemark-admin";

    private final StoreAccess store;
    private final Planning planning;
    private final ChangeExecutor changes;
    private final Operations operations;

    private TidemarkAdmin(Builder builder) {
        this.store = new StoreAccess(builder.dataSource, builder.schema);
        this.planning = new Planning(store, builder.kafka);
        this.changes = new ChangeExecutor(store);
        this.operations = new Operations(store, planning);
    }

    /** For the store in schema {@code tidemark}, without Kafka. */
    public static TidemarkAdmin of(DataSource dataSource) {
        return builder(dataSource).build();
    }

    /** For another schema, or with Kafka. */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /** Identity and version of the store. */
    public StoreInfo store() {
        return store.read(handle -> new Views(handle, store).store());
    }

    /** All groups, by name. */
    public List<GroupSummary> groups() {
        return store.read(handle -> new Views(handle, store).groups());
    }

    /** The partitions of a group, by topic and number: their offsets, who has claimed them, what blocks them. */
    public List<PartitionSummary> describe(String group) {
        return store.read(handle -> new Views(handle, store).partitions(group));
    }

    /** The stored offsets of a group, by topic and number; for {@link OffsetsFile#print}, or {@link #planImport} elsewhere. */
    public Map<TopicPartition, Long> offsets(String group, PartitionSelection selection) {
        Map<TopicPartition, Long> offsets = new LinkedHashMap<>();
        selection
                .of(store.read(handle -> StoredGroup.require(handle, store, group)))
                .forEach(row -> offsets.put(row.partition(), row.nextOffset()));
        return Collections.unmodifiableMap(offsets);
    }

    /** As {@link #planReset(String, OffsetTarget, PartitionSelection, PlanOptions)} with the defaults. */
    public ResetPlan planReset(String group, OffsetTarget target, PartitionSelection selection) {
        return planReset(group, target, selection, PlanOptions.defaults());
    }

    /**
     * Plans a move of partitions to other offsets. With {@link OffsetTarget#offsets} all partitions means those that it names. Needs
     * Kafka except for {@link OffsetTarget#current()}, and for offsets given by number that are accepted unchecked.
     */
    public ResetPlan planReset(String group, OffsetTarget target, PartitionSelection selection, PlanOptions options) {
        return planning.reset(group, target, selection, options);
    }

    /** Plans to move the partitions of one change, a reset or an undo, back to their offsets before it, wherever they are by now. */
    public UndoPlan planUndo(String group, long changeId) {
        return planning.undo(group, changeId);
    }

    /**
     * Plans to import offsets, for example from an {@link OffsetsFile}: topics that the group has are reset, topics that are new to
     * it are bound, with all partitions, to the topic that Kafka has now. Needs Kafka unless the group has all topics and the offsets are
     * accepted unchecked.
     */
    public ResetPlan planImport(String group, Map<TopicPartition, Long> offsets, PlanOptions options) {
        return planning.imported(group, new OffsetTarget.Given(offsets), options);
    }

    /**
     * Plans to import the offsets that a group has committed to Kafka, as {@link #planImport}. Refused while the group has members there
     * (TM-603), as they would continue beyond the imported offsets, unless unchecked. Waits up to 15 s for a transaction that is
     * committing offsets of the group. Needs Kafka.
     */
    public ResetPlan planImportFromKafka(String group, PartitionSelection selection, PlanOptions options) {
        return planning.importedFromKafka(group, selection, options);
    }

    /**
     * Plans to bind a group's offsets to the topic that Kafka has now, after it was created again or moved to another cluster (TM-301,
     * TM-302). The target says where to start, as the offsets of the previous topic mean nothing in another one. Needs Kafka.
     */
    public RebindPlan planRebind(String group, String topic, OffsetTarget target, PlanOptions options) {
        return planning.rebound(group, topic, target, options);
    }

    /** Executes a plan without a reason and without effects. */
    public ChangeResult execute(ChangePlan plan) {
        return execute(plan, ChangeOptions.none());
    }

    /** Executes a plan: all of it in one transaction. Waits for units of work that are committing. */
    public ChangeResult execute(ChangePlan plan, ChangeOptions options) {
        return changes.execute(plan, options);
    }

    /** Plans to commit stored offsets to Kafka, to return from Tidemark to Kafka's offsets. Needs Kafka. */
    public KafkaExportPlan planExportToKafka(String group, PartitionSelection selection) {
        return planning.exported(group, selection);
    }

    /**
     * Commits to Kafka what was stored when it was planned, and still is: otherwise, and if a topic was bound, rebound or created again
     * since, it writes nothing (TM-603, TM-302). While the group has members there Kafka refuses that: then nothing is written either, and
     * it checks for up to 5 s whether they mirror the stored offsets themselves; if not, that is TM-308. A plan with members writes nothing
     * even if they have left since: then it is to be planned again (TM-603). Needs Kafka.
     */
    public KafkaExportPlan.Outcome execute(KafkaExportPlan plan) {
        return operations.export(plan);
    }

    /** Plans to pause a group, topics or partitions until they are resumed. */
    public PausePlan planPause(String group, PartitionSelection selection) {
        return operations.planPause(group, selection);
    }

    /** Plans to end the pauses of the selection and all within it; a wider pause stays. A plan that would end none is TM-601. */
    public PausePlan planResume(String group, PartitionSelection selection) {
        return operations.planResume(group, selection);
    }

    /**
     * Executes a pause or a resume; consumers finish the units that are open, and keep their assignment.
     *
     * @return the plan with the current pauses
     */
    public PausePlan execute(PausePlan plan, ChangeOptions options) {
        return operations.execute(plan, options);
    }

    /** Plans to delete a group: its offsets, dead letters and pauses. Its audit rows stay. */
    public DeletionPlan planDeletion(String group) {
        return operations.planDeletion(group);
    }

    /**
     * Deletes a group; refused (TM-603) while a partition is owned or dead letters remain, unless forced, and if one of its topics was
     * bound, rebound or deleted since it was planned.
     */
    public void execute(DeletionPlan plan, ChangeOptions options) {
        operations.delete(plan, options);
    }

    /**
     * Has the server check the statements of a job without running any: up to the first one that may create what later ones use,
     * such as CREATE. It finds syntax errors, missing tables and columns, and types that do not fit, but not missing privileges. Needs
     * no store. As no record is involved, the message repeats the server's.
     *
     * @throws InvalidConfigurationException for the first statement that the server refuses, with a {@link StatementFailedException} as
     *     its cause (TM-103)
     */
    public void check(SqlJob job) {
        store.read(handle -> {
            try {
                job.check(handle.getConnection());
            } catch (StatementFailedException e) {
                if (FailureKind.ofControl(SqlFailures.facts(e)) == FailureKind.HANDLER) {
                    throw new InvalidConfigurationException(
                            ErrorCode.INVALID_SETTING, "the server refuses the SQL job, " + e.getMessage(), e);
                }
                throw e;
            }
            return true;
        });
    }

    /** Rows of the audit log, the newest last. */
    public List<AuditEntry> audit(AuditQuery query) {
        return store.read(handle -> new Views(handle, store).audit(query));
    }

    /** Dead letters by id, without their contents. */
    public List<DeadLetterSummary> deadLetters(DeadLetterQuery query) {
        return store.read(handle -> new Views(handle, store).deadLetters(query));
    }

    /** A complete dead letter. */
    public DeadLetter deadLetter(String group, long id) {
        return operations.deadLetter(group, id);
    }

    /**
     * Drops dead letters, all in one transaction: their records never take effect. Each leaves a row in the audit log. {@link
     * dev.tidemark.TidemarkConsumer#redrive} applies them instead.
     */
    public List<DeadLetterSummary.Drop> dropDeadLetters(DeadLetterQuery query, ChangeOptions options) {
        return operations.drop(query, options);
    }

    /** Configures the servers. Not thread-safe. */
    public static final class Builder {
        private final DataSource dataSource;
        private Schema schema = new Schema(Schema.DEFAULT);
        private @Nullable KafkaAccess kafka;

        private Builder(DataSource dataSource) {
            this.dataSource = requireGiven("TidemarkAdmin", dataSource);
        }

        /** The schema of the offset store, a plain lower-case identifier (TM-103). Default: {@code tidemark}. */
        public Builder schema(String name) {
            this.schema = new Schema(name);
            return this;
        }

        /**
         * The Kafka cluster, as a client that the caller closes, for groups that read committed records, as Tidemark's consumers do by
         * default.
         */
        public Builder kafka(Admin admin) {
            return kafka(admin, IsolationLevel.READ_COMMITTED);
        }

        /**
         * The Kafka cluster, as a client that the caller closes.
         *
         * @param isolation how the groups read, which decides where a log ends
         */
        public Builder kafka(Admin admin, IsolationLevel isolation) {
            this.kafka = KafkaAccess.shared(admin, isolation);
            return this;
        }

        /**
         * The Kafka cluster, as the settings of a consumer; {@code group.id} is not needed. Each call that needs Kafka creates a client
         * and closes it; by default it gives up after 15 s. The map is copied.
         *
         * @throws dev.tidemark.errors.InvalidConfigurationException if they are not a consumer's settings (TM-101, TM-103)
         */
        public Builder kafka(Map<String, ?> consumerConfig) {
            Map<String, Object> config = new HashMap<>(consumerConfig);
            config.putIfAbsent(ConsumerConfig.GROUP_ID_CONFIG, NO_GROUP);
            this.kafka = KafkaAccess.of(KafkaSettings.of(config));
            return this;
        }

        /** Builds the admin. Does not connect to anything yet. */
        public TidemarkAdmin build() {
            return new TidemarkAdmin(this);
        }
    }
}
