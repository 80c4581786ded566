package dev.tidemark;

import dev.tidemark.offsets.ClaimingConsumerBuilder;
import dev.tidemark.offsets.OffsetStore;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.tidemark.internal.store.PooledConnections;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** The arrows between the rooms; docs/architecture.md draws them. */
class ArchitectureTest {
    private static final String API = "dev.tidemark";
    private static final String PLAN = "dev.tidemark.internal.plan";
    private static final String STORE = "dev.tidemark.internal.store";
    private static final String KAFKA = "dev.tidemark.internal.kafka";
    private static final String QUEUE = "dev.tidemark.internal.queue";
    private static final String UNIT = "dev.tidemark.internal.unit";
    private static final String CONTROL = "dev.tidemark.internal.control";
    private static final String RUN = "dev.tidemark.internal.run";
    private static final String THREAD = "dev.tidemark.internal.thread";
    private static final String LOG = "dev.tidemark.internal.log";
    private static final String METRICS = "dev.tidemark.metrics";
    private static final String TRACING = "dev.tidemark.tracing";
    private static final String SQL = "dev.tidemark.sql";
    private static final String ADMIN = "dev.tidemark.admin";
    private static final String OPERATE = "dev.tidemark.internal.admin";
    private static final String DOCTOR = "dev.tidemark.doctor";

    private final JavaClasses main = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.tidemark");

    private void mayUse(String room, String... others) {
        String[] allowed = new String[others.length + 1];
        allowed[0] = room;
        System.arraycopy(others, 0, allowed, 1, others.length);
        noClasses()
                .that()
                .resideInAPackage(room)
                .should()
                .dependOnClassesThat(resideInAPackage("dev.tidemark..").and(not(resideInAnyPackage(allowed))))
                .check(main);
    }

    @Test
    void arrowsRunOneWay() {
        mayUse(PLAN, API);
        mayUse(THREAD, PLAN, API);
        mayUse(STORE, PLAN, THREAD, API);
        mayUse(KAFKA, PLAN, API);
        mayUse(LOG, API);
        mayUse(QUEUE, PLAN, THREAD, API);
        mayUse(UNIT, QUEUE, STORE, PLAN, THREAD, LOG, API);
        mayUse(CONTROL, STORE, KAFKA, PLAN, THREAD, LOG, API);
        mayUse(RUN, STORE, KAFKA, QUEUE, UNIT, CONTROL, PLAN, THREAD, LOG, API);
        mayUse(METRICS, API);
        mayUse(TRACING, API);
        mayUse(SQL, PLAN, API);
        mayUse(ADMIN, OPERATE, STORE, KAFKA, PLAN, API);
        mayUse(OPERATE, STORE, KAFKA, PLAN, API);
        mayUse(DOCTOR, OPERATE, STORE, KAFKA, PLAN, API);
    }

    @Test
    void theApiKnowsNothingInwardButItsWiring() {
        noClasses()
                .that()
                .resideInAPackage(API)
                .and(not(belongToAnyOf(
                        TidemarkBuilder.class,
                        ClaimingConsumerBuilder.class,
                        OffsetStore.class,
                        DeadLetters.class,
                        TidemarkSchema.class)))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tidemark.internal..")
                .check(main);
    }

    @Test
    void sqlStandsInTheRoomsThatAreForIt() {
        noClasses()
                .that()
                .resideOutsideOfPackages(STORE, OPERATE, ADMIN, DOCTOR, SQL)
                .and(not(belongToAnyOf(TidemarkSchema.class)))
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Statement.class, PreparedStatement.class, ResultSet.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("org.jdbi.v3.core.statement..", "org.jdbi.v3.core.result..")
                .check(main);
    }

    @Test
    void whatPlansAChangeIsPure() {
        noClasses()
                .that()
                .haveFullyQualifiedName("dev.tidemark.admin.OffsetPlanner")
                .or()
                .haveFullyQualifiedName("dev.tidemark.admin.ChangePlanner")
                .or()
                .haveFullyQualifiedName("dev.tidemark.admin.Pauses")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "java.util.concurrent..", "org.jdbi..", "org.apache.kafka.clients..")
                .orShould()
                .callMethod(Instant.class, "now")
                .check(main);
    }

    @Test
    void decisionsArePure() {
        noClasses()
                .that()
                .resideInAPackage(PLAN)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.sql..", "java.util.concurrent..", "org.slf4j..", "org.jdbi..", "org.postgresql..")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(main);
    }

    @Test
    void optionalLibrariesAreForcedOnNobody() {
        noClasses()
                .that(not(belongToAnyOf(TidemarkSchema.class)))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.flywaydb..")
                .check(main);
        noClasses()
                .that(not(belongToAnyOf(PooledConnections.class)))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.zaxxer..")
                .check(main);
    }

    @Test
    void metricsAndTracingHaveRoomsOfTheirOwn() {
        noClasses()
                .that()
                .resideOutsideOfPackage(METRICS)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.micrometer..")
                .check(main);
        noClasses()
                .that()
                .resideOutsideOfPackage(TRACING)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.opentelemetry..")
                .check(main);
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark..")
                .and()
                .resideOutsideOfPackages(METRICS, TRACING)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(METRICS, TRACING)
                .check(main);
    }

    @Test
    void onlyTheRunRoomTouchesTheKafkaConsumer() {
        noClasses()
                .that()
                .resideOutsideOfPackage(RUN)
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("org.apache.kafka.clients.consumer.KafkaConsumer")
                .check(main);
    }
}
