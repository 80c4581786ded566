package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Evidence.Proof;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictTest {
    private static Verdict of(SqlFacts facts, Proof proof, OptionalInt neighboursAlike, int givenUpInARow) {
        return Verdict.of(
                ErrorCode.HANDLER_FAILED,
                facts,
                new Evidence(
                        proof,
                        neighboursAlike,
                        givenUpInARow,
                        2,
                        Evidence.Place.CLEAN,
                        3,
                        Evidence.Habit.UNKNOWN,
                        null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"42601", "22P02", "23505", "P0001", "XX000", "0A000", "42P01", "57014", "38000"})
    void whateverItsClassARecordThatFailsWhileAnotherOfItsPartitionSucceedsIsItself(String state) {
        assertThat(of(Facts.ofServer(state), Proof.OWN, OptionalInt.empty(), 99))
                .isEqualTo(Verdict.THE_RECORDS);
        assertThat(of(Facts.ofServer(state), Proof.NONE, OptionalInt.empty(), 0))
                .isEqualTo(Verdict.TRY_NEIGHBOURS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2D000", "0B000", "3B001", "25001", "25006"})
    void whatTheJobDidToTheTransactionIsNeverTheRecords(String state) {
        for (Proof proof : Proof.values()) {
            assertThat(of(Facts.ofServer(state), proof, OptionalInt.of(0), 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        }
    }

    /** A shortage passes, unless another record of the partition gets what this one asks for in vain, for a while. */
    @ParameterizedTest
    @CsvSource({
        // another of which partition has succeeded, neighbours that fail alike, round, verdict
        "OWN, 0, 6, THE_RECORDS",
        "OWN, 0, 5, TRY_LATER",
        "OTHERS, 0, 6, MAY_PASS",
        "NONE, 0, 6, MAY_PASS",
        "NONE, 3, 6, MAY_PASS",
        "NONE, 3, 1, TRY_LATER",
        "UNTRIED, 0, 6, MAY_PASS"
    })
    void aShortageIsTheRecordsOnlyIfAnotherOfItsPartitionSucceeds(Proof proof, int alike, int round, Verdict verdict) {
        Evidence evidence = new Evidence(
                proof, OptionalInt.of(alike), 0, 2, Evidence.Place.CLEAN, round, Evidence.Habit.UNKNOWN, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofShortage("58P01"), evidence))
                .isEqualTo(verdict);
    }

    @Test
    void aClassThatIsMissingIsNeverTheRecords() {
        assertThat(of(Facts.linkage(), Proof.OWN, OptionalInt.empty(), 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, Facts.linkage(), Evidence.none()))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    @ParameterizedTest
    @CsvSource({
        // neighbours that fail alike, given up alike in a row, verdict
        "0, 0, THE_RECORDS",
        "0, 2, THE_RECORDS",
        "0, 3, NOT_THE_RECORDS",
        "1, 0, NOT_THE_RECORDS",
        "5, 0, NOT_THE_RECORDS"
    })
    void withoutASuccessRecordsThatFailAlikeAreNotGivenUp(int alike, int inARow, Verdict verdict) {
        for (SqlFacts facts : new SqlFacts[] {Facts.of("java.lang.IllegalStateException"), Facts.ofServer("42883")}) {
            assertThat(of(facts, Proof.NONE, OptionalInt.of(alike), inARow)).isEqualTo(verdict);
        }
    }

    /** Bytes that may not be the cause: time passes first, whatever the others do, and then they are judged like any failure. */
    @ParameterizedTest
    @CsvSource({
        // neighbours that fail alike, given up alike in a row, round, habit, verdict
        "0, 0, 5, UNKNOWN, TRY_LATER",
        "3, 0, 5, UNKNOWN, TRY_LATER",
        "0, 3, 5, UNKNOWN, TRY_LATER",
        "0, 0, 6, UNKNOWN, THE_RECORDS",
        "1, 0, 6, UNKNOWN, NOT_THE_RECORDS",
        "0, 3, 6, UNKNOWN, NOT_THE_RECORDS",
        "0, 2, 1, STAYS, THE_RECORDS",
        "0, 3, 1, STAYS, NOT_THE_RECORDS",
        "0, 0, 11, PASSES, TRY_LATER"
    })
    void bytesThatMayNotBeTheCauseDoNotSpeakForThemselves(
            int alike, int inARow, int round, Evidence.Habit habit, Verdict verdict) {
        SqlFacts unsure = Facts.of("java.io.EOFException").thatIsUnsure();
        Evidence evidence =
                new Evidence(Proof.NONE, OptionalInt.of(alike), inARow, 2, Evidence.Place.CLEAN, round, habit, null);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, unsure, evidence)).isEqualTo(verdict);
        assertThat(Verdict.isLimited(ErrorCode.RECORD_UNDECODABLE, unsure, evidence))
                .isTrue();
        Evidence proven =
                new Evidence(Proof.OWN, OptionalInt.empty(), inARow, 2, Evidence.Place.CLEAN, round, habit, null);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, unsure, proven))
                .isEqualTo(verdict == Verdict.NOT_THE_RECORDS ? Verdict.THE_RECORDS : verdict);
        assertThat(Verdict.isLimited(ErrorCode.RECORD_UNDECODABLE, unsure, proven))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, THE_RECORDS",
        "0, 50, THE_RECORDS",
        "1, 0, THE_RECORDS",
        "2, 2, THE_RECORDS",
        "3, 0, NOT_THE_RECORDS",
        "9, 0, NOT_THE_RECORDS",
        // Verdict.FAILED_TOGETHER
        "0, 2147483647, NOT_THE_RECORDS"
    })
    void dataAndBytesSpeakForThemselvesUnlessMoreThanAFewFailAlike(int alike, int inARow, Verdict verdict) {
        Evidence evidence = new Evidence(
                Proof.NONE, OptionalInt.of(alike), inARow, 2, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("22P02"), evidence))
                .isEqualTo(verdict);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("23502"), evidence))
                .isEqualTo(verdict);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, Facts.of("a.b.ParseException"), evidence))
                .isEqualTo(verdict);
    }

    /** Their classes would say that they are about the record. */
    @ParameterizedTest
    @ValueSource(strings = {"2200H", "23514"})
    void whatTheSchemaHasNoRoomForDoesNotSpeakForItself(String state) {
        assertThat(of(Facts.ofSchema(state), Proof.NONE, OptionalInt.of(0), 2)).isEqualTo(Verdict.THE_RECORDS);
        assertThat(of(Facts.ofSchema(state), Proof.NONE, OptionalInt.of(0), 3)).isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(of(Facts.ofSchema(state), Proof.NONE, OptionalInt.of(1), 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(of(Facts.ofSchema(state), Proof.OWN, OptionalInt.empty(), 99))
                .isEqualTo(Verdict.THE_RECORDS);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, THE_RECORDS", "0, 3, NOT_THE_RECORDS", "1, 0, NOT_THE_RECORDS"})
    void theSuccessOfOtherPartitionsCountsLess(int alike, int inARow, Verdict verdict) {
        SqlFacts facts = Facts.of("java.lang.NullPointerException");
        assertThat(of(facts, Proof.OTHERS, OptionalInt.of(alike), inARow)).isEqualTo(verdict);
        assertThat(of(facts, Proof.OTHERS, OptionalInt.empty(), 0)).isEqualTo(Verdict.TRY_NEIGHBOURS);
    }

    /** Whatever halted others of its topic is not what is wrong with this one. */
    @Test
    void dataSpeaksForItselfAgainOnceAnotherRecordSucceeds() {
        for (Proof proof : List.of(Proof.OWN, Proof.OTHERS)) {
            assertThat(of(Facts.ofServer("22P02"), proof, OptionalInt.of(0), Verdict.FAILED_TOGETHER))
                    .isEqualTo(Verdict.THE_RECORDS);
        }
        assertThat(of(Facts.ofServer("42P01"), Proof.OTHERS, OptionalInt.of(0), Verdict.FAILED_TOGETHER))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    @Test
    void whatCannotBeComparedIsTheRecordsOnlyIfItSpeaksForItself() {
        OptionalInt none = OptionalInt.of(0);
        assertThat(of(Facts.of("java.lang.IllegalStateException"), Proof.UNTRIED, none, 0))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(of(Facts.ofServer("42P01"), Proof.UNTRIED, none, 0)).isEqualTo(Verdict.NOT_THE_RECORDS);
        assertThat(of(Facts.ofServer("23505"), Proof.UNTRIED, none, 50)).isEqualTo(Verdict.THE_RECORDS);
        assertThat(of(Facts.ofServer("23505"), Proof.UNTRIED, none, Verdict.FAILED_TOGETHER))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    @Test
    void onlyWhatNothingButItsFailureShowsIsLimited() {
        SqlFacts other = Facts.of("java.lang.IllegalStateException");
        Evidence own = new Evidence(
                Proof.OWN, OptionalInt.empty(), 0, 2, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null);
        assertThat(Verdict.isLimited(ErrorCode.HANDLER_FAILED, other, Evidence.none()))
                .isTrue();
        assertThat(Verdict.isLimited(ErrorCode.HANDLER_FAILED, other, own)).isFalse();
        assertThat(Verdict.isLimited(ErrorCode.RECORD_UNDECODABLE, other, Evidence.none()))
                .isFalse();
        assertThat(Verdict.isLimited(ErrorCode.HANDLER_FAILED, Facts.ofServer("23505"), Evidence.none()))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, TRY_AGAIN", "2, THE_RECORDS", "3, THE_RECORDS"})
    void aRecordIsGivenUpOnlyAfterTwoFailuresInARow(int inARow, Verdict verdict) {
        SqlFacts facts = Facts.ofServer("22P02");
        for (Evidence evidence : List.of(
                new Evidence(
                        Proof.OWN, OptionalInt.of(0), 0, inARow, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null),
                new Evidence(
                        Proof.OTHERS,
                        OptionalInt.of(0),
                        0,
                        inARow,
                        Evidence.Place.CLEAN,
                        3,
                        Evidence.Habit.UNKNOWN,
                        null),
                new Evidence(
                        Proof.NONE,
                        OptionalInt.of(0),
                        0,
                        inARow,
                        Evidence.Place.CLEAN,
                        3,
                        Evidence.Habit.UNKNOWN,
                        null))) {
            assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, facts, evidence)).isEqualTo(verdict);
            assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, facts, evidence))
                    .isEqualTo(verdict);
        }
        Evidence allAlike = new Evidence(
                Proof.NONE, OptionalInt.of(3), 0, inARow, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, facts, allAlike)).isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    @ParameterizedTest
    @CsvSource({
        "UNKNOWN, 1, TRY_LATER",
        "UNKNOWN, 2, TRY_LATER",
        "UNKNOWN, 3, THE_RECORDS",
        "STAYS, 1, THE_RECORDS",
        "PASSES, 11, TRY_LATER",
        "PASSES, 12, THE_RECORDS"
    })
    void whatMayPassIsTriedInSeveralRoundsUnlessItSpeaksForItself(Evidence.Habit habit, int round, Verdict verdict) {
        Evidence evidence = new Evidence(Proof.OWN, OptionalInt.of(0), 0, 2, Evidence.Place.CLEAN, round, habit, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.of("java.lang.NullPointerException"), evidence))
                .isEqualTo(verdict);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("23505"), evidence))
                .isEqualTo(Verdict.THE_RECORDS);
        assertThat(Verdict.of(ErrorCode.RECORD_UNDECODABLE, Facts.of("a.b.ParseException"), evidence))
                .isEqualTo(Verdict.THE_RECORDS);
        Evidence allAlike = new Evidence(Proof.NONE, OptionalInt.of(3), 0, 2, Evidence.Place.CLEAN, round, habit, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer("P0001"), allAlike))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }

    /** Nothing is lost by a halt, but a person has to come for it. */
    @ParameterizedTest
    @CsvSource({
        // failures in a row, session, unsure, round, verdict
        "1, CLEAN, false, 1, TRY_AGAIN",
        "2, USED, false, 1, TRY_AGAIN",
        "2, CLEAN, false, 1, THE_RECORDS",
        "6, USED_ONLY, false, 1, THE_RECORDS",
        "1, CLEAN, true, 6, TRY_AGAIN",
        "2, CLEAN, true, 5, TRY_LATER",
        "2, CLEAN, true, 6, THE_RECORDS"
    })
    void aPartitionHaltsOnlyAfterTwoFailuresInACleanSession(
            int inARow, Evidence.Place session, boolean unsure, int round, Verdict verdict) {
        SqlFacts facts = Facts.ofServer("25P03");
        Evidence evidence =
                new Evidence(Proof.NONE, OptionalInt.empty(), 0, inARow, session, round, Evidence.Habit.UNKNOWN, null);
        assertThat(Verdict.beforeHalt(unsure ? facts.thatIsUnsure() : facts, evidence))
                .isEqualTo(verdict);
    }

    /** What an earlier record left there may be why it fails, also if its own content seems to be. */
    @ParameterizedTest
    @CsvSource({"P0001, NONE", "P0001, OTHERS", "P0001, OWN", "22012, NONE", "23505, OWN", "0A000, OWN"})
    void noRecordIsGivenUpWhereEverySessionWasUsedBefore(String state, Proof proof) {
        Evidence evidence =
                new Evidence(proof, OptionalInt.of(0), 0, 6, Evidence.Place.USED_ONLY, 12, Evidence.Habit.STAYS, null);
        assertThat(Verdict.of(ErrorCode.HANDLER_FAILED, Facts.ofServer(state), evidence))
                .isEqualTo(Verdict.NOT_THE_RECORDS);
    }
}
