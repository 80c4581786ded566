package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailureKindTest {
    private static SqlFacts state(String state) {
        boolean lost = state.startsWith("08") || state.startsWith("57P0");
        return new SqlFacts(state, true, false, lost, !lost);
    }

    @ParameterizedTest
    @CsvSource({
        "08006, PASSING",
        "08001, PASSING",
        "57P01, PASSING",
        "57P03, PASSING",
        "53300, PASSING",
        "55P03, PASSING",
        "25006, PASSING",
        "58030, PASSING",
        "40003, PASSING",
        "40001, CONTENTION",
        "40P01, CONTENTION",
        "23505, HANDLER",
        "22012, HANDLER",
        "42P01, HANDLER",
        "P0001, HANDLER",
        "XX000, HANDLER",
        "57014, HANDLER",
        "25P03, HANDLER",
        "25P04, HANDLER",
        "28P01, HANDLER",
        "3D000, PASSING"
    })
    void everySqlStateHasItsKind(String state, FailureKind kind) {
        assertThat(FailureKind.of(state(state))).isEqualTo(kind);
    }

    @Test
    void aPoolThatReportsARefusedLoginAsTransientIsNotBelieved() {
        assertThat(FailureKind.of(new SqlFacts("28P01", true, true, false, false)))
                .isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.of(new SqlFacts(null, true, true, false, false))).isEqualTo(FailureKind.PASSING);
    }

    @Test
    void aServerThatGoesOnAfterWhatItCouldNotReadBlamesTheHandler() {
        assertThat(FailureKind.of(new SqlFacts("08P01", true, false, false, true)))
                .isEqualTo(FailureKind.HANDLER);
        assertThat(FailureKind.of(new SqlFacts("08P01", true, false, true, false)))
                .isEqualTo(FailureKind.PASSING);
    }

    @Test
    void whatIsNotTheDatabasesIsTheHandlers() {
        assertThat(FailureKind.of(SqlFacts.none())).isEqualTo(FailureKind.HANDLER);
    }

    @ParameterizedTest
    @CsvSource({"57014, PASSING", "25P03, PASSING", "42501, HANDLER", "40P01, CONTENTION"})
    void withoutAHandlerATimeoutPasses(String state, FailureKind kind) {
        assertThat(FailureKind.ofControl(state(state))).isEqualTo(kind);
    }

    @ParameterizedTest
    @CsvSource({
        // sqlState, severity is ERROR, connection lost, certainly failed
        "23505, true, false, true",
        "23505, false, false, true",
        "40001, false, false, true",
        "P0001, false, false, true",
        "55000, true, false, true",
        "55000, false, false, false",
        "57P01, false, true, false",
        "08006, false, true, false",
        "23505, true, true, false"
    })
    void onlyTheServersOwnErrorSaysThatACommitFailed(String state, boolean error, boolean lost, boolean certain) {
        assertThat(FailureKind.commitCertainlyFailed(new SqlFacts(state, true, false, lost, error)))
                .isEqualTo(certain);
    }
}
