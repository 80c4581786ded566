package dev.tidemark;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.tidemark.internal.run.ConsumerEngine;
import dev.tidemark.internal.run.OwnerNames;
import dev.tidemark.internal.store.connection.PooledConnections;
import dev.tidemark.offsets.ClaimingConsumerBuilder;
import dev.tidemark.offsets.OffsetStore;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The dependencies between the packages; docs/architecture.md lists them. */
class ArchitectureTest {
    private static final String API = "dev.tidemark";
    private static final String ERRORS = "dev.tidemark.errors";
    private static final String OFFSETS = "dev.tidemark.offsets";
    private static final String PLAN = "dev.tidemark.internal.plan";
    private static final String STORE = "dev.tidemark.internal.store..";
    private static final String SCHEMA = "dev.tidemark.internal.store.schema";
    private static final String FAILURE = "dev.tidemark.internal.store.failure";
    private static final String CONNECTION = "dev.tidemark.internal.store.connection";
    private static final String TABLE = "dev.tidemark.internal.store.table";
    private static final String CLAIM = "dev.tidemark.internal.store.claim";
    private static final String LOCK = "dev.tidemark.internal.store.lock";
    private static final String TRANSACTION = "dev.tidemark.internal.store.transaction";
    private static final String KAFKA = "dev.tidemark.internal.kafka";
    private static final String QUEUE = "dev.tidemark.internal.queue";
    private static final String UNIT = "dev.tidemark.internal.unit";
    private static final String CONTROL = "dev.tidemark.internal.control";
    private static final String RUN = "dev.tidemark.internal.run";
    private static final String LOOP = "dev.tidemark.internal.loop";
    private static final String THREAD = "dev.tidemark.internal.thread";
    private static final String LOG = "dev.tidemark.internal.log";
    private static final String METRICS = "dev.tidemark.metrics";
    private static final String TRACING = "dev.tidemark.tracing";
    private static final String SQL = "dev.tidemark.sql";
    private static final String ADMIN = "dev.tidemark.admin";
    private static final String COMMAND = "dev.tidemark.internal.command";
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

    /** What an engine is made of begins in these, which know both the API and what is behind it. */
    private static final DescribedPredicate<JavaClass> WIRING = belongToAnyOf(
                    Tidemark.class,
                    TidemarkBuilder.class,
                    TidemarkSchema.class,
                    DeadLetters.class,
                    ClaimingConsumerBuilder.class,
                    OffsetStore.class)
            .or(JavaClass.Predicates.simpleName("ConsumerSettings"));

