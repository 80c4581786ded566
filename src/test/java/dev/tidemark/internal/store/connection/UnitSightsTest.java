package dev.tidemark.internal.store.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.store.connection.UnitSights.Doing;
import dev.tidemark.internal.store.connection.UnitSights.Idle;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All times are in milliseconds. */
class UnitSightsTest {
    private final UnitSights sights = new UnitSights("1", 0, false, Duration.ofSeconds(1));

    private static long ms(long millis) {
        return millis * 1_000_000;
    }

    private void working(long now, long age) {
        sights.saw(ms(now), false, "a", ms(age));
    }

    private void waiting(long now, long age) {
        sights.saw(ms(now), true, "a", ms(age));
    }

    @Test
    void nothingIsKnownUnlessSomebodyHasLooked() {
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.NOT_LOOKED_AT);
        assertThat(sights.inUnit(ms(300))).isEqualTo(Doing.NOT_LOOKED_AT);
        sights.saw(ms(10), false, null, 0);
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.UNSEEN);
        assertThat(sights.inUnit(ms(300))).isEqualTo(Doing.UNSEEN);
    }

    @ParameterizedTest
    @CsvSource({
        // the last look, the end, what it shows
        "290, 300, WORKING",
        "230, 300, WORKING",
        "220, 300, UNSEEN",
        "10, 300, UNSEEN"
    })
    void workHasToBeSeenNearlyToItsEnd(long last, long end, Doing doing) {
        working(5, 5);
        working(last, last);
        assertThat(sights.inStatement(ms(end))).isEqualTo(doing);
        assertThat(sights.inUnit(ms(end))).isEqualTo(doing);
    }

    @Test
    void aWaitThatIsSeenLastIsTheReason() {
        working(100, 100);
        working(250, 250);
        waiting(295, 295);
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.WAITING);
        assertThat(sights.inUnit(ms(300))).isEqualTo(Doing.WAITING);
    }

    @Test
    void aWaitThatIsOverIsTheReasonIfItTookLong() {
        waiting(50, 50);
        working(60, 60);
        working(290, 290);
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.WORKING);
        waiting(390, 390);
        working(400, 400);
        assertThat(sights.inStatement(ms(410))).isEqualTo(Doing.WAITING);
    }

    /** The unit's limit counts what all of its statements waited, a statement's limit does not. */
    @Test
    void eachStatementIsJudgedByItself() {
        waiting(900, 900);
        sights.saw(ms(910), false, null, 0);
        sights.saw(ms(1_200), false, "b", ms(290));
        assertThat(sights.inStatement(ms(1_210))).isEqualTo(Doing.WORKING);
        assertThat(sights.inUnit(ms(1_210))).isEqualTo(Doing.WAITING);
    }

    @Test
    void whatAnEarlierStatementDidIsNotAboutTheLast() {
        working(900, 900);
        sights.saw(ms(910), false, null, 0);
        assertThat(sights.inStatement(ms(920))).isEqualTo(Doing.UNSEEN);
    }

    /** The handler's own work, outside of any statement, is the record's too. */
    @Test
    void aHandlerThatSendsNothingIsAtWork() {
        sights.saw(ms(100), false, null, 0);
        sights.saw(ms(950), false, null, 0);
        assertThat(sights.inUnit(ms(1_000))).isEqualTo(Doing.WORKING);
    }

    private void failed(String sqlState, long now) {
        sights.failed(new SQLException("failed", sqlState), ms(now));
    }

    /** Nobody has the right to see it, or it ended before the first look. */
    @Test
    void whatNobodyEverSawShowsNothing() {
        sights.missed();
        sights.missed();
        assertThat(sights.isHidden()).isTrue();
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.NOT_LOOKED_AT);
        assertThat(sights.inUnit(ms(300))).isEqualTo(Doing.NOT_LOOKED_AT);
        sights.saw(ms(10), false, null, 0);
        sights.missed();
        assertThat(sights.isHidden()).isFalse();
        assertThat(sights.inStatement(ms(300))).isEqualTo(Doing.UNSEEN);
    }

    /** It is sent as soon as the long one has ended, and is cut before anybody looks. */
    @Test
    void whatALongStatementDidIsNotAboutTheShortOneBehindIt() {
        sights.sends(ms(5));
        working(1_000, 995);
        sights.sends(ms(1_002));
        assertThat(sights.inStatement(ms(1_003))).isEqualTo(Doing.UNSEEN);
    }

    /** The look was asked for before the statement was sent, and shows the one before. */
    @Test
    void aLookThatComesLateShowsTheStatementBefore() {
        sights.sends(ms(5));
        sights.sends(ms(1_002));
        working(1_001, 995);
        assertThat(sights.inStatement(ms(1_003))).isEqualTo(Doing.UNSEEN);
    }

    /** Milliseconds: when the last statement but one was sent and replied to, and when the last one was sent and failed. */
    @ParameterizedTest
    @CsvSource({
        // The server stood still before the last statement, which was sent at once.
        "10, 12, 13, 2500, NOT_THE_CLIENTS",
        // It replied late, and ended the transaction before the next statement came.
        "10, 1500, 1501, 1502, NOT_THE_CLIENTS",
        // The handler was silent for as long as it may.
        "10, 12, 1013, 1014, THE_CLIENTS",
        "10, 12, 3000, 3001, THE_CLIENTS",
        // So it was after a statement that took long.
        "10, 5000, 6001, 6002, THE_CLIENTS",
        // A handler's own limit, which is shorter.
        "10, 12, 212, 213, PERHAPS_THE_CLIENTS"
    })
    void aSilenceThatWasNotTheClientsIsNotTheHandlers(long sent, long replied, long again, long ended, Idle idle) {
        sights.sends(ms(sent));
        sights.hears(ms(replied));
        sights.sends(ms(again));
        failed("25P03", ended);
        assertThat(sights.idle()).isEqualTo(idle);
    }

    /** Without a statement that anybody was told of, nothing is known. */
    @Test
    void anotherFailureIsNoSilence() {
        sights.sends(ms(10));
        failed("57014", 5_000);
        assertThat(sights.idle()).isEqualTo(Idle.THE_CLIENTS);
    }

    /** A savepoint keeps the transaction visible, and whatever the handler does then takes time. */
    @ParameterizedTest
    @CsvSource({"57014, WAITING", "25P04, WAITING", "23505, UNSEEN"})
    void whatAHandlerDoesAfterATimeLimitIsNotAboutIt(String sqlState, Doing doing) {
        sights.sends(ms(5));
        waiting(300, 295);
        failed(sqlState, 305);
        sights.saw(ms(310), false, null, 0);
        sights.saw(ms(5_000), false, null, 0);
        assertThat(sights.inStatement(ms(5_001))).isEqualTo(doing);
    }

    /** A wait that used up the whole deadline is a small part of what the handler took in all. */
    @Test
    void whatAHandlerDoesAfterItsDeadlineIsNotAboutItEither() {
        sights.sends(ms(5));
        waiting(3_000, 2_995);
        failed("57014", 3_001);
        sights.saw(ms(3_010), false, null, 0);
        sights.saw(ms(30_000), false, null, 0);
        assertThat(sights.inUnit(ms(30_001))).isEqualTo(Doing.WAITING);
    }

    @Test
    void workThatALimitEndedIsWorkHoweverLongTheHandlerIsBusyThen() {
        sights.sends(ms(5));
        working(2_995, 2_990);
        failed("57014", 3_000);
        assertThat(sights.inStatement(ms(30_000))).isEqualTo(Doing.WORKING);
        assertThat(sights.inUnit(ms(30_000))).isEqualTo(Doing.WORKING);
    }

    /** What was swallowed before decides nothing. */
    @Test
    void aWaitThatUsedUpTheUnitAfterwardsCounts() {
        sights.sends(ms(5));
        working(100, 95);
        failed("57014", 101);
        sights.sends(ms(102));
        waiting(3_000, 2_898);
        assertThat(sights.inUnit(ms(3_001))).isEqualTo(Doing.WAITING);
        failed("57014", 3_001);
        assertThat(sights.inStatement(ms(3_002))).isEqualTo(Doing.WAITING);
    }

    @Test
    void theFirstLookIsWaitedFor() {
        Thread looks = new Thread(() -> sights.saw(System.nanoTime(), false, null, 0));
        looks.start();
        sights.awaitLook(Duration.ofMinutes(3));
        assertThat(sights.isHidden()).isFalse();
        assertThat(sights.inUnit(System.nanoTime())).isNotEqualTo(Doing.NOT_LOOKED_AT);
    }
}
