package dev.tidemark.doctor;

import dev.tidemark.internal.admin.KafkaAccess;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.command.PastedCommand;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.RowSecurity;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Runs all checks once, in order of dependency; what cannot be checked is reported as skipped. For one thread, once. */
final class Examination {
    /** Kafka's defaults. */
    private static final Duration MAX_POLL_INTERVAL = Duration.ofMinutes(5);

    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(45);

    /**
     * What is to be examined.
     *
     * @param group only this one; null for all groups of the store
     * @param workers of one consumer
     * @param pool the size of its pool; null if unknown
     * @param prepareThreshold of its JDBC URL
     * @param kafka its settings; null if no cluster was given
     */
    record Case(
            @Nullable String group,
            int workers,
            @Nullable Integer pool,
            int prepareThreshold,
            @Nullable KafkaSettings kafka) {}

    private interface Question {
        List<Finding> ask() throws SQLException;
    }

    private final DataSource dataSource;
    private final Schema schema;
    private final Case patient;
    private final List<Finding> findings = new ArrayList<>();

    Examination(DataSource dataSource, Schema schema, Case patient) {
        this.dataSource = dataSource;
        this.schema = schema;
        this.patient = patient;
    }

    /** Runs all checks, once. */
    List<Finding> run() {
        List<GroupFacts> groups = new ArrayList<>();
        try (Connection connection = NotConnectedException.open(dataSource);
                Handle handle = Jdbi.open(connection)) {
            PGConnection driver = connection.unwrap(PGConnection.class);
            int threshold = driver.getPrepareThreshold();
            boolean autoCommit = connection.getAutoCommit();
            driver.setPrepareThreshold(0);
            // In a transaction, a question that fails would make all later ones fail.
            connection.setAutoCommit(true);
            try {
                findings.add(Finding.ok("database", "connection", "connected"));
                server(new ServerQuestions(handle));
                groups.addAll(store(
                        new StoreQuestions(handle, schema.name()), new NamespaceQuestions(handle, schema.name())));
            } finally {
                driver.setPrepareThreshold(threshold);
                connection.setAutoCommit(autoCommit);
            }
        } catch (SQLException | JdbiException e) {
            findings.add(Finding.fail(
                    "database",
                    "connection",
                    message(e),
                    StoreErrors.isRefusedLogin(e)
                            ? StoreErrors.wayIn(e)
                            : "check the JDBC URL (--jdbc-url), and whether the server runs"));
            findings.add(Finding.skipped("schema", "the database is unreachable"));
            findings.add(Finding.skipped("group", "the database is unreachable"));
        }
        kafka(groups);
        return findings.stream().map(this::inSchema).toList();
    }

    private Finding inSchema(Finding finding) {
        String fix = finding.fix();
        return new Finding(
                finding.section(),
                finding.check(),
                finding.verdict(),
                finding.finding(),
                fix == null ? null : PastedCommand.inSchema(fix, schema.name()));
    }

    private void server(ServerQuestions questions) {
        ask("database", () -> {
            Settings settings = questions.settings();
            List<Finding> found = new ArrayList<>(
                    ServerChecks.judge(settings, questions.isStandby(), questions.hidesFailures(), questions.clock()));
            KafkaSettings kafka = patient.kafka();
            Duration deadline = kafka == null ? MAX_POLL_INTERVAL : kafka.maxPollInterval();
            Duration session = kafka == null ? SESSION_TIMEOUT : kafka.sessionTimeout();
            found.addAll(TimeoutChecks.judge(settings, deadline, session));
            found.addAll(ConnectionChecks.judge(settings, questions.connections(), patient.workers(), patient.pool()));
            return found;
        });
        ask("pooler", () -> PoolerChecks.judge(new PoolerProbe(dataSource, patient.prepareThreshold()).ask()));
    }

