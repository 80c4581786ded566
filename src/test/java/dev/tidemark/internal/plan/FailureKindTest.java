package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureKindTest {
    @ParameterizedTest
    @CsvSource({
        "08006, TRANSIENT",
        "08001, TRANSIENT",
        "57P01, TRANSIENT",
        "57P03, TRANSIENT",
        "53300, TRANSIENT",
        "55P03, TRANSIENT",
        "25006, TRANSIENT",
        "58030, TRANSIENT",
        "40003, TRANSIENT",
        "40001, CONTENTION",
        "40P01, CONTENTION",
        "23505, HANDLER",
        "22012, HANDLER",
        "42P01, HANDLER",
        "P0001, HANDLER",
        "XX000, HANDLER",
        "58P01, TRANSIENT",
        "57P05, TRANSIENT",
        "HV00N, TRANSIENT",
        "55006, TRANSIENT",
        "42601, HANDLER",
        "2D000, HANDLER",
        "57014, HANDLER",
        "25P03, HANDLER",
        "25P04, HANDLER",
        "28P01, HANDLER",
        "3D000, TRANSIENT"
    })
    void everySqlStateHasItsKind(String state, FailureKind kind) {
        assertThat(FailureKind.of(Facts.ofServer(state))).isEqualTo(kind);
        assertThat(FailureKind.of(Facts.ofDriver(state, false, false))).isEqualTo(kind);
    }

    /** Where no handler is involved, nobody but the server can lack it. */
    @Test
    void aShortageIsTheServersInTheStoresOwnStatements() {
        SqlFacts shortage = Facts.ofShortage("58P01");
        assertThat(FailureKind.of(shortage)).isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.ofControl(shortage)).isEqualTo(FailureKind.TRANSIENT);
    }

    @ParameterizedTest
    @CsvSource({
        "55P03, UNIT_WAITS, DATABASE_UNAVAILABLE",
        "55006, UNIT_WAITS, DATABASE_UNAVAILABLE",
        "08001, DEPENDENCY_UNAVAILABLE, DATABASE_UNAVAILABLE",
        "08006, DEPENDENCY_UNAVAILABLE, DATABASE_UNAVAILABLE",
        "53300, DATABASE_UNAVAILABLE, DATABASE_UNAVAILABLE",
        "58030, DATABASE_UNAVAILABLE, DATABASE_UNAVAILABLE",
        "40P01, CONTENTION, CONTENTION"
    })
    void aServerThatRepliesIsNotCalledUnavailable(String state, ErrorCode replied, ErrorCode silent) {
        SqlFacts server = Facts.ofServer(state);
        SqlFacts driver = Facts.ofDriver(state, false, state.startsWith("08"));
        assertThat(FailureKind.of(server).code(server)).isEqualTo(replied);
        assertThat(FailureKind.of(driver).code(driver)).isEqualTo(silent);
        assertThat(FailureKind.of(Facts.passing()).code(Facts.passing())).isEqualTo(ErrorCode.DEPENDENCY_UNAVAILABLE);
    }

    @Test
    void aPoolThatReportsARefusedLoginAsTransientIsNotBelieved() {
        assertThat(FailureKind.of(Facts.ofDriver("28P01", true, false))).isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.of(Facts.ofDriver(null, true, false))).isEqualTo(FailureKind.TRANSIENT);
    }

    @Test
    void aServerThatGoesOnAfterWhatItCouldNotReadBlamesTheHandler() {
        assertThat(FailureKind.of(Facts.ofServer("08P01"))).isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.of(Facts.ofDriver("08P01", false, true))).isEqualTo(FailureKind.TRANSIENT);
    }

    @Test
    void whatIsNotTheDatabasesIsTheHandlersUnlessItSaysThatItPasses() {
        assertThat(FailureKind.of(SqlFacts.none())).isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.of(Facts.passing())).isEqualTo(FailureKind.TRANSIENT);
        assertThat(FailureKind.of(Facts.linkage())).isEqualTo(FailureKind.HANDLER);
    }

    @ParameterizedTest
    @CsvSource({"57014, TRANSIENT", "25P03, TRANSIENT", "42501, HANDLER", "40P01, CONTENTION"})
    void withoutAHandlerATimeoutPasses(String state, FailureKind kind) {
        assertThat(FailureKind.ofControl(Facts.ofServer(state))).isEqualTo(kind);
    }

    @Test
    void whatDdlMadeStalePassesWithoutAHandler() {
        assertThat(FailureKind.ofControl(Facts.stalePlan())).isEqualTo(FailureKind.TRANSIENT);
        assertThat(FailureKind.ofControl(Facts.ofServer("0A000"))).isEqualTo(FailureKind.HANDLER);
    }

    @ParameterizedTest
    @CsvSource({
        // sqlState, sent by the server, the connection continues, certainly failed
        "23505, true, true, true",
        "40001, true, true, true",
        "P0001, true, true, true",
        "55000, true, true, true",
        "55000, true, false, false",
        "23505, true, false, false",
        "57P01, true, true, false",
        "08006, false, true, false",
        "23505, false, true, false"
    })
    void onlyAServerThatGoesOnAfterItsErrorSaysThatACommitFailed(
            String state, boolean replied, boolean goesOn, boolean certain) {
        SqlFacts facts = replied ? Facts.ofServer(state) : Facts.ofDriver(state, false, state.startsWith("08"));
        assertThat(FailureKind.commitCertainlyFailed(facts, goesOn)).isEqualTo(certain);
    }
}
