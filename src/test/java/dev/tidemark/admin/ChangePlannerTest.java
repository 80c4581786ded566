package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.admin.ChangePlanner.Facts;
import dev.tidemark.admin.PlanOptions.Missing;
import dev.tidemark.internal.admin.KafkaLog.Log;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** The group has met topic "old" with two partitions; topic "new" is new to it. All logs go from 10 to 50. */
class ChangePlannerTest {
    private static final Identity TWO = new Identity("cluster", Optional.of("id"), 2);
    private static final StoredGroup STORED = new StoredGroup(
            "g",
            Map.of("old", TWO),
            new PlannedFor("g", new UUID(0, 0), Map.of()),
            List.of(
                    new StoredGroup.Row(partition("old-0"), 20, null, null),
                    new StoredGroup.Row(partition("old-1"), 21, null, null)));
    private static final Facts FACTS = new Facts(
            Map.of("old", TWO, "new", TWO),
            List.of("old-0", "old-1", "new-0", "new-1").stream()
                    .collect(Collectors.toMap(ChangePlannerTest::partition, name -> new Log(10, 50, 50))));

    private static TopicPartition partition(String name) {
        int dash = name.indexOf('-');
        return new TopicPartition(name.substring(0, dash), Integer.parseInt(name.substring(dash + 1)));
    }

    private static String plan(Map<String, Long> given, Missing missing, boolean force) {
        Map<TopicPartition, Long> offsets =
                given.entrySet().stream().collect(Collectors.toMap(e -> partition(e.getKey()), Map.Entry::getValue));
        PlanOptions options = PlanOptions.defaults().withMissing(missing);
        return ChangePlanner.imported(
                        STORED, new OffsetTarget.Given(offsets), FACTS, force ? options.unchecked() : options)
                .moves()
                .stream()
                .map(OffsetMove::toString)
                .collect(Collectors.joining(", "));
    }

    @Test
    void whatIsBoundIsResetAndOnlyThat() {
        assertThat(plan(Map.of("old-1", 30L), Missing.REFUSE, false)).isEqualTo("old-1 21 -> 30, lag 20");
    }

    @Test
    void whatIsNewIsBoundWithAllItsPartitions() {
        assertThat(plan(Map.of("new-1", 30L), Missing.EARLIEST, false))
                .isEqualTo("new-0 (new) -> 10, lag 40, new-1 (new) -> 30, lag 20");
        assertThat(plan(Map.of("new-1", 30L, "old-0", 40L), Missing.LATEST, false))
                .isEqualTo("new-0 (new) -> 50, lag 0, new-1 (new) -> 30, lag 20, old-0 20 -> 40, lag 10");
        assertThatThrownBy(() -> plan(Map.of("new-1", 30L), Missing.REFUSE, false))
                .hasMessageStartingWith("TM-601")
                .hasMessageContaining("topic new partition 0")
                .hasMessageContaining("--missing");
    }

    @Test
    void whatIsOutOfTheLogIsRefusedUnlessForced() {
        for (String name : List.of("new-0", "old-0")) {
            assertThatThrownBy(() -> plan(Map.of(name, 9L), Missing.EARLIEST, false))
                    .hasMessageStartingWith("TM-601")
                    .hasMessageContaining("offset 9 is outside the log");
            assertThat(plan(Map.of(name, 9L), Missing.EARLIEST, true))
                    .contains(name + " ")
                    .contains("-> 9");
        }
    }

    /** Only where nothing else stands in the way. */
    @Test
    void forceIsProposedWhereItHelps() {
        assertThatThrownBy(() -> plan(Map.of("new-0", 9L, "old-0", 51L), Missing.EARLIEST, false))
                .hasMessageContaining("(--force)");
        for (Map<String, Long> given :
                List.of(Map.of("new-2", 30L), Map.of("old-2", 30L), Map.of("old-2", 30L, "old-0", 9L))) {
            for (boolean force : List.of(false, true)) {
                assertThatThrownBy(() -> plan(given, Missing.EARLIEST, force))
                        .hasMessageStartingWith("TM-601")
                        .hasMessageEndingWith("Nothing was changed");
            }
        }
        assertThatThrownBy(() -> plan(Map.of("new-1", 9L), Missing.REFUSE, false))
                .hasMessageNotContaining("--force");
        for (long records : List.of(Long.MAX_VALUE, -21L)) {
            assertThatThrownBy(() -> ChangePlanner.reset(
                            STORED,
                            OffsetTarget.shiftBy(records),
                            STORED.rows(),
                            records < 0 ? Map.of() : FACTS.logs()))
                    .hasMessageStartingWith("TM-601")
                    .hasMessageNotContaining("--force");
        }
    }

    @Test
    void partitionsThatAreNotThereAreRefused() {
        assertThatThrownBy(() -> plan(Map.of("new-2", 30L), Missing.EARLIEST, true))
                .hasMessageContaining("0 to 1");
        assertThatThrownBy(() -> plan(Map.of("old-2", 30L), Missing.EARLIEST, true))
                .hasMessageContaining("no offset for topic old partition 2");
    }
}
