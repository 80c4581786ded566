package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ErrorCode;
import dev.tidemark.internal.plan.Evidence.Neighbours;
import dev.tidemark.internal.plan.Evidence.Proof;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictTest {
    private static Verdict of(SqlFacts facts, Proof proof, @Nullable Neighbours neighbours, int alikeInARow) {
        return Verdict.of(ErrorCode.HANDLER_FAILED, facts, new Evidence(proof, neighbours, alikeInARow, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"42601", "22P02", "23505", "P0001", "XX000", "0A000", "42P01", "57014", "38000"})
    void whateverItsClassARecordThatFailsWhileAnotherOfItsPartitionSucceedsIsItself(String state) {
        assertThat(of(Facts.ofServer(state), Proof.OWN, null, 99)).isEqualTo(Verdict.THE_RECORDS);
        assertThat(of(Facts.ofServer(state), Proof.NONE, null, 0)).isEqualTo(Verdict.TRY_NEIGHBOURS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2D000", "0B000", "3B001", "25001", "25006"})
    void whatTheJobDidToTheTransactionIsNeverTheRecords(String state) {
        for (Proof proof : Proof.values()) {
            assertThat(of(Facts.ofServer(state), proof, new Neighbours(0, 1), 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        }
    }

    @Test
    void aClassThatIsMissingIsNeverTheRecords() {
        assertThat(of(Facts.linkage(), Proof.OWN, null, 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, Facts.linkage(), Evidence.none()))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    @ParameterizedTest
    @CsvSource({
        // alike, unlike, alike in a row, verdict
        "0, 0, 0, THE_RECORDS",
        "0, 0, 2, THE_RECORDS",
        "0, 0, 3, NOT_THE_RECORDS",
        "0, 1, 0, THE_RECORDS",
        "0, 1, 3, NOT_THE_RECORDS",
        "1, 0, 0, NOT_THE_RECORDS",
        "5, 0, 0, NOT_THE_RECORDS",
        "1, 1, 0, THE_RECORDS"
    })
    void withoutASuccessRecordsThatFailAlikeAreNotGivenUp(int alike, int unlike, int inARow, Verdict verdict) {
        for (SqlFacts facts : new SqlFacts[] {Facts.of("java.lang.IllegalStateException"), Facts.ofServer("42883")}) {
            assertThat(of(facts, Proof.NONE, new Neighbours(alike, unlike), inARow)).isEqualTo(verdict);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, THE_RECORDS",
        "0, 0, 50, THE_RECORDS",
        "1, 0, 0, THE_RECORDS",
        "2, 0, 2, THE_RECORDS",
        "3, 0, 0, NOT_THE_RECORDS",
        "9, 0, 0, NOT_THE_RECORDS",
        "9, 1, 0, THE_RECORDS"
    })
    void dataAndBytesSpeakForThemselvesUnlessMoreThanAFewFailAlike(int alike, int unlike, int inARow, Verdict verdict) {
        Evidence evidence = new Evidence(Proof.NONE, new Neighbours(alike, unlike), inARow, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("22P02"), evidence)).isEqualTo(verdict);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("23502"), evidence)).isEqualTo(verdict);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, Facts.of("a.b.ParseException"), evidence))
                .isEqualTo(verdict);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0, THE_RECORDS", "0, 0, 3, NOT_THE_RECORDS", "1, 0, 0, NOT_THE_RECORDS", "1, 1, 0, THE_RECORDS"})
    void theSuccessOfOtherPartitionsCountsLess(int alike, int unlike, int inARow, Verdict verdict) {
        assertThat(of(Facts.of("java.lang.NullPointerException"), Proof.OTHERS, new Neighbours(alike, unlike), inARow))
                .isEqualTo(verdict);
        assertThat(of(Facts.of("java.lang.NullPointerException"), Proof.OTHERS, null, 0))
                .isEqualTo(Verdict.TRY_NEIGHBOURS);
    }
}
