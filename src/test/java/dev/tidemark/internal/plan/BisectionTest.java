package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The search for a failing record, played through: which records are tried, how often, and in which order. */
class BisectionTest {
    /** Records in a row, some of them bad, and a handler that is called with the beginning of what is left. */
    private static final class Row {
        private final List<Integer> sizes;
        private final int bad;
        private final boolean tells;
        private int first;
        private int calls;
        private int largestSplit;

        /**
         * @param tells whether the handler says which record it failed on
         */
        Row(List<Integer> sizes, int bad, boolean tells) {
            this.sizes = sizes;
            this.bad = bad;
            this.tells = tells;
        }

        private List<Integer> left() {
            List<Integer> left = new ArrayList<>();
            int gone = first;
            for (int size : sizes) {
                int taken = Math.min(gone, size);
                gone -= taken;
                if (size > taken) {
                    left.add(size - taken);
                }
            }
            return left;
        }

        private boolean fails(int records) {
            calls++;
            return bad >= first && bad < first + records;
        }

        /** Searches until the failing record has failed by itself. */
        void search() {
            int all = sizes.stream().mapToInt(Integer::intValue).sum();
            assertThat(fails(all)).isTrue();
            Bisection search = Bisection.after(all, tells ? bad - first : -1);
            while (!search.isOver()) {
                int next = search.next(left());
                assertThat(next).isBetween(1, Math.max(1, search.suspects() - (search.suspects() > 1 ? 1 : 0)));
                if (fails(next)) {
                    if (next == 1) {
                        assertThat(first).as("the record that stands alone").isEqualTo(bad);
                        return;
                    }
                    search = Bisection.after(next, tells ? bad - first : -1);
                } else {
                    largestSplit = Math.max(largestSplit, left().size());
                    first += next;
                    search = search.succeeded(next);
                }
            }
            throw new AssertionError("the search ended without the record");
        }
    }

    @Test
    void anyRecordOfAnyUnitIsFoundWithinTwiceTheLogarithm() {
        Random random = Seeds.random("BisectionTest");
        for (int i = 0; i < 20_000; i++) {
            List<Integer> sizes = new ArrayList<>();
            int partitions = 1 + random.nextInt(20);
            for (int p = 0; p < partitions; p++) {
                sizes.add(1 + random.nextInt(random.nextBoolean() ? 3 : 600));
            }
            int all = sizes.stream().mapToInt(Integer::intValue).sum();
            Row row = new Row(sizes, random.nextInt(all), false);
            row.search();
            double logarithm = Math.log(all) / Math.log(2);
            assertThat(row.calls)
                    .as("sizes %s, bad %d", sizes, row.bad)
                    .isLessThanOrEqualTo((int) Math.ceil(2 * logarithm) + 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 2", "1, 3", "4999, 3"})
    void aHandlerThatTellsNeedsNoSearch(int bad, int calls) {
        Row row = new Row(List.of(5_000), bad, true);
        row.search();
        assertThat(row.calls).isEqualTo(calls);
    }

    @Test
    void partitionsAreSplitFirst() {
        assertThat(new Bisection(60, false, false).next(List.of(20, 10, 30))).isEqualTo(30);
        assertThat(new Bisection(30, false, false).next(List.of(20, 10, 30))).isEqualTo(20);
        assertThat(new Bisection(20, false, false).next(List.of(20, 10, 30))).isEqualTo(10);
        assertThat(new Bisection(5, false, false).next(List.of(4, 1))).isEqualTo(4);
    }

    /** The policy counts what failed with others as a failure of this record. */
    @ParameterizedTest
    @CsvSource({
        // tried, failing, took effect since; pinned
        "1, -1, 0, false",
        "1, 0, 0, true",
        "4, 0, 0, true",
        "4, 1, 0, false",
        "4, 1, 1, true",
        "4, -1, 2, false",
        "4, -1, 3, true",
        "4, -1, 4, false",
        "4, 3, 4, false"
    })
    void theLastSuspectIsPinnedOnceOthersAreRuledOut(int tried, int failing, int succeeded, boolean pinned) {
        assertThat(Bisection.after(tried, failing).succeeded(succeeded).isPinned())
                .isEqualTo(pinned);
    }

    @Test
    void whatWasRuledOutOnceStaysSo() {
        Bisection search = Bisection.after(4, -1).succeeded(3).succeeded(0);
        assertThat(search.isPinned()).isTrue();
    }

    @Test
    void recordsThatFailOnlyTogetherLeaveNobodyUnderSuspicion() {
        Bisection search = Bisection.after(4, -1);
        search = search.succeeded(search.next(List.of(4)));
        search = search.succeeded(search.next(List.of(2)));
        assertThat(search.isOver()).isFalse();
        assertThat(search.succeeded(search.next(List.of(1))).isOver()).isTrue();
    }
}
