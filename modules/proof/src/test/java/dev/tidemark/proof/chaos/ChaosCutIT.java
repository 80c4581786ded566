package dev.tidemark.proof.chaos;

import dev.tidemark.testkit.Servers;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A cut through the matrix: each protocol and each mode, with the faults that are over soonest. */
@Tag("cut")
@Execution(ExecutionMode.SAME_THREAD)
class ChaosCutIT {
    private static final String CELLS = "F1/eager/many,F1/consumer/one,F2/cooperative/many,F3/consumer/many,"
            + "F4/cooperative/one,F4/eager/partition,F5/consumer/many,F5/cooperative/partition,F6/cooperative/many,"
            + "F7/eager/one,F17/consumer/many,F17/cooperative/partition";

    private static ChaosMatrix matrix;

    @BeforeAll
    static void open() {
        matrix = new ChaosMatrix(RunSettings.given(5), Servers.directory("chaos-cut"));
    }

    @AfterAll
    static void close() {
        matrix.close();
    }

    @TestFactory
    Stream<DynamicTest> cells() {
        return ChaosMatrix.selected(CELLS).stream()
                .map(cell -> DynamicTest.dynamicTest(cell.name(), () -> {
                    CellResult result = matrix.run(cell);
                    Assertions.assertTrue(result.isExact(), () -> result.cell() + ": " + result.findings());
                }));
    }
}