    /** The groups to check; none if they cannot be read. */
    private List<GroupFacts> store(StoreQuestions questions, NamespaceQuestions namespace) {
        if (hidesRows(questions)) {
            findings.add(Finding.skipped("group", "rows of the offset store may be hidden"));
            return List.of();
        }
        SchemaChecks.Facts facts;
        try {
            facts = questions.schema();
        } catch (JdbiException | IllegalStateException e) {
            SqlFacts sql = SqlFailures.facts(e);
            if (sql.is("42501")) {
                // The schema exists but the role has no access: the rights checks say what is missing.
                ask("rights", () -> RightsChecks.judge(schema.name(), questions.rights()));
            } else {
                findings.add(
                        sql.is("42P01", "3F000", "42703") || !sql.fromDatabase()
                                ? SchemaChecks.missing(schema.name())
                                : unasked("schema", e));
            }
            findings.add(Finding.skipped("group", "the offset store cannot be read"));
            return List.of();
        }
        findings.addAll(SchemaChecks.judge(schema.name(), facts, SchemaCheck.SCHEMA_VERSION, SchemaCheck.PROTOCOL));
        findings.addAll(SchemaChecks.hidden(List.of()));
        ask("schema", () -> NamespaceChecks.judge(schema.name(), namespace.facts()));
        if (SchemaChecks.isOlder(facts, SchemaCheck.SCHEMA_VERSION)) {
            findings.add(Finding.skipped("rights", "the schema is older than this version"));
            findings.add(Finding.skipped("group", "the schema is older than this version"));
            return List.of();
        }
        List<GroupFacts> groups = new ArrayList<>();
        ask("rights", () -> {
            RightsChecks.Facts rights = questions.rights();
            List<Finding> found = new ArrayList<>(RightsChecks.judge(schema.name(), rights));
            if (RightsChecks.mayRead(rights)) {
                found.addAll(groups(questions, groups));
            } else {
                found.add(Finding.skipped("group", "the offset store cannot be read"));
            }
            return found;
        });
        return groups;
    }

    private boolean hidesRows(StoreQuestions questions) {
        List<RowSecurity.Hidden> hidden = new ArrayList<>();
        ask("schema", () -> {
            hidden.addAll(questions.hidden());
            return hidden.isEmpty() ? List.of() : SchemaChecks.hidden(hidden);
        });
        return !hidden.isEmpty();
    }

    private List<Finding> groups(StoreQuestions questions, List<GroupFacts> into) {
        List<String> known = questions.groups();
        String wanted = patient.group();
        if (wanted != null && !known.contains(wanted)) {
            return List.of(GroupChecks.unknown(wanted, known.stream().limit(10).toList()));
        }
        if (known.isEmpty()) {
            return List.of(Finding.skipped("group", "the store has no groups yet"));
        }
        List<Finding> found = new ArrayList<>();
        for (String group : wanted == null ? known : List.of(wanted)) {
            GroupFacts facts = questions.group(group);
            into.add(facts);
            found.addAll(GroupChecks.judge(facts));
        }
        return found;
    }

    private void kafka(List<GroupFacts> groups) {
        KafkaSettings settings = patient.kafka();
        if (settings == null) {
            for (String section : List.of("kafka", "topics", "retention")) {
                findings.add(Finding.skipped(section, "no cluster is given (--bootstrap-servers or --kafka-config)"));
            }
            return;
        }
        try (Admin admin = Admin.create(KafkaAccess.patient(settings))) {
            KafkaQuestions questions = new KafkaQuestions(admin, settings.isolationLevel());
            KafkaQuestions.Cluster there = questions.cluster();
            findings.addAll(BrokerChecks.reachable(there.id(), there.nodes()));
            KafkaRound round = new KafkaRound(questions);
            String wanted = patient.group();
            if (wanted != null && groups.isEmpty()) {
                ask("kafka", () -> List.of(round.groupRights(wanted)));
            }
            for (GroupFacts group : groups) {
                ask("kafka", () -> List.of(round.groupRights(group.group())));
                ask("group", () -> round.members(group));
                ask("topics", () -> round.topics(there, group));
            }
            if (groups.isEmpty()) {
                findings.add(Finding.skipped("topics", "no group to check"));
                findings.add(Finding.skipped("retention", "no group to check"));
            }
        } catch (KafkaException e) {
            findings.add(BrokerChecks.unreachable(message(e)));
            findings.add(Finding.skipped("topics", "Kafka is unreachable"));
            findings.add(Finding.skipped("retention", "Kafka is unreachable"));
        }
    }

    /** A query that fails must not keep the others from running. */
    private void ask(String section, Question question) {
        try {
            findings.addAll(question.ask());
        } catch (SQLException | JdbiException | KafkaException e) {
            findings.add(unasked(section, e));
        }
    }

    private Finding unasked(String section, Exception e) {
        return Finding.fail(section, "question", "it could not be checked: " + message(e), "see docs/errors.md");
    }

    private String message(Throwable failure) {
        return String.valueOf(OperatorErrors.explain(schema, failure, false).getMessage());
    }
}