    @Test
    void arrowsRunOneWay() {
        mayUse(ERRORS);
        mayUse(COMMAND);
        mayUse(PLAN, COMMAND, API, ERRORS, OFFSETS);
        mayUse(THREAD, PLAN);
        mayUse(STORE, COMMAND, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(KAFKA, COMMAND, PLAN, THREAD, LOG, API, ERRORS);
        mayUse(LOG, ERRORS);
        mayUse(QUEUE, PLAN, THREAD, API, ERRORS, OFFSETS);
        mayUse(UNIT, QUEUE, STORE, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(CONTROL, STORE, KAFKA, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(RUN, STORE, KAFKA, QUEUE, UNIT, CONTROL, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(LOOP, RUN, STORE, KAFKA, UNIT, CONTROL, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(METRICS, API, ERRORS);
        mayUse(TRACING, API, ERRORS);
        mayUse(SQL, TABLE, PLAN, LOG, API, ERRORS);
        mayUse(ADMIN, OPERATE, SQL, STORE, KAFKA, PLAN, API, ERRORS, OFFSETS);
        mayUse(OPERATE, STORE, KAFKA, PLAN, LOG, API, ERRORS, OFFSETS);
        mayUse(DOCTOR, COMMAND, OPERATE, STORE, KAFKA, PLAN, API, ERRORS, OFFSETS);
    }

    @Test
    void arrowsInsideTheStoreRunOneWay() {
        mayUse(SCHEMA, COMMAND, PLAN, API, ERRORS, OFFSETS);
        mayUse(FAILURE, SCHEMA, COMMAND, PLAN, LOG, API, ERRORS, OFFSETS);
        mayUse(CONNECTION, SCHEMA, FAILURE, PLAN, THREAD, API, ERRORS, OFFSETS);
        mayUse(TABLE, SCHEMA, PLAN, THREAD, LOG, API, ERRORS, OFFSETS);
        mayUse(LOCK, SCHEMA, PLAN, API, ERRORS, OFFSETS);
        mayUse(CLAIM, SCHEMA, FAILURE, TABLE, PLAN, API, ERRORS, OFFSETS);
        mayUse(TRANSACTION, SCHEMA, FAILURE, CONNECTION, TABLE, PLAN, THREAD, API, ERRORS, OFFSETS);
    }

    @Test
    void theApiUsesNothingInternalButItsWiring() {
        noClasses()
                .that()
                .resideInAnyPackage(API, OFFSETS, ERRORS)
                .and(not(partOf(WIRING)))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tidemark.internal..")
                .check(main);
    }

    @Test
    void packagesHaveNoCircles() {
        slices().assignedFrom(slice(
                        "packages without circles", c -> WIRING.test(outermost(c)) ? "wiring" : c.getPackageName()))
                .should()
                .beFreeOfCycles()
                .check(main);
    }

    @Test
    void classesHaveNoCircles() {
        slices().assignedFrom(slice("classes without circles", c -> outermost(c).getName()))
                .should()
                .beFreeOfCycles()
                .check(main);
    }

    private static DescribedPredicate<JavaClass> partOf(DescribedPredicate<JavaClass> wholes) {
        return DescribedPredicate.describe("part of " + wholes.getDescription(), c -> wholes.test(outermost(c)));
    }

    private static JavaClass outermost(JavaClass c) {
        return c.getEnclosingClass().map(ArchitectureTest::outermost).orElse(c);
    }

    private static SliceAssignment slice(String description, Function<JavaClass, String> name) {
        return new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass c) {
                return c.getPackageName().startsWith(API)
                        ? SliceIdentifier.of(name.apply(c))
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return description;
            }
        };
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
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .orShould()
                .callMethodWhere(target(owner(resideInAPackage("java.time"))).and(target(nameMatching("now"))))
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Random.class, Clock.class, SecureRandom.class)
                .check(main);
    }

    /**
     * The simulation decides about time, chance and who may go on; what asks the machine itself cannot be replayed. Users' threads
     * wait in ConsumerEngine, and the name of an owner decides nothing.
     */
    @Test
    void theEngineAsksItsHost() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.tidemark.internal.run..",
                        "dev.tidemark.internal.control..",
                        "dev.tidemark.internal.queue..",
                        "dev.tidemark.internal.unit..",
                        "dev.tidemark.internal.store..",
                        "dev.tidemark.internal.kafka..")
                .and(not(belongToAnyOf(ConsumerEngine.class, OwnerNames.class)))
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .orShould()
                .callMethodWhere(target(owner(assignableTo(LockSupport.class))))
                .orShould()
                .callMethodWhere(target(owner(assignableTo(Thread.class))).and(target(nameMatching("sleep|join"))))
                .orShould()
                .callMethod(Object.class, "wait", long.class)
                .orShould()
                .callMethod(Object.class, "notifyAll")
                .orShould()
                .callMethodWhere(
                        target(owner(assignableTo(CountDownLatch.class))).and(target(nameMatching("await"))))
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Random.class, ThreadLocalRandom.class)
                .check(main);
    }

    @Test
    void optionalLibrariesAreForcedOnNobody() {
        noClasses()
                .that(not(partOf(JavaClass.Predicates.simpleName("FlywayMigration"))))
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
                .resideOutsideOfPackages(RUN, LOOP)
                .and(not(belongToAnyOf(KafkaClients.class)))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("org.apache.kafka.clients.consumer.KafkaConsumer")
                .check(main);
    }

    /** Digits are those of every machine: some locales, such as ar-EG with Unicode's extension, have others. */
    @Test
    void nothingIsFormattedByTheMachinesLocale() {
        noClasses()
                .should()
                .callMethod(String.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(String.class, "formatted", Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "printf", String.class, Object[].class)
                .orShould()
                .callMethod(PrintWriter.class, "format", String.class, Object[].class)
                .check(main);
    }
}
