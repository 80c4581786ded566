package dev.tidemark.internal.store.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.store.connection.UnitSights.Doing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** All times are in milliseconds. */
class UnitSightsTest {
    private final UnitSights sights = new UnitSights("1", 0);

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
}
