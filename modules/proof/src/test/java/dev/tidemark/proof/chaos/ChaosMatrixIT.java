package dev.tidemark.proof.chaos;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The matrix, a test for each cell; {@code -Dcells}, {@code -Dinjections}, {@code -Dseed} and {@code -Dresults} say how much of it. */
@Tag("matrix")
@Execution(ExecutionMode.SAME_THREAD)
class ChaosMatrixIT {
    private static ChaosMatrix matrix;

    @BeforeAll
    static void open() {
        matrix = new ChaosMatrix(RunSettings.given(20), Path.of(System.getProperty("results", "target/chaos-results")));
    }

    @AfterAll
    static void close() {
        matrix.close();
    }

    @TestFactory
    Stream<DynamicTest> cells() {
        return ChaosMatrix.selected("").stream()
                .map(cell -> DynamicTest.dynamicTest(cell.name(), () -> {
                    CellResult result = matrix.run(cell);
                    Assertions.assertTrue(result.isExact(), () -> result.cell() + ": " + result.findings());
                }));
    }
}
